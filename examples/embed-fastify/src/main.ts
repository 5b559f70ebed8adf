/** `pnpm start`: a Fastify app whose own log goes into a store, with the dashboard at /logs. */

import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { entryFrom, memoryBuffer } from '@logwisp/core'
import { dashboard } from '@logwisp/dashboard'
import { openStore, sqliteSink } from '@logwisp/store'
import fastify from 'fastify'

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
// An app does not wait for its log: while the disk is full, the oldest of 10,000 entries make room for new ones.
const stored = pipeline(lines, memoryBuffer({ whenFull: 'drop-oldest' }), sqliteSink(store)).catch(console.error)

const app = fastify({ logger: { stream: lines } })
// Looking at the log is nothing for the log.
app.register(dashboard(store).fastify, { prefix: '/logs', logLevel: 'warn' })
app.get('/orders/:id', async (request) => {
  request.log.info({ order: request.params }, 'an order was looked at')
  return 'hello\n'
})
app.addHook('onClose', async () => {
  lines.end()
  await stored
  await store.close()
})
process.once('SIGTERM', () => app.close())

const url = await app.listen({ port: Number(process.env['PORT'] ?? 3000), host: '127.0.0.1' })
console.log(`${url}/orders/1 is the app, ${url}/logs/ its log`)
