import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, get, type IncomingMessage, type RequestListener, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { accessControl } from '@logwisp/core/server'
import { openStore, type Store } from '@logwisp/store'
import express from 'express'
import fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Dashboard, type DashboardOptions, dashboard, dashboardPage } from '../src/index.ts'

let directory: string
let store: Store
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-dashboard-'))
  store = await openStore(join(directory, 'logs.db'), { safeAfter: 'commit' })
  await store.append([{ time: Date.UTC(2026, 5, 26), source: 'app.log', message: 'a stored line' }])
})
afterAll(async () => {
  await store.close()
  await rm(directory, { recursive: true })
})

/** Closed after the test. */
function opened(options?: DashboardOptions): Dashboard {
  const page = dashboard(store, options)
  onTestFinished(() => page.close())
  return page
}

async function serve(handler: RequestListener): Promise<number> {
  const server = createServer(handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** The path goes out as it is written: `fetch` would tidy it up. */
async function ask(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const asked = request({ host: '127.0.0.1', port, path, headers, method, agent: false })
  asked.end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }
}

/** The addresses that the page names, relative to it. */
function assetsOf(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path as string)
}

describe('the page', () => {
  test('comes with files that it names relative to itself, and nothing from elsewhere', async () => {
    const port = await serve(opened().handler)
    const { status, headers, body } = await ask(port, '/')
    const html = body.toString()
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(headers['cache-control']).toBe('no-cache')
    expect(html).toContain('<meta name="logwisp-api" content="api"')
    expect(html).not.toMatch(/https?:|\sstyle=|<style|<script(?![^>]*src=)/)
    const assets = assetsOf(html)
    expect(assets.length).toBeGreaterThanOrEqual(3)
    for (const path of assets) {
      const asset = await ask(port, `/${path}`)
      expect(asset.status, path).toBe(200)
      expect(asset.headers['x-content-type-options']).toBe('nosniff')
      if (path.startsWith('assets/')) expect(asset.headers['cache-control']).toContain('immutable')
    }
  })

  test('may do nothing but what it needs', async () => {
    const port = await serve(opened().handler)
    const { headers } = await ask(port, '/')
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    expect(headers['x-frame-options']).toBe('DENY')
    expect(headers['referrer-policy']).toBe('no-referrer')
  })

  test('is compressed as the browser takes it, with a tag for each form', async () => {
    const port = await serve(opened().handler)
    const plain = await ask(port, '/')
    const script = `/${assetsOf(plain.body.toString()).find((path) => path.endsWith('.js'))}`
    for (const path of ['/', script]) {
      const whole = await ask(port, path)
      const brotli = await ask(port, path, { 'Accept-Encoding': 'gzip, deflate, br' })
      const gzip = await ask(port, path, { 'Accept-Encoding': 'br;q=0, *;q=0.5' })
      const none = await ask(port, path, { 'Accept-Encoding': 'deflate' })
      expect(brotli.headers['content-encoding']).toBe('br')
      expect(brotliDecompressSync(brotli.body).equals(whole.body)).toBe(true)
      expect(gzip.headers['content-encoding']).toBe('gzip')
      expect(gunzipSync(gzip.body).equals(whole.body)).toBe(true)
      expect(none.headers['content-encoding']).toBeUndefined()
      expect(none.headers.vary).toBe('Accept-Encoding')
      const tags = [whole, brotli, gzip].map(({ headers }) => headers.etag)
      expect(new Set(tags).size).toBe(3)
    }
  })

  test('is not sent again to who has it', async () => {
    const port = await serve(opened().handler)
    const { headers } = await ask(port, '/')
    const again = await ask(port, '/', { 'If-None-Match': `"other", W/${headers.etag}` })
    expect(again.status).toBe(304)
    expect(again.body.length).toBe(0)
    expect((await ask(port, '/', { 'If-None-Match': '"other"' })).status).toBe(200)
  })

  test('answers HEAD without a body, and nothing but GET and HEAD', async () => {
    const port = await serve(opened().handler)
    const head = await ask(port, '/', {}, 'HEAD')
    expect(head.status).toBe(200)
    expect(head.body.length).toBe(0)
    expect(Number(head.headers['content-length'])).toBeGreaterThan(100)
    const post = await ask(port, '/', {}, 'POST')
    expect(post.status).toBe(405)
    expect(post.headers.allow).toBe('GET, HEAD')
  })

  test.each([
    '/../package.json',
    '/assets/../../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/%2e%2e/package.json',
    '/assets/%00',
    '//etc/passwd',
    '/..\\package.json',
    '/index.html/',
    '/assets/',
    '/assets',
    '/__proto__',
    '/constructor',
  ])('gives no file for %s', async (path) => {
    const port = await serve(opened().handler)
    const { status, body } = await ask(port, path)
    expect(status).toBe(404)
    expect(body.toString()).not.toMatch(/"name"|root:/)
  })
})

describe('the API below the page', () => {
  test('answers, and takes no entries unless it is asked to', async () => {
    const port = await serve(opened().handler)
    expect(JSON.parse((await ask(port, '/api/logs')).body.toString())).toEqual(['a stored line'])
    expect((await ask(port, '/api/healthz')).status).toBe(200)
    expect((await ask(port, '/api/logs', {}, 'POST')).status).toBe(405)
    expect((await ask(port, '/api/nothing')).status).toBe(404)

    const taking = await serve(opened({ ingest: true }).handler)
    const answer = await fetch(`http://127.0.0.1:${taking}/api/logs`, { method: 'POST', body: '{"message":"another"}' })
    expect(await answer.json()).toEqual({ status: 'success', inserted: 1 })
  })

  test('hands what neither it nor the page knows to the next handler', async () => {
    const { handler } = opened()
    const port = await serve((req, res) => handler(req, res, () => res.writeHead(418).end()))
    for (const path of ['/other', '/api/other', '/api']) expect((await ask(port, path)).status, path).toBe(418)
    expect((await ask(port, '/')).status).toBe(200)
  })
})

