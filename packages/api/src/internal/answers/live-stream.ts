/**
 * `GET /logs/stream`: entries as they are stored, as server-sent events. A viewer is read for from the store as fast as it
 * takes, and holds no more than what is on its way to it; who falls too far behind is told of a gap by the store.
 */

import { serverSentComment, serverSentEnd, serverSentEvent, serverSentId, serverSentRetry } from '@logwisp/core/server'
import type { StoredEntry, TailItem } from '@logwisp/store'
import { entryJson } from '../entry-text.ts'
import type { operations } from '../open-api/operations.ts'
import { OutgoingBody } from '../outgoing-body.ts'
import type { ParameterValues } from '../parameter-values.ts'
import { Refused, stopping } from '../problem.ts'
import { type Asked, type Service, writeHead } from '../service.ts'

type Values = ParameterValues<typeof operations.stream.parameters>

const headers = {
  // no-transform: compressing proxies hold back what they compress.
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
} as const

/** An event of a batch has no more than this, so that pages do not stop for one; an entry is never divided. */
const maxEventEntries = 500
const maxEventChars = 262_144

/** Answers with a stream, until the client leaves or the service stops. */
export async function replyStream(asked: Asked, values: Values, service: Service): Promise<void> {
  const { req, res, signal, isHead, address } = asked
  const { store, settings, viewers, counts } = service
  const release = viewers.take(address, settings.retryMs)
  if (typeof release !== 'function') throw new Refused(release)
  res.once('close', release)
  const after = values['Last-Event-ID'] ?? values.after ?? (await store.live())
  if (res.destroyed) return
  // Before the head: a position that the store can not read is answered with a status.
  const items = store.tail({ terms: values.q }, { after, signal, maxBehindEntries: settings.maxBehindEntries })
  writeHead(asked, 'text/event-stream; charset=utf-8', headers)
  if (isHead) return void res.end()
  // HTTP/2 has no socket of one request.
  if (req.httpVersionMajor === 1) req.socket.setNoDelay(true)
  const body = new OutgoingBody(res, { signal, stuckTimeoutMs: settings.stuckTimeoutMs })
  // The id at once, so that a viewer that is cut off before the first entry misses none.
  const open = serverSentEvent({ event: 'open', id: after, data: JSON.stringify({ live: after }) })
  body.write(serverSentRetry(settings.retryMs) + open)
  const beat = heartbeat(body, res, settings.heartbeatIntervalMs)
  try {
    await body.send()
    for await (const item of items) {
      for (const text of eventTexts(item, values.batch !== undefined)) {
        const drained = body.write(text)
        if (drained !== undefined) await drained
      }
      if (item.kind === 'entries') counts.entriesStreamed += item.entries.length
      const drained = body.send()
      if (drained !== undefined) await drained
      beat.sent()
    }
    body.write(serverSentEnd('stopped'))
  } catch (error) {
    if (signal.aborted && signal.reason !== stopping) return
    if (!signal.aborted) service.warn(error)
    // A browser comes back after a while; with what it has seen last it goes on from there.
    body.write(serverSentEnd(signal.aborted ? 'stopped' : 'failed'))
  } finally {
    beat.stop()
  }
  body.end()
}

/** A comment now and then, so that no proxy takes a quiet connection for dead. */
function heartbeat(
  body: OutgoingBody,
  res: Asked['res'],
  intervalMs: number,
): { readonly sent: () => void; readonly stop: () => void } {
  if (intervalMs === Infinity) return { sent() {}, stop() {} }
  const timer = setInterval(() => {
    if (res.writableNeedDrain) return
    body.write(serverSentComment('heartbeat'))
    void body.send()?.catch(() => {})
  }, intervalMs).unref()
  return { sent: () => void timer.refresh(), stop: () => clearInterval(timer) }
}

function* eventTexts(item: TailItem, isBatch: boolean): Generator<string> {
  const { live: id } = item
  if (item.kind === 'gap') {
    const { entries = null, from = null, to = null } = item
    yield serverSentEvent({ event: 'gap', id, data: JSON.stringify({ entries, from, to }) })
    return
  }
  const { entries } = item
  // Nothing that fits: where the viewer has come to is told all the same.
  if (entries.length === 0) yield serverSentId(id)
  else if (isBatch) yield* batchTexts(entries, id)
  else {
    for (const [at, entry] of entries.entries()) {
      const data = entryJson(entry)
      // The position is behind all of them: whoever is cut off in their midst gets them again.
      yield at === entries.length - 1 ? serverSentEvent({ id, data }) : serverSentEvent({ data })
    }
  }
}

function* batchTexts(entries: readonly StoredEntry[], id: string): Generator<string> {
  let texts: string[] = []
  let chars = 0
  for (const entry of entries) {
    const text = entryJson(entry)
    if (texts.length > 0 && (texts.length === maxEventEntries || chars + text.length > maxEventChars)) {
      yield serverSentEvent({ event: 'entries', data: `[${texts.join(',')}]` })
      texts = []
      chars = 0
    }
    texts.push(text)
    chars += text.length
  }
  yield serverSentEvent({ event: 'entries', id, data: `[${texts.join(',')}]` })
}
