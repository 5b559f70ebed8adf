/**
 * The live stream behind nginx with its buffering on, as it is by default, and compression for this very media type on
 * top: what would hold entries back if our headers did not say otherwise.
 */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { type SseSink, sseSink } from '../src/index.ts'
import { ask, openStream } from './sse-client.ts'

const hasNginx = spawnSync('nginx', ['-v']).status === 0
if (!hasNginx) console.warn('SKIPPED: no nginx; apt-get install nginx-light to run the tests behind a proxy')

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-nginx-'))
})
afterAll(() => rm(directory, { recursive: true }))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const configuration = (listen: number, upstream: number): string => `
daemon off; master_process off; pid ${directory}/pid; error_log stderr;
events {}
http {
  access_log off;
  gzip on; gzip_types text/event-stream;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/f;
  uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  server { listen 127.0.0.1:${listen}; location / { proxy_pass http://127.0.0.1:${upstream}; proxy_http_version 1.1; } }
}
`

test.skipIf(!hasNginx)('every entry comes through at once, one by one', async () => {
  const sink = sseSink({ port: 0, format: 'raw' })
  await once(sink, 'listening')
  const port = await freePort()
  await writeFile(join(directory, 'nginx.conf'), configuration(port, sink.address?.port ?? 0))
  const nginx = spawn('nginx', ['-p', directory, '-c', 'nginx.conf'], { stdio: 'ignore' })
  onTestFinished(async () => {
    sink.destroy()
    if (nginx.kill()) await once(nginx, 'exit')
  })
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
