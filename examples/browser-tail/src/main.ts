/** `pnpm start /var/log/app.log`: follows a file and serves a page that shows it. */

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { openCheckpoint } from '@logwisp/core'
import { webSocketSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'

const path = process.argv[2] ?? './app.log'
const page = await readFile(new URL('../page/index.html', import.meta.url))
const live = webSocketSink({ allowedHosts: ['localhost'] })
// Read on after a restart where it was: what a page has seen does not come again.
const checkpoint = await openCheckpoint(`${path}.checkpoint.json`)
const source = fileSource(path, { checkpoint, startAt: 'beginning' })

const server = createServer((request, response) =>
  live.handler(request, response, () => response.setHeader('Content-Type', 'text/html; charset=utf-8').end(page)),
)
server.on('upgrade', live.handleUpgrade)
server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : address
  console.log(`http://127.0.0.1:${port}/ shows ${path}`)
})

process.once('SIGTERM', () => source.stop())
await pipeline(source, live)
await checkpoint.close()
server.close()
server.closeAllConnections()