describe('mounted', () => {
  test('in Express, in one line; without the slash at the end it leads to the one with it', async () => {
    const app = express()
    app.use('/logs', opened().handler)
    app.use((_request, response) => void response.status(418).end())
    const port = await serve(app)
    const bare = await ask(port, '/logs?q=level%3Aerror')
    expect(bare.status).toBe(308)
    expect(new URL(bare.headers.location as string, `http://host/logs?q=x`).href).toBe(
      'http://host/logs/?q=level%3Aerror',
    )
    const { status, body } = await ask(port, '/logs/')
    expect(status).toBe(200)
    for (const path of assetsOf(body.toString())) expect((await ask(port, `/logs/${path}`)).status, path).toBe(200)
    expect((await ask(port, '/logs/api/logs')).status).toBe(200)
    expect((await ask(port, '/logs/other')).status).toBe(418)
  })

  test('in Fastify, in one line, with bodies as they come; its streams end before the app does', async () => {
    const app = fastify()
    app.register(dashboard(store, { ingest: true }).fastify, { prefix: '/logs' })
    app.post('/own', async ({ body }) => body)
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    const bare = await ask(port, '/logs')
    expect(bare.status).toBe(308)
    expect(new URL(bare.headers.location as string, 'http://host/logs').href).toBe('http://host/logs/')
    expect((await ask(port, '/logs/')).status).toBe(200)
    expect((await ask(port, '/logs/', {}, 'HEAD')).status).toBe(200)
    expect((await ask(port, '/logs/api/logs?limit=1')).status).toBe(200)
    const send = (path: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '[{"message":"through fastify"}]',
      })
    expect(await (await send('/logs/api/logs')).json()).toMatchObject({ inserted: 1 })
    expect(await (await send('/own')).json()).toEqual([{ message: 'through fastify' }])

    const [stream] = (await once(
      get({ host: '127.0.0.1', port, path: '/logs/api/logs/stream', agent: false }),
      'response',
    )) as [IncomingMessage]
    const ended = once(stream.resume(), 'close')
    await app.close()
    await ended
  })
})

describe('a server of its own', () => {
  test('listens, answers under its own names only, and closes with a viewer connected', async () => {
    const page = dashboard(store, { port: 0 })
    const [{ port, address }] = (await once(page, 'listening')) as [AddressInfo]
    expect(address).toBe('127.0.0.1')
    expect((await ask(port, '/')).status).toBe(200)
    expect((await ask(port, '/', { Host: 'rebound.example' })).status).toBe(403)
    expect((await ask(port, '/api/logs', { Host: 'rebound.example' })).status).toBe(403)
    const [stream] = (await once(
      get({ host: '127.0.0.1', port, path: '/api/logs/stream', agent: false }),
      'response',
    )) as [IncomingMessage]
    const ended = once(stream.resume(), 'end')
    await page.close()
    await ended
    expect(page.address).toBeUndefined()
    await expect(ask(port, '/')).rejects.toThrow('ECONNREFUSED')
  })

  test('that cannot have its port says so', async () => {
    const taken = await serve(() => {})
    const page = dashboard(store, { port: taken })
    const [error] = await once(page, 'error')
    expect(error).toMatchObject({ code: 'LISTEN_FAILED' })
    await page.close()
  })
})

test('who may not read the log gets neither the page nor the API', async () => {
  const access = accessControl({ anonymous: ['status'] })
  const port = await serve(opened({ access }).handler)
  const page = await ask(port, '/')
  expect(page.status).toBe((await ask(port, '/api/logs')).status)
  expect([401, 403]).toContain(page.status)
  expect(page.body.toString()).not.toContain('<html')
})

describe('the page alone', () => {
  test('says where its API is, and may talk to nobody else', async () => {
    const port = await serve(dashboardPage({ api: 'http://localhost:8000/$&"<x' }).handler)
    const { headers, body } = await ask(port, '/')
    expect(headers['content-security-policy']).toContain("connect-src 'self' http://localhost:8000;")
    expect(body.toString()).toContain('content="http://localhost:8000/$&amp;&quot;&lt;x"')
    expect((await ask(port, '/api/logs')).status).toBe(404)
  })

  test('with its API at the same origin needs no other', async () => {
    const port = await serve(dashboardPage({ api: '../api' }).handler)
    const { headers } = await ask(port, '/')
    expect(headers['content-security-policy']).toContain("connect-src 'self';")
  })

  test('answers only under the names that it is given', async () => {
    const port = await serve(dashboardPage({ api: 'api', allowedHosts: ['logs.example'] }).handler)
    expect((await ask(port, '/', { Host: 'logs.example' })).status).toBe(200)
    expect((await ask(port, '/', { Host: 'other.example' })).status).toBe(403)
  })

  test.each([
    [{ api: 'javascript:alert(1)' }, /`api` must be an URL such as/],
    [{ api: '//host' }, /`api` must be an URL such as/],
    [{ api: '' }, /`api` must be a non-empty string/],
    [{ api: 'api', base: '/' }, /`base` is no option/],
  ])('refuses %j', (options, message) => {
    expect(() => dashboardPage(options)).toThrow(message)
  })
})

test('bad options are refused', () => {
  expect(() => dashboard(store, { prot: 1 } as never)).toThrow(/`prot` is no option/)
  expect(() => dashboard({} as never)).toThrow(/`store` must be what openStore\(\) resolves to/)
})
