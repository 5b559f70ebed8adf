/**
 * Which ids came lately, so that what a sender repeats after a broken connection is taken once.
 *
 * Of each id only 64 bits of a hash are kept, in two flat tables that are used in turn: a new id goes into the younger;
 * when that is full the older is forgotten as a whole. So between half of the bound and all of it is remembered, no id
 * keeps memory of its own, and nothing is left to the garbage collector (a `Set` of 100,000 strings took 1.6 µs an id).
 *
 * Two different ids look the same once in 2^64 / `maxIds` ids: with a million, once in 10^13.
 */

export interface SeenIdsOptions {
  /** At most so many ids are remembered, and at least half as many. */
  readonly maxIds: number
}

/** Slots of an empty table; a power of two, as always. */
const firstSlots = 1024

/** Ids that one table holds, each as two words; a slot of two zeros is free. */
class HashTable {
  #words = new Uint32Array(2 * firstSlots)
  size = 0

  get bytes(): number {
    return this.#words.byteLength
  }

  has(a: number, b: number): boolean {
    const at = this.#find(a, b)
    return this.#words[at] !== 0 || this.#words[at + 1] !== 0
  }

  /** Adds what is not there. */
  add(a: number, b: number): void {
    // Fuller tables are searched for long.
    if (3 * this.size > this.#words.length) this.#grow()
    const at = this.#find(a, b)
    this.#words[at] = a
    this.#words[at + 1] = b
    this.size++
  }

  clear(): void {
    this.#words.fill(0)
    this.size = 0
  }

  /** Where it is, or belongs. */
  #find(a: number, b: number): number {
    const words = this.#words
    const mask = words.length - 1
    for (let at = (2 * a) & mask; ; at = (at + 2) & mask) {
      const first = words[at]
      const second = words[at + 1]
      if ((first === a && second === b) || (first === 0 && second === 0)) return at
    }
  }

  #grow(): void {
    const old = this.#words
    this.#words = new Uint32Array(2 * old.length)
    for (let i = 0; i < old.length; i += 2) {
      const a = old[i] as number
      const b = old[i + 1] as number
      if (a === 0 && b === 0) continue
      const at = this.#find(a, b)
      this.#words[at] = a
      this.#words[at + 1] = b
    }
  }
}

export class SeenIds {
  readonly #maxPerTable: number
  /** Unlike in any other process, so that nobody can choose ids that look like those of others. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32)
  #younger = new HashTable()
  #older = new HashTable()
  #scope: string | undefined
  #scopeA = 0
  #scopeB = 0
  #a = 0
  #b = 0

  constructor({ maxIds }: SeenIdsOptions) {
    this.#maxPerTable = Math.floor(maxIds / 2)
    this.#enter('')
  }

  /** How many ids are remembered. */
  get size(): number {
    return this.#younger.size + this.#older.size
  }

  /** The memory that they keep, in bytes. */
  get bytes(): number {
    return this.#younger.bytes + this.#older.bytes
  }

  /** Whether the id came lately. An id is told from the same one of another scope, such as another sender. */
  has(id: string, scope = ''): boolean {
    this.#hash(id, scope)
    return this.#younger.has(this.#a, this.#b) || this.#older.has(this.#a, this.#b)
  }

  /** Remembers an id. False: it is remembered already, so what came with it is a repetition. */
  add(id: string, scope = ''): boolean {
    if (this.has(id, scope)) return false
    if (this.#younger.size >= this.#maxPerTable) {
      const old = this.#older
      this.#older = this.#younger
      this.#younger = old
      old.clear()
    }
    this.#younger.add(this.#a, this.#b)
    return true
  }

  /** What all ids of a scope begin with; they come in runs of the same one. */
  #enter(scope: string): void {
    this.#scopeA = this.#seed
    this.#scopeB = ~this.#seed
    this.#scope = scope
    this.#hash(scope, scope)
    this.#scopeA = this.#a
    this.#scopeB = this.#b
  }

  /** Two words that each character changes in a way of its own, mixed at the end so that all bits count. */
  #hash(id: string, scope: string): void {
    if (scope !== this.#scope) this.#enter(scope)
    let a = this.#scopeA
    let b = this.#scopeB
    for (let i = 0; i < id.length; i++) {
      const code = id.charCodeAt(i)
      a = Math.imul(a ^ code, 0x9e3779b1)
      b = Math.imul((b << 5) ^ (b >>> 27) ^ code, 0x85ebca6b)
    }
    a = Math.imul(a ^ (a >>> 16) ^ (b >>> 13), 0xc2b2ae35)
    b = Math.imul(b ^ (b >>> 15) ^ (a >>> 11), 0x27d4eb2f)
    this.#a = (a ^ (a >>> 16)) >>> 0
    this.#b = (b ^ (b >>> 13) ^ id.length) >>> 0
    if (this.#a === 0 && this.#b === 0) this.#b = 1
  }
}
