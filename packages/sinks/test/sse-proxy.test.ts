/**
 * The live stream behind nginx with its buffering on, as it is by default, and compression for this very media type on
 * top: what would hold entries back if our headers did not say otherwise.
 */

import { once } from 'node:events'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type SseSink, sseSink } from '../src/index.ts'
import { hasNginx, startNginx } from './nginx.ts'
import { ask, openStream } from './sse-client.ts'

test.skipIf(!hasNginx)('every entry comes through at once, one by one', async () => {
  const sink = sseSink({ port: 0, format: 'raw' })
  await once(sink, 'listening')
  onTestFinished(() => void sink.destroy())
  const port = await startNginx(sink.address?.port ?? 0)
  const proxied = { address: { port } } as SseSink
  await vi.waitFor(async () => expect((await ask(proxied, { path: '/status' })).status).toBe(200), { timeout: 10_000 })
  const client = await openStream(proxied, { headers: { 'accept-encoding': 'gzip' } })
  expect(client.headers['content-encoding']).toBe('gzip')
  for (let i = 0; i < 20; i++) {
    sink.write({ time: 0, source: 's', message: `${i}` })
    // The next one is written only when this one has come through: a proxy that waited for more would wait for ever.
    await client.until(({ data }) => data.length === i + 1)
  }
  sink.end()
  await client.closed
  expect(client.events.at(-1)?.event).toBe('end')
})
