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
  readonly #stuckTimeoutMs: number
  readonly #gzip: Gzip | undefined
  #waiting = ''

  constructor(res: ServerResponse, { signal, gzip = false, stuckTimeoutMs }: OutgoingBodyOptions) {
    this.#res = res
    this.#signal = signal
    this.#stuckTimeoutMs = stuckTimeoutMs
    if (gzip) {
      this.#gzip = createGzip()
      this.#gzip.pipe(res)
      this.#gzip.on('error', () => res.destroy())
      res.once('close', () => this.#gzip?.destroy())
    }
    // A client that goes away is no error; its `close` follows.
    res.on('error', () => {})
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
    ;(this.#gzip ?? this.#res).end(text)
    if (this.#stuckTimeoutMs === Infinity) return
    const timer = setTimeout(() => this.#res.destroy(), this.#stuckTimeoutMs).unref()
    this.#res.once('close', () => clearTimeout(timer))
  }

  async #drained(): Promise<void> {
    const cutOff =
      this.#stuckTimeoutMs === Infinity
        ? undefined
        : setTimeout(() => this.#res.destroy(), this.#stuckTimeoutMs).unref()
    try {
      await once(this.#gzip ?? this.#res, 'drain', { signal: this.#signal })
    } catch {
      throw this.#signal.reason
    } finally {
      clearTimeout(cutOff)
    }
  }
}
