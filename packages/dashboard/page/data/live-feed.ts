/** Entries as they are stored: the stream of the API, taken up again where it broke off. */

import type { ApiEntry, ApiStreamGap, ApiStreamOpen } from '@logwisp/api/api-types'
import { parseExact } from '@logwisp/core/parse-exact'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { type ApiClient, ApiError, shownEntry } from './api-client.ts'
import type { LivePosition, ShownEntry } from './shown-entry.ts'

/**
 * - `connecting`: for the first time
 * - `live`
 * - `disconnected`: tries again by itself
 * - `ended`: will not try again: the server refuses
 */
export type LiveState = 'connecting' | 'live' | 'disconnected' | 'ended'

/** Entries that were left out: the page was too slow, or came back too late. */
export interface LiveGap {
  readonly entries?: number | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
}

export interface LiveFeedOptions {
  readonly client: Pick<ApiClient, 'stream'>
  /** In the query language. */
  readonly query: string
  readonly after?: LivePosition | undefined
  onEntries(entries: readonly ShownEntry[]): void
  onGap(gap: LiveGap): void
  onState(state: LiveState, problem?: ApiError): void
  /** The wait before the first new try; it doubles with each. Unit: ms. @default 500, or what the server says */
  readonly firstDelayMs?: number | undefined
  /** @default 10000 */
  readonly maxDelayMs?: number | undefined
  /** A connection on which nothing came for so long is dead. Unit: ms. @default 60000 */
  readonly silenceTimeoutMs?: number | undefined
}

export interface LiveFeed {
  /** Does not wait for the next try. */
  reconnect(): void
  close(): void
}

export function liveFeed(options: LiveFeedOptions): LiveFeed {
  return new Feed(options)
}

class Feed implements LiveFeed {
  readonly #options: LiveFeedOptions
  readonly #closed = new AbortController()
  readonly #maxDelayMs: number
  readonly #silenceTimeoutMs: number
  #after: LivePosition | undefined
  #firstDelayMs: number
  #failures = 0
  #wake: (() => void) | undefined

  constructor(options: LiveFeedOptions) {
    this.#options = options
    this.#after = options.after
    this.#firstDelayMs = options.firstDelayMs ?? 500
    this.#maxDelayMs = options.maxDelayMs ?? 10_000
    this.#silenceTimeoutMs = options.silenceTimeoutMs ?? 60_000
    void this.#run()
  }

  reconnect(): void {
    this.#wake?.()
  }

  close(): void {
    this.#closed.abort()
    this.#wake?.()
  }

  async #run(): Promise<void> {
    this.#options.onState('connecting')
    while (!this.#closed.signal.aborted) {
      const problem = await this.#follow()
      if (this.#closed.signal.aborted) return
      if (!problem.mayPass) {
        this.#options.onState('ended', problem)
        return
      }
      this.#options.onState('disconnected', problem)
      await this.#wait()
    }
  }

  /** One connection; resolves with the reason of its end. */
  async #follow(): Promise<ApiError> {
    const connection = new AbortController()
    const abort = (): void => connection.abort()
    this.#closed.signal.addEventListener('abort', abort)
    let watchdog = setTimeout(abort, this.#silenceTimeoutMs)
    try {
      const body = await this.#options.client.stream(this.#options.query, this.#after, connection.signal)
      const parser = createParser({
        onEvent: (event) => this.#take(event),
        onRetry: (ms) => {
          this.#firstDelayMs = this.#options.firstDelayMs ?? ms
        },
      })
      const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done || connection.signal.aborted) break
        clearTimeout(watchdog)
        watchdog = setTimeout(abort, this.#silenceTimeoutMs)
        parser.feed(value)
      }
      return new ApiError(0, 'The server ended the stream.')
    } catch (cause) {
      return cause instanceof ApiError ? cause : new ApiError(0, 'The connection broke off.', { cause })
    } finally {
      clearTimeout(watchdog)
      this.#closed.signal.removeEventListener('abort', abort)
      connection.abort()
    }
  }

  #take({ event, id, data }: EventSourceMessage): void {
    if (this.#closed.signal.aborted) return
    switch (event) {
      case 'open':
        this.#after ??= (parseExact(data) as ApiStreamOpen).live
        this.#failures = 0
        this.#options.onState('live')
        break
      case 'entries':
        this.#options.onEntries((parseExact(data) as readonly ApiEntry[]).map(shownEntry))
        break
      case 'gap': {
        const { entries, from, to } = parseExact(data) as ApiStreamGap
        this.#options.onGap({ entries: entries ?? undefined, from: from ?? undefined, to: to ?? undefined })
        break
      }
    }
    // Only now: what could not be taken must come again.
    if (id !== undefined && id !== '') this.#after = id
  }

  #wait(): Promise<void> {
    const delayMs = Math.min(this.#maxDelayMs, this.#firstDelayMs * 2 ** this.#failures)
    this.#failures++
    return new Promise((resolve) => {
      // Not all pages at once, when a server comes back.
      const timer = setTimeout(wake, delayMs * (0.5 + Math.random() / 2))
      const feed = this
      function wake(): void {
        clearTimeout(timer)
        feed.#wake = undefined
        resolve()
      }
      this.#wake = wake
    })
  }
}
