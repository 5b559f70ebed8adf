/** httpSource within servers that are not its own, and behind the access control and the certificates of core. */

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { accessControl, hashToken, serverTls } from '@logwisp/core/server'
import express, { type Express } from 'express'
import fastify from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { type HttpSource, httpSource } from '../src/index.ts'
import { KeepingSink, post } from './http-client.ts'

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function joined(source: HttpSource): KeepingSink {
  const sink = new KeepingSink()
  const done = pipeline(source, sink)
  cleanUps.push(async () => {
    source.stop()
    await done
  })
  return sink
}

async function portOf(app: Express): Promise<number> {
  const server: Server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(async () => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

const body = '{"message":"a","n":1}\n{"message":"b"}\n'
const ndjson = { 'content-type': 'application/x-ndjson' }
const json = { 'content-type': 'application/json' }

describe('in Express', () => {
  test('takes what is its own, and leaves the rest to the app', async () => {
    const source = httpSource({ whenInvalid: 'skip' })
    const sink = joined(source)
    const app = express()
    app.use(source.handler)
    app.use('/below', httpSourceAt(source))
    app.get('/', (_, response) => void response.json('app'))
    const port = await portOf(app)
    expect(await post(port, body, { headers: ndjson })).toMatchObject({ status: 202, json: { accepted: 2 } })
    expect(await post(port, body, { headers: ndjson, path: '/below/ingest' })).toMatchObject({ status: 202 })
    expect(await post(port, '', { method: 'GET', path: '/' })).toMatchObject({ status: 200, json: 'app' })
    expect(await post(port, '', { method: 'GET' })).toMatchObject({ status: 405 })
    expect(await sink.received(4)).toEqual(['a', 'b', 'a', 'b'])
  })

  test.each([
    ['json', express.json(), json, '[{"message":"a"},{"message":"b"}]'],
    ['json, one object', express.json(), json, '{"message":"a"}'],
    ['text', express.text({ type: '*/*' }), { 'content-type': 'text/plain' }, 'a\nb'],
    ['text of NDJSON', express.text({ type: '*/*' }), ndjson, body],
    ['raw', express.raw({ type: '*/*' }), ndjson, body],
  ])('behind a body parser it uses what that has read: %s', async (name, parser, headers, body) => {
    const source = httpSource()
    const sink = joined(source)
    const app = express()
    app.use(parser, source.handler)
    const port = await portOf(app)
    const expected = name === 'json, one object' ? ['a'] : ['a', 'b']
    expect(await post(port, body, { headers })).toMatchObject({ status: 202, json: { accepted: expected.length } })
    expect(await sink.received(expected.length)).toEqual(expected)
    expect((await post(port, name.startsWith('json') ? '{}' : '', { headers })).status).toBe(400)
  })

  test('where something has read the body and left nothing of it, it says so', async () => {
    const source = httpSource()
    joined(source)
    const app = express()
    app.use((request, _, next) => {
      request.resume().on('end', () => next())
    }, source.handler)
    const port = await portOf(app)
    expect(await post(port, body, { headers: ndjson })).toMatchObject({
      status: 500,
      json: { message: expect.stringContaining('before body parsers') },
    })
  })
})

function httpSourceAt(source: HttpSource): express.RequestHandler {
  return (request, response, next) => source.handler(request, response, next)
}

test('in Fastify, which is told to leave the body alone', async () => {
  const source = httpSource()
  const sink = joined(source)
  const app = fastify()
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.all('/ingest', (request, reply) => {
      reply.hijack()
      source.handler(request.raw, reply.raw)
    })
  })
  app.post('/own', async (request) => request.body)
  await app.listen({ port: 0, host: '127.0.0.1' })
  cleanUps.push(() => app.close())
  const { port } = app.server.address() as AddressInfo
  for (const headers of [json, ndjson, { 'content-type': 'text/plain' }]) {
    expect((await post(port, body, { headers })).status).toBe(202)
  }
  expect(await post(port, '{}', { headers: ndjson })).toMatchObject({ status: 400 })
  expect(await post(port, '{"a":1}', { path: '/own', headers: json })).toMatchObject({ status: 200, json: { a: 1 } })
  expect((await sink.received(6)).slice(0, 4)).toEqual(['a', 'b', 'a', 'b'])
})

test('asks a real access control: without a token 401, with one its name is the sender', async () => {
  const token = 'a-token-of-a-test-0123456789'
  const access = accessControl({ tokens: { shipper: { hash: hashToken(token), rights: ['ingest'] } } })
  const source = httpSource({ port: 0, access, addSender: true })
  const sink = joined(source)
  const [{ port }] = (await once(source, 'listening')) as [AddressInfo]
  expect(await post(port, body, { headers: ndjson })).toMatchObject({
    status: 401,
    headers: { 'www-authenticate': expect.stringContaining('Bearer') },
  })
  const headers = { ...ndjson, authorization: `Bearer ${token}` }
  expect(await post(port, body, { headers })).toMatchObject({ status: 202, json: { accepted: 2 } })
  await sink.received(2)
  expect(sink.entries[1]?.fields).toEqual({ peer: 'shipper' })
  expect(sink.messages).toEqual(['a', 'b'])
})

test('an entry rate is paid for with a wait before the rest of the body is read', async () => {
  const access = accessControl({ entryRate: { perAddress: { ratePerSecond: 1000, burst: 1000 } } })
  const source = httpSource({ port: 0, access, whenInvalid: 'skip' })
  const sink = joined(source)
  const [{ port }] = (await once(source, 'listening')) as [AddressInfo]
  const many = Buffer.from('{"message":"m"}\n'.repeat(1500))
  const startedMs = performance.now()
  // Half a megabyte of blank lines, so that the body is not whole when its entries are counted.
  const answer = await post(port, [many, Buffer.alloc(500_000, '\n')], { headers: ndjson })
  expect(answer).toMatchObject({ status: 202, json: { accepted: 1500 } })
  expect(performance.now() - startedMs).toBeGreaterThan(400)
  await sink.received(1500)
})

test('speaks HTTPS with certificates of core', async ({ skip }) => {
  const directory = await mkdtemp(join(tmpdir(), 'http-source-tls-'))
  cleanUps.push(() => rm(directory, { recursive: true }))
  const [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(directory, name)) as [string, string]
  try {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const args = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ]
    execFileSync('openssl', args, { stdio: 'ignore' })
  } catch {
    console.warn('httpSource over HTTPS is not tested: openssl is missing')
    skip()
  }
  const source = httpSource({ port: 0, tls: serverTls({ cert, key }) })
  const sink = joined(source)
  const [{ port }] = (await once(source, 'listening')) as [AddressInfo]
  const ca = await readFile(cert)
  const status = await new Promise((resolve, reject) => {
    const options = {
      port,
      host: 'localhost',
      family: 4,
      path: '/ingest',
      method: 'POST',
      headers: ndjson,
      ca,
      agent: false,
    } as const
    const sent = httpsRequest(options, (response) => resolve(response.resume().statusCode))
    sent.on('error', reject)
    sent.end(body)
  })
  expect(status).toBe(202)
  expect(await sink.received(2)).toEqual(['a', 'b'])
})
