/** `pnpm start`: entries come in at /ingest and are live at /stream (events) and /socket (WebSocket); nginx.conf is in front. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { fanOut } from '@logwisp/core'
import { accessControl } from '@logwisp/core/server'
import { sseSink, webSocketSink } from '@logwisp/sinks'
import { webSocketSource } from '@logwisp/sources'

// Clients are known by the addresses that nginx tells, so that caps and rates are theirs and not nginx's.
const access = accessControl({
  trustedProxies: ['127.0.0.1'],
  requestRate: { perAddress: { ratePerSecond: 50 } },
})

const ingest = webSocketSource({ mounted: true }, { access })
const stream = sseSink({ access, maxViewersPerAddress: 20 })
const socket = webSocketSink({ access, maxViewersPerAddress: 20 })
ingest.on('warning', ({ message }) => console.warn(message))

const server = createServer((req, res) => {
  ingest.handler(req, res, () => stream.handler(req, res, () => socket.handler(req, res)))
})
server.on('upgrade', (req, connection, head) => {
  ingest.handleUpgrade(req, connection, head, () => socket.handleUpgrade(req, connection, head))
})
server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/stream`)
})

process.once('SIGTERM', () => ingest.stop())
await pipeline(ingest, fanOut([stream, socket]))
server.close()
server.closeIdleConnections()
