/** `pnpm start`: an Express app that logs to a file, and shows that log at /logs. */

import { createWriteStream } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { openCheckpoint } from '@logwisp/core'
import { dashboard } from '@logwisp/dashboard'
import { fileSource } from '@logwisp/sources'
import { openStore, sqliteSink } from '@logwisp/store'
import express from 'express'

const path = process.argv[2] ?? './app.log'
const log = createWriteStream(path, { flags: 'a' })

const store = await openStore(`${path}.db`, { retention: { maxBytes: 2 ** 30 } })
const checkpoint = await openCheckpoint(`${path}.checkpoint.json`)
const source = fileSource(path, { checkpoint, startAt: 'beginning' })
const stored = pipeline(source, sqliteSink(store)).catch(console.error)

const app = express()
app.use('/logs', dashboard(store).handler)
app.use((request, response) => {
  log.write(`${new Date().toISOString()} INFO ${request.method} ${request.path}\n`)
  response.send('hello\n')
})
const server = app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(`http://127.0.0.1:${port}/ is the app, http://127.0.0.1:${port}/logs its log`)
})

process.once('SIGTERM', async () => {
  server.close()
  server.closeAllConnections()
  source.stop()
  await stored
  await checkpoint.close()
  await store.close()
  log.end()
})
