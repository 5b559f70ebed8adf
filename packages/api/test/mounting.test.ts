/** The handler in servers of others. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { logsApi } from '../src/index.ts'
import { messagesOf, readEvents } from './event-client.ts'
import { ask, sharedStore } from './serving.ts'

const store = sharedStore()

/** What works below any mount: taking, paging by links, the stream, the document. */
async function tryAt(port: number, base: string, name: string): Promise<void> {
  const client = await readEvents(port, `${base}/logs/stream?q=${name}`)
  const posted = await ask(port, `${base}/logs`, {
    method: 'POST',
    body: JSON.stringify(['one', 'two', 'three'].map((text) => ({ message: `${name} ${text}` }))),
    headers: { 'content-type': 'application/json' },
  })
  expect(posted).toMatchObject({ status: 200, json: { status: 'success', inserted: 3 } })
  await client.until((events) => messagesOf(events).length === 3)
  client.leave()
  const page = await ask(port, `${base}/logs?q=${name}&limit=1`)
  expect(page.json).toEqual([`${name} three`])
  const link = /<([^>]*)>; rel="prev"/.exec(String(page.headers['link']))?.[1] ?? ''
  const older = new URL(link, `http://localhost${base}/logs?q=${name}`)
  expect((await ask(port, older.pathname + older.search)).json).toEqual([`${name} two`])
  const document = (await ask(port, `${base}/openapi.json`)).json
  const [server] = document.servers
  for (const path of ['/logs', '/healthz']) {
    expect(Object.keys(document.paths)).toContain(path)
    const url = new URL(`${server.url}${path}`, `http://localhost${base}/openapi.json`)
    expect((await ask(port, url.pathname)).status).toBe(200)
  }
  expect(await ask(port, `${base}/logs?nonsense=1`)).toMatchObject({ status: 400, json: { parameter: 'nonsense' } })
}

test('node:http', async () => {
  const api = logsApi(store())
  const server = createServer(api.handler).listen(0, '127.0.0.1')
  onTestFinished(async () => {
    await api.close()
    server.close()
  })
  await once(server, 'listening')
  await tryAt((server.address() as AddressInfo).port, '', 'node')
})

test('Express, below a path and before body parsers', async () => {
  const api = logsApi(store())
  const app = express()
  app.use('/api', api.handler)
  app.use(express.json())
  app.use((_req, res) => void res.send('mine'))
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(async () => {
    await api.close()
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await tryAt(port, '/api', 'express')
  expect((await ask(port, '/api/other')).text).toBe('mine')
  expect((await ask(port, '/logs')).text).toBe('mine')
})

test('Express, behind a body parser', async () => {
  const api = logsApi(store())
  const app = express()
  app.use(express.json())
  app.use(api.handler)
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(async () => {
    await api.close()
    server.close()
  })
  await once(server, 'listening')
  await tryAt((server.address() as AddressInfo).port, '', 'parsed')
})

test('Fastify', async () => {
  const api = logsApi(store(), { path: '/api/logs' })
  const app = fastify()
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.all('/api/*', (request, reply) => {
      reply.hijack()
      api.handler(request.raw, reply.raw)
    })
  })
  onTestFinished(async () => {
    await api.close()
    await app.close()
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  await tryAt((app.server.address() as AddressInfo).port, '/api', 'fastify')
})
