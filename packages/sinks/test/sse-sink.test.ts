/** The live stream as a whole: what a client on the other end of a real socket gets. */

import { once } from 'node:events'
import { expect, test } from 'vitest'
import { sseSink } from '../src/index.ts'
import { openStream } from './sse-client.ts'

test('W12: sends one event per entry, of the media type and form that EventSource takes', async () => {
  const sink = sseSink({ port: 0 })
  await once(sink, 'listening')
  const client = await openStream(sink)
  expect(client.headers['content-type']).toBe('text/event-stream; charset=utf-8')
  sink.write({ time: 0, source: 'app', level: 'warn', message: 'one' })
  sink.end({ time: 1, source: 'app', message: 'two' })
  await client.closed
  expect(client.events.map(({ event, data }) => [event, data])).toEqual([
    [undefined, '{"time":"1970-01-01T00:00:00.000Z","source":"app","level":"warn","message":"one"}'],
    [undefined, '{"time":"1970-01-01T00:00:00.001Z","source":"app","message":"two"}'],
    ['end', '{"reason":"stopped"}'],
  ])
})
