/** What is answered beside the stages, and to whom: page, status, metrics, health and everything that is not there. */

import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { type AccessControl, accessControl, hashToken } from '@logwisp/core/server'
import { sseSink } from '@logwisp/sinks'
import { httpSource } from '@logwisp/sources'
import { afterEach, describe, expect, test } from 'vitest'
import { createHome } from '../src/http/home.ts'
import type { Endpoint, HttpMount, PortHost, PortLease } from '../src/http/port-host.ts'
import { createPortHost } from '../src/http/ports.ts'
import type { ServiceStatus } from '../src/service/service-status.ts'
import { type Answer, answerTo, ask as askPort } from './http-ask.ts'
import { directory, pipelineStatus, serviceStatus } from './http-status-fixture.ts'

const hosts: PortHost[] = []
const failures: Error[] = []

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close(0)))
  expect(failures.splice(0)).toEqual([])
})

interface Setting {
  readonly ports: PortHost
  readonly lease: PortLease
  service: ServiceStatus | undefined
  isReady: boolean
}

const local: Endpoint = {
  protocol: 'http',
  host: '127.0.0.1',
  port: 0,
  tls: undefined,
  connections: undefined,
  maxConnections: 100,
}

async function setting(service: ServiceStatus | undefined): Promise<Setting> {
  const made = { service, isReady: true } as { -readonly [Name in keyof Setting]: Setting[Name] }
  const home = await createHome({
    status: () => made.service,
    isReady: () => made.isReady,
    onFailure: (error) => void failures.push(error),
  })
  made.ports = createPortHost({ home, onWarning: (warning) => expect.unreachable(warning.message) })
  hosts.push(made.ports)
  made.lease = await made.ports.acquire(local)
  return made
}

interface JsonAnswer extends Answer {
  // biome-ignore lint/suspicious/noExplicitAny: what an answer looks like is what is tested
  readonly json: any
}

async function ask(lease: PortLease, path: string, headers: object = {}, method = 'GET'): Promise<JsonAnswer> {
  const answer = await askPort(lease, path, { method, headers: { ...headers } })
  const isJson = answer.headers['content-type']?.startsWith('application/json') === true && answer.text !== ''
  return { ...answer, json: isJson ? JSON.parse(answer.text) : undefined }
}

function stage(pipeline: string, path: string, kind: HttpMount['kind'], access?: AccessControl): HttpMount {
  return { pipeline, paths: [path], kind, access, handler: (_req, res) => void res.end(`${kind} of ${pipeline}`) }
}

function status(pipeline: string | undefined, path: string, access?: AccessControl): HttpMount {
  return { pipeline, paths: [path], kind: 'status', access }
}

const tokens = { app: 'app-0123456789abcdef', bank: 'bank-0123456789abcdef', all: 'all-0123456789abcdef' }
const as = (whose: keyof typeof tokens): object => ({ authorization: `Bearer ${tokens[whose]}` })
const knowing = (whose: keyof typeof tokens, rights?: readonly ('ingest' | 'stream' | 'status')[]): AccessControl =>
  accessControl({
    tokens: { [whose]: { hash: hashToken(tokens[whose]), rights } },
    failures: { allowed: 2, firstDelayMs: 60_000 },
  })

