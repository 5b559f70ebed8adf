/** A fixed set of words, each with a small number, looked up in place: no slice is cut to ask. */

/** Folds ASCII case; what else it folds together (`@` and a backquote) no word of ours is told apart by. */
function fold(code: number): number {
  return code | 32
}

/** Words and their codes; case does not matter. */
export class WordTable {
  readonly #names: string[] = []
  readonly #hashes: Int32Array
  readonly #codes: Uint8Array
  readonly #mask: number
  /** For each first letter, by its last five bits, the lengths of the words that begin with it, one bit each. */
  readonly #lengths = new Int32Array(32)

  /** `words` maps each word of at most 31 letters, written in lower case, to its code, 1 to 255. */
  constructor(words: Readonly<Record<string, number>>) {
    const entries = Object.entries(words)
    // A quarter full at most, so that a word that is not there nearly always meets an empty place at once.
    let size = 16
    while (size < entries.length * 4) size *= 2
    this.#hashes = new Int32Array(size)
    this.#codes = new Uint8Array(size)
    this.#mask = size - 1
    for (let place = 0; place < size; place++) this.#names.push('')
    for (const [word, code] of entries) {
      let hash = word.length
      for (let i = 0; i < word.length; i++) hash = (Math.imul(hash, 31) + fold(word.charCodeAt(i))) | 0
      let place = (hash ^ (hash >>> 15)) & this.#mask
      while (this.#codes[place] !== 0) place = (place + 1) & this.#mask
      this.#names[place] = word
      this.#hashes[place] = hash
      this.#codes[place] = code
      const letter = word.charCodeAt(0) & 31
      this.#lengths[letter] = (this.#lengths[letter] as number) | (1 << word.length)
    }
  }

  /** Whether any word begins with that letter and is that long: tells most words that are not here at once. */
  mayHold(firstLetter: number, length: number): boolean {
    return length < 32 && ((this.#lengths[firstLetter & 31] as number) & (1 << length)) !== 0
  }

  /** The code of the word that fills `from` to `to`, or 0 when it is none of the table's. */
  find(text: string, from: number, to: number): number {
    const length = to - from
    if (length === 0 || !this.mayHold(text.charCodeAt(from), length)) return 0
    let hash = length
    for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + fold(text.charCodeAt(i))) | 0
    let place = (hash ^ (hash >>> 15)) & this.#mask
    for (;;) {
      const code = this.#codes[place] as number
      if (code === 0) return 0
      if (this.#hashes[place] === hash && this.#isAt(place, text, from, length)) return code
      place = (place + 1) & this.#mask
    }
  }

  #isAt(place: number, text: string, from: number, length: number): boolean {
    const name = this.#names[place] as string
    if (name.length !== length) return false
    for (let i = 0; i < length; i++) {
      if (fold(name.charCodeAt(i)) !== fold(text.charCodeAt(from + i))) return false
    }
    return true
  }
}
