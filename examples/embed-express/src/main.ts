/** `pnpm start`: an Express app that logs to a file, with that log live at /logs/stream. */

import { createWriteStream } from 'node:fs'
import express from 'express'
import { collect } from './collect.ts'

const path = process.argv[2] ?? './app.log'
const log = createWriteStream(path, { flags: 'a' })
const collector = await collect(path)

const app = express()
app.use('/logs', collector.router)
app.use((request, response) => {
  log.write(`${new Date().toISOString()} INFO ${request.method} ${request.path}\n`)
  response.send('hello\n')
})
const server = app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : address
  console.log(`http://127.0.0.1:${port}/ is the app, http://127.0.0.1:${port}/logs/stream its log`)
})

process.once('SIGTERM', async () => {
  await collector.close()
  server.close()
  server.closeAllConnections()
  log.end()
})
