/** What the other side of a connection between two LogWisps says: an answer, and then acknowledgements. Pure. */

/** Longer lines are none of a LogWisp's. */
const maxWordBytes = 4096

/** What came, one by one. */
export type PeerWord =
  | { readonly is: 'welcome' }
  | { readonly is: 'refusal'; readonly error: string }
  | { readonly is: 'acknowledgement'; readonly lines: number }
  | { readonly is: 'nonsense'; readonly text: string }

export class PeerWords {
  #rest = ''
  #isGreeted = false

  /** Takes bytes as they come; after `nonsense` or a refusal nothing more makes sense. */
  feed(chunk: Buffer): PeerWord[] {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n')
    this.#rest = lines.pop() as string
    const words = lines.map((line) => this.#read(line.endsWith('\r') ? line.slice(0, -1) : line))
    if (this.#rest.length > maxWordBytes) words.push({ is: 'nonsense', text: this.#rest })
    return words
  }

  #read(line: string): PeerWord {
    if (this.#isGreeted) {
      const [, lines] = /^ACK (\d{1,15})$/.exec(line) ?? []
      return lines === undefined ? { is: 'nonsense', text: line } : { is: 'acknowledgement', lines: Number(lines) }
    }
    this.#isGreeted = true
    const [, json] = /^LOGWISP\/1 (\{.*\})$/.exec(line) ?? []
    if (json === undefined) return { is: 'nonsense', text: line }
    try {
      const { ok, error } = JSON.parse(Buffer.from(json, 'latin1').toString()) as { ok?: unknown; error?: unknown }
      return ok === true ? { is: 'welcome' } : { is: 'refusal', error: typeof error === 'string' ? error : 'no reason' }
    } catch {
      return { is: 'nonsense', text: line }
    }
  }
}

/** What a peer said, as it can stand in an error: short, on one line, and without control characters. */
export function quoted(text: string): string {
  const start = text.slice(0, 120)
  return JSON.stringify(start.length < text.length ? `${start}…` : start).replace(/[\u007f-\u009f]/g, '?')
}
