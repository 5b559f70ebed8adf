/** What a request's body holds: as its head says, or, where it says nothing of use, as it looks. */

/** `json`: an object, several, or an array. `ndjson`: an object on each line. `text`: lines. */
export type BodyFormat = 'json' | 'ndjson' | 'text'

/** Media types that are taken, for answers that refuse another one. */
export const acceptedTypes = 'application/json, application/x-ndjson, text/plain'

const formats: ReadonlyMap<string, BodyFormat | 'unknown'> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
  ['application/x-jsonlines', 'ndjson'],
  ['application/json-lines', 'ndjson'],
  ['text/plain', 'text'],
  // What curl and browsers say of everything.
  ['application/x-www-form-urlencoded', 'unknown'],
  ['application/octet-stream', 'unknown'],
  ['', 'unknown'],
])

const charsets: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii'])

/** The format that a Content-Type names; `unknown` when it names none, else what is wrong with it. */
export function formatOfType(contentType: string | undefined): BodyFormat | 'unknown' | { readonly problem: string } {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase())
  const format = formats.get(type) ?? (/^[^/\s]+\/[^/\s]+\+json$/.test(type) ? 'json' : undefined)
  if (format === undefined) {
    return { problem: `bodies of the type ${JSON.stringify(type.slice(0, 100))} are not read: send ${acceptedTypes}` }
  }
  for (const parameter of parameters) {
    const charset = /^charset\s*=\s*"?([^"]*?)"?$/.exec(parameter)?.[1]
    if (charset !== undefined && !charsets.has(charset)) {
      return { problem: `bodies in the charset ${JSON.stringify(charset.slice(0, 100))} are not read: send UTF-8` }
    }
  }
  return format
}

/** A body that begins with nothing but blanks for so long is not waited for. */
const maxBlankBytes = 65_536

const lineFeed = 10
const quote = 34
const backslash = 92
const openArray = 91
const closeArray = 93
const openObject = 123
const closeObject = 125
const byteOrderMark = [0xef, 0xbb, 0xbf]

/**
 * Tells the format that a body's beginning looks like. `[` and `{` begin many a plain line too, so what follows them
 * counts. An object that ends with its line is NDJSON; one that goes on after it, or ends with the body, is JSON.
 *
 * Looks at each byte once, whatever the pieces: a body sent byte by byte costs no more than another.
 */
export class FormatSniffer {
  readonly #maxEntryBytes: number
  #stage: 'opening' | 'following' | 'line' = 'opening'
  #seenBytes = 0
  #opening = 0
  #depth = 0
  #isInString = false
  #isEscaped = false

  constructor(maxEntryBytes: number) {
    this.#maxEntryBytes = maxEntryBytes
  }

  /** Looks at the next bytes of the body; undefined while it takes more of them to tell. */
  feed(bytes: Buffer): BodyFormat | undefined {
    for (const code of bytes) {
      const format = this.#look(code)
      this.#seenBytes++
      if (format !== undefined) return format
    }
    return undefined
  }

  /** What it is when nothing more comes. */
  end(): BodyFormat {
    return this.#stage === 'opening' ? 'ndjson' : 'json'
  }

  #look(code: number): BodyFormat | undefined {
    if (this.#stage === 'line') return this.#lookAtLine(code)
    if (isBlank(code)) {
      // An object that begins with an empty line goes on after it.
      if (code === lineFeed && this.#opening === openObject) this.#depth = Infinity
      if (this.#seenBytes < maxBlankBytes) return undefined
      return this.#stage === 'opening' ? 'ndjson' : 'text'
    }
    if (this.#stage === 'opening') {
      if (byteOrderMark[this.#seenBytes] === code) return undefined
      if (code !== openArray && code !== openObject) return 'text'
      this.#opening = code
      this.#stage = 'following'
      return undefined
    }
    if (this.#opening === openArray) return code === openObject || code === closeArray ? 'json' : 'text'
    if (code !== quote && code !== closeObject) return 'text'
    if (this.#depth === Infinity) return 'json'
    this.#stage = 'line'
    this.#depth = 1
    return this.#lookAtLine(code)
  }

  #lookAtLine(code: number): BodyFormat | undefined {
    if (code === lineFeed) return this.#depth <= 0 && !this.#isInString ? 'ndjson' : 'json'
    if (this.#isEscaped) this.#isEscaped = false
    else if (code === quote) this.#isInString = !this.#isInString
    else if (this.#isInString) this.#isEscaped = code === backslash
    else if (code === openObject || code === openArray) this.#depth++
    else if (code === closeObject || code === closeArray) this.#depth--
    // Longer than any entry may be: the reader of JSON will say so.
    return this.#seenBytes > this.#maxEntryBytes + maxBlankBytes ? 'json' : undefined
  }
}

function isBlank(code: number): boolean {
  return code === 32 || code === lineFeed || code === 13 || code === 9
}
