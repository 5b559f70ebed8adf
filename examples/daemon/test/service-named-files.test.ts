/** What changes in a file that the configuration names is taken over by a reload, by exactly the stages that read it. */

import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashToken } from '@logwisp/core/server'
import { pino } from 'pino'
import { generate } from 'selfsigned'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../src/config/load.ts'
import type { LoadedConfig } from '../src/config/loaded-config.ts'
import { createPortHost } from '../src/http/ports.ts'
import { startService } from '../src/service/service.ts'
import type { Service } from '../src/service/service-contract.ts'
import { temporaryDirectory } from './build-kit.ts'
import { freePort } from './config-run/free-ports.ts'
import { configured, startDaemon } from './process-fixtures.ts'

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})

async function write(name: string, text: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
  return path
}

/** No token is shorter than 16 characters. */
const long = (token: string): string => token.padEnd(32, 'x')

const tokens = (token: string): Promise<string> => write('tokens', `viewer:sha256:${hashToken(long(token))}\n`)

async function load(sources: readonly object[], sinks: readonly object[]): Promise<LoadedConfig> {
  const configFile = await write('logwisp.json', JSON.stringify({ pipelines: [{ name: 'app', sources, sinks }] }))
  return loadConfig({ argv: new Map(), environment: {}, cwd: directory, configFile })
}

async function start(loaded: LoadedConfig): Promise<Service> {
  const ports = createPortHost({ home: (_req, res) => res.writeHead(404).end(), onWarning: () => {} })
  const service = await startService({
    loaded,
    log: pino({ enabled: false }),
    version: '0.0.0',
    stateDirectory: join(directory, 'state'),
    stdin: process.stdin,
    once: false,
    ports,
  })
  onTestFinished(async () => {
    await service.stop(0)
    await ports.close(0)
  })
  await service.started
  return service
}

/** A viewer; `isOpen` as long as its stream is. */
async function view(port: number, token?: string): Promise<{ readonly status: number; readonly isOpen: boolean }> {
  const abort = new AbortController()
  onTestFinished(() => abort.abort())
  const headers = token === undefined ? {} : { Authorization: `Bearer ${long(token)}` }
  const response = await fetch(`http://127.0.0.1:${port}/stream`, { headers, signal: abort.signal })
  const viewer = { status: response.status, isOpen: true }
  const ended = (): void => {
    viewer.isOpen = false
  }
  void response.body?.pipeTo(new WritableStream()).then(ended, ended)
  return viewer
}

test('another token in tokens_file: its stage is made anew, and no other', async () => {
  const [guarded, open] = [await freePort(), await freePort()]
  const auth = { type: 'bearer', bearer_auth: { tokens_file: await tokens('first') } }
  const again = (): Promise<LoadedConfig> =>
    load(
      [{ type: 'file', options: { path: join(directory, 'in.log') } }],
      [
        { type: 'http', options: { host: '127.0.0.1', port: open } },
        { type: 'http', options: { host: '127.0.0.1', port: guarded, auth } },
      ],
    )
  const service = await start(await again())
  const viewer = await view(open)
  expect((await view(guarded, 'first')).status).toBe(200)
  expect(await service.reload(await again())).toMatchObject({ result: 'unchanged' })

  await tokens('second')
  expect(await service.reload(await again())).toMatchObject({ changes: ['app: sink 1 (http) changed'] })
  expect((await view(guarded, 'first')).status).toBe(401)
  expect((await view(guarded, 'second')).status).toBe(200)
  expect(viewer).toEqual({ status: 200, isOpen: true })
})

test('secrets in files, and what a client trusts and shows, are compared by what they say', async () => {
  const made = await generate()
  const sink = (type: string, options: object): object => ({
    type,
    options: { url: 'https://127.0.0.1:9/', ...options },
  })
  const again = async (key: string, more: string): Promise<LoadedConfig> =>
    load(
      [{ type: 'file', options: { path: join(directory, 'in.log') } }],
      [
        sink('http_client', { headers: { 'x-key': `file:${await write('key', key)}` } }),
        sink('http_client', { ssl: { ca_file: await write('ca.pem', made.cert + more) } }),
      ],
    )
  const service = await start(await again('one', ''))
  expect(await service.reload(await again('two', ''))).toMatchObject({ changes: ['app: sink 0 (http_client) changed'] })
  expect(await service.reload(await again('two', '\n'))).toMatchObject({
    changes: ['app: sink 1 (http_client) changed'],
  })
})

test('certificates of servers are looked at while they serve: a reload leaves their viewers', async () => {
  const again = async (): Promise<LoadedConfig> => {
    const { cert, private: key } = await generate()
    const ssl = { enabled: true, cert_file: await write('cert.pem', cert), key_file: await write('key.pem', key) }
    const options = { host: '127.0.0.1', port: 0, ssl }
    return load([{ type: 'file', options: { path: join(directory, 'in.log') } }], [{ type: 'http', options }])
  }
  const service = await start(await again())
  expect(await service.reload(await again())).toMatchObject({ result: 'unchanged' })
})

test('config_auto_reload: a changed file of tokens is noticed as the configuration’s own is', async () => {
  const path = await tokens('first')
  const daemon = startDaemon(
    await configured(
      directory,
      `config_auto_reload = true
[[pipelines]]
name = "app"
auth = { type = "bearer", bearer_auth = { tokens_file = ${JSON.stringify(path)} } }
sources = [{ type = "file", options = { path = ${JSON.stringify(join(directory, 'in.log'))} } }]
sinks = [{ type = "http", options = { port = 0, host = "127.0.0.1" } }]
`,
    ),
  )
  const [, url] = await daemon.says(/ listening url=(\S+)/)
  await tokens('second')
  await daemon.says(/a file that the configuration names has changed/)
  await daemon.says(/the new configuration is in use/)
  const { port } = new URL(String(url))
  expect((await view(Number(port), 'second')).status).toBe(200)
})
