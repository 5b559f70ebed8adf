/** `pnpm start`: a program that logs with pino into a store, without a file, and shows that log at an address of its own. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { entryFrom, memoryBuffer } from '@logwisp/core'
import { dashboard } from '@logwisp/dashboard'
import { openStore, sqliteSink } from '@logwisp/store'
import pino from 'pino'

const store = await openStore(process.argv[2] ?? './logs.db', { retention: { maxBytes: 2 ** 30 } })
const lines = new Transform({
  decodeStrings: false,
  readableObjectMode: true,
  transform(line: string, _, done) {
    const said = JSON.parse(line)
    // What is logged as an object alone has no message.
    done(null, entryFrom({ ...said, msg: said.msg ?? '' }, { source: 'shop', time: Date.now() }))
  },
})
// A program does not wait for its log: while the disk is full, the oldest of 10,000 entries make room for new ones.
const stored = pipeline(lines, memoryBuffer({ whenFull: 'drop-oldest' }), sqliteSink(store)).catch(console.error)
const log = pino(lines)

const server = createServer(dashboard(store).handler)
server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/ shows the log`)
})

let order = 0
const working = setInterval(() => log.info({ order: ++order, region: 'eu-1' }, `order ${order} was sent`), 100)
log.error(new Error('the printer is on fire'))
log.warn({ paper: 0 })

process.once('SIGTERM', async () => {
  clearInterval(working)
  lines.end()
  await stored
  server.close()
  server.closeAllConnections()
  await store.close()
})
