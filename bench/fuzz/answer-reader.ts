/** Reads HTTP answers one after the other, however they are cut; our own, since a client library would hide what is odd. */

import type { Answer } from './session.ts'

const headEnd = Buffer.from('\r\n\r\n')

/** Takes what a server sends, and gives the answers in it. */
export class AnswerReader {
  #rest: Buffer = Buffer.alloc(0)
  #isHttp = true

  /** Whether something has come that is no whole answer yet. */
  get isAmidst(): boolean {
    return this.#isHttp && this.#rest.length > 0
  }

  /**
   * The answers that are complete now. `isHead` says whether the next one but so many has no body.
   *
   * @throws Error when what came is no HTTP.
   */
  take(chunk: Buffer, isHead: (place: number) => boolean): Answer[] {
    if (!this.#isHttp) return []
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const answers: Answer[] = []
    while (this.#isHttp) {
      const isBare = isHead(answers.length)
      const answer = this.#next(isBare)
      if (answer === undefined) break
      // 100 Continue and its like come before the answer; after 101 there is no more HTTP.
      if (answer.status >= 200 || answer.status === 101) answers.push(answer)
      if (answer.status === 101 || (!isBare && isStream(answer.headers))) this.#isHttp = false
    }
    return answers
  }

  #next(isHead: boolean): Answer | undefined {
    const end = this.#rest.indexOf(headEnd)
    if (end === -1) return undefined
    const [first = '', ...lines] = this.#rest.toString('latin1', 0, end).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first)?.[1])
    if (!(status >= 100)) throw new Error(`no HTTP answer: ${JSON.stringify(first.slice(0, 100))}`)
    const headers: Record<string, string> = {}
    for (const line of lines) {
      const colon = line.indexOf(':')
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
    }
    const hasNoBody = status < 200 || status === 204 || isHead || isStream(headers)
    const body = hasNoBody ? { bytes: Buffer.alloc(0), end: end + 4 } : this.#body(end + 4, headers)
    if (body === undefined) return undefined
    this.#rest = this.#rest.subarray(body.end)
    return { status, headers, body: body.bytes.toString() }
  }

  #body(from: number, headers: Readonly<Record<string, string>>): { bytes: Buffer; end: number } | undefined {
    if (headers['transfer-encoding'] === undefined) {
      const end = from + Number(headers['content-length'] ?? 0)
      return end > this.#rest.length ? undefined : { bytes: this.#rest.subarray(from, end), end }
    }
    const parts: Buffer[] = []
    for (let at = from; ; ) {
      const lineEnd = this.#rest.indexOf('\r\n', at)
      if (lineEnd === -1) return undefined
      const size = Number.parseInt(this.#rest.toString('latin1', at, lineEnd), 16)
      const end = lineEnd + 2 + size + 2
      if (end > this.#rest.length) return undefined
      if (size === 0) return { bytes: Buffer.concat(parts), end }
      parts.push(this.#rest.subarray(lineEnd + 2, end - 2))
      at = end
    }
  }
}

/** Without an end that could be waited for. */
function isStream(headers: Readonly<Record<string, string>>): boolean {
  return headers['content-type']?.startsWith('text/event-stream') ?? false
}
