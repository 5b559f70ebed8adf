/**
 * The body of an answer, written as fast as its reader takes it. Small texts leave together; whoever takes nothing for too
 * long is cut off.
 */

import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createGzip, type Gzip } from 'node:zlib'

export interface OutgoingBodyOptions {
  /** Aborted when the client leaves, or is to be left. */
  readonly signal: AbortSignal
  /** @default false */
  readonly gzip?: boolean
  readonly stuckTimeoutMs: number
}

/** How many characters leave together. */
const pieceChars = 32_768

export class OutgoingBody {
  readonly #res: ServerResponse
  readonly #signal: AbortSignal
  readonly #gzip: Gzip | undefined
  #waiting = ''
  /** Whether it is the reader's turn. */
  #isReadersTurn = false

  constructor(res: ServerResponse, { signal, gzip = false, stuckTimeoutMs }: OutgoingBodyOptions) {
    this.#res = res
    this.#signal = signal
    if (gzip) {
      this.#gzip = createGzip()
      this.#gzip.pipe(res)
      this.#gzip.on('error', () => res.destroy())
      res.once('close', () => this.#gzip?.destroy())
    }
    // A client that goes away is no error; its `close` follows.
    res.on('error', () => {})
    // Of the connection, so that whoever takes little by little of a large piece is not taken for stuck: Node asks the
    // kernel whether some of it has left. While the store is looking, nothing leaves either.
    if (stuckTimeoutMs !== Infinity) res.setTimeout(stuckTimeoutMs, () => void (this.#isReadersTurn && res.destroy()))
  }

  /** Adds a text; a promise when its reader must be waited for. Rejects with the signal's reason. */
  write(text: string): undefined | Promise<void> {
    this.#waiting += text
    return this.#waiting.length < pieceChars ? undefined : this.send()
  }

  /** Sends what waits; a promise when its reader must be waited for. Rejects with the signal's reason. */
  send(): undefined | Promise<void> {
    const text = this.#waiting
    this.#waiting = ''
    return text === '' || (this.#gzip ?? this.#res).write(text) ? undefined : this.#drained()
  }

  /** Sends what waits, and the end. */
  end(): void {
    const text = this.#waiting
    this.#waiting = ''
    this.#isReadersTurn = true
    ;(this.#gzip ?? this.#res).end(text)
  }

  async #drained(): Promise<void> {
    this.#isReadersTurn = true
    try {
      await once(this.#gzip ?? this.#res, 'drain', { signal: this.#signal })
    } catch {
      throw this.#signal.reason
    } finally {
      this.#isReadersTurn = false
    }
  }
}