describe('standalone', () => {
  test('the status is the ancestor’s, with the blocks that its documentation promises', async () => {
    const { lease, ports } = await setting(serviceStatus([pipelineStatus('default')]))
    lease.mount(stage('default', '/stream', 'stream'))
    lease.mount({
      ...status('default', '/status'),
      facts: {
        buffer_size: 1000,
        heartbeat: { enabled: true, interval: 30, format: 'comment' },
        net_limit: { requests_per_second: 10, burst_size: 20, limit_by: 'ip' },
      },
    })
    await ports.settle()
    const { status: code, json, headers, text } = await ask(lease, '/status')
    expect(code).toBe(200)
    expect(headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(text).toContain('\n  "service": "LogWisp",')
    expect(json).toMatchObject({
      service: 'LogWisp',
      version: '1.2.3',
      server: {
        type: 'http',
        port: lease.address.port,
        active_clients: 5,
        buffer_size: 1000,
        uptime_seconds: 3600,
        mode: { standalone: true, router: false },
      },
      endpoints: { transport: '/stream', status: '/status' },
      features: {
        heartbeat: { enabled: true, interval: 30, format: 'comment' },
        ssl: { enabled: false },
        rate_limit: { enabled: true, requests_per_second: 10, burst_size: 20 },
        net_limit: { enabled: true, blocked_requests: 0, config: { limit_by: 'ip' } },
      },
      sources: [{ type: 'directory', total_entries: 152_341, dropped_entries: 12, active_watchers: 2 }],
      rate_limit: { enabled: true, dropped_total: 3 },
      filters: { filter_count: 1, total_processed: 152_341, total_passed: 48_234 },
      sinks: [
        { type: 'http', total_processed: 48_234, active_connections: 5, details: { port: lease.address.port } },
        { type: 'http_client', details: { failed_batches: 2 } },
      ],
      pipelines: { default: { sources: [{ files: [{}, { lag: 5 }] }], sinks: [{ viewers: [{ lag: 7 }] }, {}] } },
      total_pipelines: 1,
    })
    // The tree of 8.2, whole.
    for (const [name, value] of Object.entries(pipelineStatus('default'))) {
      if (value !== undefined) expect(json.pipelines.default, name).toHaveProperty(name)
    }
  })

  test('a health check written after the ancestor’s documentation works', async () => {
    const { lease } = await setting(serviceStatus([pipelineStatus('default')]))
    lease.mount(status('default', '/status'))
    const { json } = await ask(lease, '/status')
    // What its scripts take by jq.
    const [dropped, total] = [json.sources[0].dropped_entries, json.sources[0].total_entries]
    expect(Math.trunc((dropped * 100) / total)).toBeLessThanOrEqual(5)
    const failed = json.sinks.filter(({ type }: { type: string }) => type === 'http_client')[0].details.failed_batches
    expect(failed).toBeLessThanOrEqual(10)
    expect(json.server.active_clients).toBe(5)
  })

  test('nothing in it is secret', async () => {
    const { lease } = await setting(serviceStatus([pipelineStatus('default')]))
    const { text, json } = await ask(lease, '/status')
    lease.mount(stage('default', '/stream', 'stream'))
    const { text: more } = await ask(lease, '/status')
    expect(text + more).not.toContain('secret')
    expect(json.total_pipelines).toBe(0)
    expect(more).toContain('https://***@logs.example/in?api_token=***&x=1 answers 500')
  })

  test('of very many files it tells those that lag most, and how many there are', async () => {
    const files = Array.from({ length: 5000 }, (_, lag) => ({ path: `/${lag}.log`, position: 0, size: lag, lag }))
    const pipeline = pipelineStatus('default', { sources: [{ ...directory, files }] })
    const { lease } = await setting(serviceStatus([pipeline]))
    lease.mount(status('default', '/status'))
    const { json } = await ask(lease, '/status')
    expect(json.pipelines.default.sources[0].files).toHaveLength(1000)
    expect(json.pipelines.default.sources[0].files[0]).toMatchObject({ lag: 4999 })
    expect(json.sources[0].active_watchers).toBe(5000)
  })

  test('one pipeline’s page is there, and another’s port tells nothing of it', async () => {
    const { lease, ports } = await setting(serviceStatus([pipelineStatus('here'), pipelineStatus('elsewhere')]))
    lease.mount(stage('here', '/stream', 'stream'))
    await ports.settle()
    expect((await ask(lease, '/status')).json.pipelines).toHaveProperty('here')
    expect((await ask(lease, '/status')).json.pipelines).not.toHaveProperty('elsewhere')
    expect((await ask(lease, '/elsewhere/status')).status).toBe(404)
    expect((await ask(lease, '/elsewhere/')).status).toBe(404)
    expect((await ask(lease, '/here/')).status).toBe(200)
  })

  test('two stages that both have their status at one path are both in it', async () => {
    const { lease } = await setting(serviceStatus([pipelineStatus('a'), pipelineStatus('b'), pipelineStatus('c')]))
    for (const name of ['a', 'b']) lease.mount(status(name, '/status'))
    const { json } = await ask(lease, '/status')
    expect(Object.keys(json.pipelines)).toEqual(['a', 'b'])
    expect(json.total_pipelines).toBe(2)
  })
})

describe('router mode', () => {
  async function router(): Promise<Setting & { readonly other: PortLease }> {
    const pipelines = [pipelineStatus('app'), pipelineStatus('apple')]
    const made = await setting(serviceStatus(pipelines, { mode: 'router' }))
    const other = await made.ports.acquire(local)
    made.lease.mount(stage('app', '/app/stream', 'stream'))
    made.lease.mount(status('app', '/app/status'))
    made.lease.mount(stage('app', '/app/ingest', 'ingest'))
    other.mount(stage('apple', '/apple/stream', 'stream'))
    await made.ports.settle()
    return Object.assign(made, { other })
  }

  test('W24: two pipelines share a port, and each of its paths is theirs alone', async () => {
    const { lease } = await router()
    const text = async (path: string): Promise<string> => (await ask(lease, path)).text
    expect(await text('/app/stream')).toBe('stream of app')
    expect(await text('/app/ingest')).toBe('ingest of app')
    expect(await text('/apple/stream')).toBe('stream of apple')
    const app = (await ask(lease, '/app/status')).json
    expect(Object.keys(app.pipelines)).toEqual(['app'])
    expect(app).toMatchObject({
      service: 'LogWisp',
      server: { mode: { router: true, standalone: false } },
      endpoints: { transport: '/app/stream', status: '/app/status', ingest: '/app/ingest' },
    })
    // It has no status of its own configured, and has one all the same.
    expect(Object.keys((await ask(lease, '/apple/status')).json.pipelines)).toEqual(['apple'])
    for (const path of ['/ap', '/ap/', '/app/status/', '/apples/stream', '/app/streams']) {
      expect((await ask(lease, path)).status, path).toBe(404)
    }
  })

  test('the global status is the ancestor’s', async () => {
    const { lease } = await router()
    await ask(lease, '/app/stream')
    await ask(lease, '/nowhere')
    const { json } = await ask(lease, '/status')
    expect(json).toMatchObject({
      service: 'LogWisp Router',
      version: '1.2.3',
      port: lease.address.port,
      pipelines: {
        app: {
          path_prefix: '/app',
          endpoints: { stream: '/app/stream', status: '/app/status' },
          sink: { type: 'http', total_processed: 48_234, active_connections: 5 },
        },
        apple: { path_prefix: '/apple', endpoints: { stream: '/apple/stream' } },
      },
      total_pipelines: 2,
      router: {
        total_requests: 3,
        routed_requests: 1,
        failed_requests: 1,
        total_routes: 4,
        servers: { [lease.address.port]: { requests: 3 } },
      },
      endpoints: { global_status: '/status' },
    })
  })

  test('what is not there gets a 404 that lists what is', async () => {
    const { lease } = await router()
    const { status: code, json } = await ask(lease, '/nowhere?token=secret')
    expect(code).toBe(404)
    expect(json).toEqual({
      error: 'Not Found',
      message: 'there is nothing at /nowhere',
      requested_path: '/nowhere',
      available_routes: [
        '/status (global status)',
        '/app/stream (stream: app)',
        '/app/status (status: app)',
        '/app/ingest (ingest: app)',
        '/apple/stream (stream: apple)',
      ],
      hint: 'Use /status for global router status',
    })
  })

  test('the name alone is the stream for programs and the page for people', async () => {
    const { lease } = await router()
    expect((await ask(lease, '/app?level=warn')).text).toBe('stream of app')
    expect((await ask(lease, '/app', { accept: 'text/event-stream' })).text).toBe('stream of app')
    const page = await ask(lease, '/app', { accept: 'text/html,*/*' })
    expect(page).toMatchObject({ status: 302, headers: { location: 'app/' } })
    const { text, headers } = await ask(lease, '/app/')
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(text).toContain('"../page/')
    expect(text).not.toContain('"./page/')
  })
})

describe('who may see what', () => {
  async function guarded(mode: 'router' | 'standalone' = 'router'): Promise<Setting> {
    const pipelines = [pipelineStatus('app'), pipelineStatus('bank'), pipelineStatus('silent')]
    const made = await setting(serviceStatus(pipelines, { mode }))
    for (const name of ['app', 'bank'] as const) {
      const access = knowing(name)
      made.lease.mount(stage(name, `/${name}/stream`, 'stream', access))
      made.lease.mount(status(name, `/${name}/status`, access))
    }
    await made.ports.settle()
    return made
  }

  test('a pipeline is in the status of those whom its own rules let see it', async () => {
    const { lease } = await guarded()
    expect(await ask(lease, '/status')).toMatchObject({ status: 401, headers: { 'www-authenticate': /Bearer/ } })
    const { status: code, json, text } = await ask(lease, '/status', as('app'))
    expect(code).toBe(200)
    expect(Object.keys(json.pipelines)).toEqual(['app'])
    expect(text).not.toMatch(/bank|silent|logwisp\.toml/)
    expect((await ask(lease, '/bank/status', as('app'))).status).toBe(401)
    expect((await ask(lease, '/metrics')).status).toBe(401)
    const metrics = await ask(lease, '/metrics', as('app'))
    expect(metrics.text).toContain('pipeline="app"')
    expect(metrics.text).not.toMatch(/bank|silent/)
  })

  test('a 404 lists only what the asker may use', async () => {
    const { lease } = await guarded()
    const routes = async (headers?: object): Promise<string[]> =>
      (await ask(lease, '/nowhere', headers)).json.available_routes
    expect(await routes()).toEqual([])
    expect(await routes(as('bank'))).toEqual([
      '/status (global status)',
      '/bank/stream (stream: bank)',
      '/bank/status (status: bank)',
    ])
  })

  test('who is known to one pipeline is not locked out of another by looking', async () => {
    const { lease } = await guarded()
    for (let times = 0; times < 20; times++) {
      expect((await ask(lease, '/status', as('app'))).status).toBe(200)
      await ask(lease, '/nowhere', as('app'))
    }
    expect((await ask(lease, '/bank/status', as('bank'))).status).toBe(200)
  })

  test('who guesses is locked out, here as everywhere', async () => {
    const { lease } = await guarded()
    for (let times = 0; times < 3; times++) {
      expect((await ask(lease, '/status', { authorization: `Bearer guess-${times}-0123456789` })).status).toBe(401)
    }
    expect(await ask(lease, '/status', as('bank'))).toMatchObject({
      status: 429,
      json: { reason: 'too-many-failures' },
    })
  })

  test('a port of the daemon’s own shows everything to whom its own rules let in', async () => {
    const made = await guarded('standalone')
    const own = await made.ports.acquire({ ...local, host: '127.0.0.2' })
    own.mount(status(undefined, '/status', knowing('all')))
    await made.ports.settle()
    const at = async (path: string, headers?: object): Promise<JsonAnswer> => ask(own, path, headers)
    expect((await at('/status')).status).toBe(401)
    expect((await at('/status', as('app'))).status).toBe(401)
    const { json } = await at('/status', as('all'))
    expect(Object.keys(json.pipelines)).toEqual(['app', 'bank', 'silent'])
    expect(json).toMatchObject({ config_file: '/etc/logwisp/logwisp.toml', last_reload: { result: 'changed' } })
    expect(Object.keys((await at('/silent/status', as('all'))).json.pipelines)).toEqual(['silent'])
    expect((await at('/metrics', as('all'))).text).toContain('pipeline="silent"')
    expect((await at('/silent/')).status).toBe(200)
  })

  test('what listens nowhere is seen by whoever sees all the rest', async () => {
    const pipelines = [pipelineStatus('app'), pipelineStatus('silent')]
    const { lease } = await setting(serviceStatus(pipelines, { mode: 'router' }))
    lease.mount(stage('app', '/app/stream', 'stream', knowing('app')))
    expect((await ask(lease, '/status')).status).toBe(401)
    expect((await ask(lease, '/status', as('app'))).json.total_pipelines).toBe(2)
  })
})

describe('health', () => {
  test('it lives as long as it answers, and is ready when all pipelines run; neither asks who wants to know', async () => {
    const made = await setting(undefined)
    const { lease } = made
    lease.mount(status('app', '/status', knowing('app')))
    made.isReady = false
    const ready = async (): Promise<[number, unknown]> => {
      const { status, json } = await ask(lease, '/readyz', { host: 'any.example' })
      return [status, json]
    }
    expect((await ask(lease, '/healthz', { host: 'any.example' })).json).toEqual({ status: 'ok' })
    expect(await ready()).toEqual([503, { status: 'not ready', missing: 'it is starting' }])
    expect(await ask(lease, '/status', as('app'))).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    made.service = serviceStatus([pipelineStatus('secret-name', { state: 'restarting' }), pipelineStatus('app')])
    expect(await ready()).toEqual([503, { status: 'not ready', missing: '1 of 2 pipelines does not run' }])
    made.isReady = true
    expect(await ready()).toEqual([200, { status: 'ready' }])
  })
})

test('metrics come in the form that is asked for', async () => {
  const { lease } = await setting(serviceStatus([pipelineStatus('app')]))
  lease.mount(stage('app', '/stream', 'stream'))
  const plain = await ask(lease, '/metrics')
  expect(plain.headers).toMatchObject({ 'content-type': 'text/plain; version=0.0.4; charset=utf-8', vary: 'Accept' })
  const open = await ask(lease, '/metrics', { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' })
  expect(open.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
  expect(open.text).toMatch(/# EOF\n$/)
})

describe('requests', () => {
  test('other methods are told which ones there are, and HEAD has no body', async () => {
    const { lease } = await setting(serviceStatus([pipelineStatus('app')]))
    lease.mount(stage('app', '/stream', 'stream'))
    for (const path of ['/', '/status', '/metrics', '/healthz', '/readyz', '/app/', '/page/main.js']) {
      expect(await ask(lease, path, {}, 'DELETE'), path).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
      const head = await ask(lease, path, {}, 'HEAD')
      expect(head, path).toMatchObject({ status: 200, text: '' })
      expect(Number(head.headers['content-length']), path).toBeGreaterThan(0)
    }
    expect(await ask(lease, '/status', {}, 'OPTIONS')).toMatchObject({ status: 204, headers: { allow: 'GET, HEAD' } })
  })

  test('one that fails gets a 500 that tells nothing, and the daemon hears why', async () => {
    const { lease } = await setting(serviceStatus([pipelineStatus('app', { sinks: undefined as never })]))
    lease.mount(stage('app', '/stream', 'stream'))
    const { status: code, text } = await ask(lease, '/status')
    expect(code).toBe(500)
    expect(text).not.toContain('undefined')
    expect(failures.splice(0)).toMatchObject([{ name: 'TypeError' }])
  })

  test('a query that is too long or no UTF-8 is refused', async () => {
    const { lease } = await setting(serviceStatus([]))
    expect((await ask(lease, `/status?${'x'.repeat(9000)}`)).status).toBe(414)
    expect((await ask(lease, '/status?x=%ff')).status).toBe(400)
  })

  test('W27: no page of another origin reads anything, by CORS or by DNS rebinding', async () => {
    const { lease } = await setting(serviceStatus([pipelineStatus('app')]))
    lease.mount(stage('app', '/stream', 'stream'))
    for (const path of ['/', '/status', '/metrics', '/page/main.js', '/nowhere']) {
      const { headers } = await ask(lease, path, { origin: 'https://evil.example' })
      expect(headers['access-control-allow-origin'], path).toBeUndefined()
      expect((await ask(lease, path, { host: 'evil.example' })).status, path).toBe(403)
    }
    expect((await ask(lease, '/status', { host: 'localhost:80' })).status).toBe(200)
    lease.mount({ ...stage('app', '/proxied', 'stream'), allowedHosts: ['logs.example'] })
    expect((await ask(lease, '/status', { host: 'logs.example' })).status).toBe(200)
  })

  test('W27: a page of an origin that is named reads the status, and nothing but that', async () => {
    const { lease } = await setting(serviceStatus([pipelineStatus('app')]))
    const allowed = { allowOrigin: ['https://app.example'] }
    lease.mount(stage('app', '/stream', 'stream'))
    lease.mount({ ...status('app', '/app/status', accessControl()), ...allowed })
    const from = async (path: string, origin: string, method = 'GET'): Promise<string | undefined> =>
      (await ask(lease, path, { origin }, method)).headers['access-control-allow-origin']
    expect(await from('/app/status', 'https://app.example')).toBe('https://app.example')
    expect(await from('/app/status', 'https://app.example', 'OPTIONS')).toBe('https://app.example')
    expect(await from('/app/status', 'https://evil.example')).toBeUndefined()
    expect(await from('/metrics', 'https://app.example')).toBeUndefined()
  })

  test('a pipeline that goes while somebody asks is not there', async () => {
    const made = await setting(serviceStatus([pipelineStatus('app'), pipelineStatus('gone')]))
    made.lease.mount(status('app', '/status'))
    made.lease.mount(status('gone', '/status'))
    expect((await ask(made.lease, '/status')).json.total_pipelines).toBe(2)
    made.service = serviceStatus([pipelineStatus('app')])
    expect((await ask(made.lease, '/status')).json.total_pipelines).toBe(1)
  })

  test('a flood of requests for nothing does not have the status made each time', async () => {
    const made = await setting(serviceStatus([pipelineStatus('app')]))
    made.lease.mount(stage('app', '/stream', 'stream'))
    await made.ports.settle()
    const service = made.service
    let times = 0
    Object.defineProperty(made, 'service', {
      get: () => {
        times++
        return service
      },
    })
    const began = performance.now()
    for (let count = 0; count < 100; count++) await ask(made.lease, `/x${count}`)
    expect(times).toBeLessThanOrEqual(2 + (performance.now() - began) / 100)
  })

  test('no path reaches the file system', async () => {
    const { lease, ports } = await setting(serviceStatus([pipelineStatus('app')]))
    lease.mount(stage('app', '/stream', 'stream'))
    await ports.settle()
    const paths = [
      '/page/../package.json',
      '/page/..%2fpackage.json',
      '/page/%2e%2e/package.json',
      '/page//main.js',
      '//page/main.js',
      '/page/main.js%00.html',
      '/page/main.js/',
      '/page/',
      '/page',
      '/..%2f..%2fetc/passwd',
      '/../../etc/passwd',
      '/page/..\\package.json',
      'http://127.0.0.1/page/../package.json',
      '/__proto__/',
      '/constructor/status',
      '/page/__proto__',
      '/page/constructor',
    ]
    for (const path of paths) {
      const answer = await answerTo(lease, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      expect(answer, path).toMatch(/^HTTP\/1\.1 404 /)
    }
    const whole = 'GET http://127.0.0.1/page/main.js HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    expect(await answerTo(lease, whole)).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('the page’s files come under a policy that lets nothing else run, and once', async () => {
    const { lease } = await setting(serviceStatus([]))
    const { headers } = await ask(lease, '/')
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' })
    const again = await ask(lease, '/', { 'if-none-match': headers.etag })
    expect(again).toMatchObject({ status: 304, text: '' })
    expect((await ask(lease, '/page/page.css')).headers['content-type']).toBe('text/css; charset=utf-8')
  })
})

describe('stages of the library', () => {
  test('a live stream and an ingest share a port with everything else', async () => {
    const { lease, ports } = await setting(serviceStatus([pipelineStatus('app')], { mode: 'router' }))
    const live = sseSink({ path: '/app/stream', statusPath: '/app/own', allowedHosts: 'any' })
    const source = httpSource({ path: '/app/ingest', respond: 'accepted' })
    lease.mount({ ...stage('app', '/app/stream', 'stream'), handler: live.handler })
    lease.mount({ ...stage('app', '/app/ingest', 'ingest'), handler: source.handler })
    await ports.settle()
    source.pipe(live)
    const { address: host, port } = lease.address
    const viewer = request({ host, port, path: '/app' }).end()
    const [stream] = (await once(viewer, 'response')) as [IncomingMessage]
    expect(stream.headers['content-type']).toContain('text/event-stream')
    const post = request({ host, port, path: '/app/ingest', method: 'POST' }).end('{"message":"hello"}')
    const [posted] = (await once(post, 'response')) as [IncomingMessage]
    expect(posted.resume().statusCode).toBe(202)
    let seen = ''
    for await (const chunk of stream.setEncoding('utf8')) {
      seen += chunk
      if (seen.includes('hello')) break
    }
    expect((await ask(lease, '/app/ingest')).status).toBe(405)
    viewer.destroy()
    source.stop()
    await once(live, 'close')
  })
})
