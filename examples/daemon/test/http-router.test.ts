/** Router mode with the real service: pipelines that share a port, their stages exchanged while clients are there. */

import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadConfig } from '../src/config/load.ts'
import type { LoadedConfig } from '../src/config/loaded-config.ts'
import { createHome } from '../src/http/home.ts'
import type { PortHost } from '../src/http/port-host.ts'
import { createPortHost } from '../src/http/ports.ts'
import { startService } from '../src/service/service.ts'
import type { Service } from '../src/service/service-contract.ts'

let directory: string
let ports: PortHost
let service: Service | undefined
const failures: Error[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-router-'))
  const home = await createHome({
    status: () => service?.status(),
    isReady: () => service?.isReady ?? false,
    onFailure: (error) => void failures.push(error),
  })
  ports = createPortHost({ home, onWarning: (warning) => void failures.push(warning) })
})

afterEach(async () => {
  await service?.stop(5000)
  service = undefined
  await ports.close(1000)
  await rm(directory, { recursive: true, force: true })
  expect(failures.splice(0)).toEqual([])
})

/** Two pipelines on one port, each with an ingest and a stream. */
async function configured(heartbeatSeconds: number): Promise<LoadedConfig> {
  const pipeline = (name: string, more: string): string => `
[[pipelines]]
name = "${name}"
[[pipelines.sources]]
type = "http"
options = { port = 0 }
[[pipelines.sinks]]
type = "http"
options = { port = 0${more} }
`
  const exchanged = `, heartbeat = { interval_seconds = ${heartbeatSeconds} }`
  const file = join(directory, 'logwisp.toml')
  await writeFile(file, `router = true\n${pipeline('app', '')}${pipeline('apple', exchanged)}`)
  return loadConfig({ argv: new Map(), environment: {}, cwd: directory, configFile: file })
}

async function start(): Promise<Service> {
  service = await startService({
    loaded: await configured(30),
    log: pino({ level: 'silent' }),
    version: '1.2.3',
    stateDirectory: join(directory, 'state'),
    stdin: new PassThrough(),
    once: false,
    ports,
  })
  await service.started
  return service
}

async function ask(path: string, method = 'GET', body?: string): Promise<{ status: number; text: string }> {
  const { port } = ports.listeners[0] as { port: number }
  const req = request({ host: '127.0.0.1', port, path, method, agent: false }).end(body)
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of res.setEncoding('utf8')) text += chunk
  return { status: res.statusCode as number, text }
}

/** A viewer: what it has seen so far, and whether it is still there. */
async function view(path: string): Promise<{ readonly seen: () => string; readonly isOpen: () => boolean }> {
  const { port } = ports.listeners[0] as { port: number }
  const req = request({ host: '127.0.0.1', port, path, agent: false }).end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  let seen = ''
  let isOpen = true
  res.setEncoding('utf8').on('data', (chunk) => {
    seen += chunk
  })
  res
    .on('error', () => {})
    .once('close', () => {
      isOpen = false
    })
  return { seen: () => seen, isOpen: () => isOpen }
}

test('W24: two pipelines share one port; what goes into one comes out of that one', async () => {
  await start()
  expect(ports.listeners).toHaveLength(1)
  const app = await view('/app/stream')
  const apple = await view('/apple')
  expect(await ask('/app/ingest', 'POST', '{"message":"for app"}')).toMatchObject({ status: 202 })
  expect(await ask('/apple/ingest', 'POST', '{"message":"for apple"}')).toMatchObject({ status: 202 })
  await expect.poll(app.seen).toContain('"for app"')
  await expect.poll(apple.seen).toContain('"for apple"')
  expect(app.seen()).not.toContain('for apple')
  expect(apple.seen()).not.toContain('for app"')
  expect((await ask('/status')).text).toContain('"total_pipelines": 2')
  expect(JSON.parse((await ask('/app/status')).text)).toMatchObject({
    server: { active_clients: 1, buffer_size: 1000, mode: { router: true } },
    endpoints: { transport: '/app/stream' },
    features: { heartbeat: { enabled: true, interval: 30, format: 'comment' }, net_limit: { enabled: false } },
    sources: [{ type: 'http', total_entries: 1 }],
    sinks: [{ type: 'http', total_processed: 1, active_connections: 1 }],
  })
  expect((await ask('/metrics')).text).toContain('logwisp_entries_total{pipeline="app",stage="source-0",kind="http"} 1')
  expect((await ask('/ap/stream')).status).toBe(404)
})

test('a stage is exchanged under load: no connection is refused, nothing accepted is lost, others keep their viewers', async () => {
  const running = await start()
  const app = await view('/app/stream')
  const accepted: number[] = []
  const statuses = new Map<number, number>()
  let isOver = false
  const send = async (from: number): Promise<void> => {
    for (let n = from; !isOver; n += 4) {
      const { status } = await ask('/apple/ingest', 'POST', `{"message":"line ${n}."}`)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === 202) accepted.push(n)
    }
  }
  const senders = Promise.all([0, 1, 2, 3].map(send))
  for (let round = 0; round < 5; round++) {
    const before = accepted.length
    expect(await running.reload(await configured(31 + round))).toMatchObject({ result: 'changed' })
    await expect.poll(() => accepted.length).toBeGreaterThan(before + 20)
  }
  isOver = true
  await senders
  expect([...statuses.keys()].filter((status) => status !== 202 && status !== 503)).toEqual([])
  const { sources, sinks } = JSON.parse((await ask('/apple/status')).text)
  expect(sources[0].total_entries).toBe(accepted.length)
  await expect
    .poll(async () => JSON.parse((await ask('/apple/status')).text).sinks[0].total_delivered)
    .toBe(accepted.length)
  expect(sinks[0].total_dropped).toBe(0)
  expect(app.isOpen()).toBe(true)
})
