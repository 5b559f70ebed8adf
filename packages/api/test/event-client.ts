/** A client of server-sent events that reads as slowly as a test wants. */

import { once } from 'node:events'
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { onTestFinished } from 'vitest'

export interface EventClient {
  readonly status: number
  readonly res: IncomingMessage
  readonly events: readonly EventSourceMessage[]
  readonly comments: readonly string[]
  readonly retryMs: number | undefined
  /** Resolves once the events so far fit. */
  until(fits: (events: readonly EventSourceMessage[]) => boolean): Promise<void>
  /** Resolves once the connection has ended. */
  readonly ended: Promise<void>
  leave(): void
}

/** Begins to read; with `isPaused` not before its `res` is resumed. */
export async function readEvents(
  port: number,
  path: string,
  { headers = {}, isPaused = false }: { readonly headers?: OutgoingHttpHeaders; readonly isPaused?: boolean } = {},
): Promise<EventClient> {
  const sent = request({ port, path, agent: false, headers: { accept: 'text/event-stream', ...headers } })
  sent.on('error', () => {}).end()
  const [res] = (await once(sent, 'response')) as [IncomingMessage]
  const events: EventSourceMessage[] = []
  const comments: string[] = []
  const waiting = new Set<() => void>()
  let retryMs: number | undefined
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onComment: (comment) => comments.push(comment),
    onRetry: (ms) => {
      retryMs = ms
    },
    onError: (error) => {
      throw error
    },
  })
  res.setEncoding('utf8').on('error', () => {})
  res.on('data', (text: string) => {
    parser.feed(text)
    for (const check of waiting) check()
  })
  if (isPaused) res.pause()
  onTestFinished(() => void sent.destroy())
  return {
    status: res.statusCode ?? 0,
    res,
    events,
    comments,
    get retryMs() {
      return retryMs
    },
    until(fits) {
      return new Promise((resolve) => {
        const check = (): void => {
          if (!fits(events)) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      })
    },
    ended: new Promise((resolve) => res.once('close', resolve)),
    leave: () => void sent.destroy(),
  }
}

/** The messages of events with entries, one each or in batches. */
export function messagesOf(events: readonly EventSourceMessage[]): string[] {
  return events
    .filter(({ event }) => event === undefined || event === 'entries')
    .flatMap(({ data }) => [JSON.parse(data)].flat())
    .map(({ message }: { message: string }) => message)
}
