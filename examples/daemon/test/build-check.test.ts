/** What cannot be made is found when a configuration is loaded, and looking for it opens nothing. */

import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { generate } from 'selfsigned'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { checkBuildable } from '../src/build/check-buildable.ts'
import { loadConfig } from '../src/config/load.ts'
import { ConfigError, type LoadedConfig, problemText } from '../src/config/loaded-config.ts'
import { temporaryDirectory } from './build-kit.ts'

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})

async function secret(name: string, text: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, text, { mode: 0o600 })
  return path
}

async function load(pipelines: readonly object[], more: object = {}): Promise<LoadedConfig> {
  const configFile = await secret('logwisp.json', JSON.stringify({ ...more, pipelines }, undefined, 2))
  return await loadConfig({ argv: new Map(), environment: {}, cwd: directory, configFile }, checkBuildable)
}

async function problems(pipelines: readonly object[], more: object = {}): Promise<readonly string[]> {
  const error = await load(pipelines, more).catch((reason: unknown) => reason)
  if (!(error instanceof ConfigError)) throw new Error(`it was not refused as it should: ${error}`)
  return error.problems.map(problemText)
}

const stdin = { type: 'stdin' }
const stdout = { type: 'stdout' }
const withSinks = (...sinks: readonly object[]): object => ({
  name: 'app',
  sources: [{ type: 'file', options: { path: '/nowhere' } }],
  sinks,
})
const withAuth = (auth: object): object => ({
  ...withSinks({ type: 'http', options: { port: 0, host: '127.0.0.1' } }),
  auth,
})

test('templates and layouts of times are read, each problem at its place in the file', async () => {
  const options = { format: 'text', format_options: { template: '{{.Nothing | Nothing}}' } }
  const found = await problems([
    withSinks({ type: 'stdout', options }, stdout, { type: 'stderr', options: { ...options, target: 'stderr' } }),
    {
      ...withSinks(stdout),
      name: 'two',
      format: 'text',
      format_options: { template: '{{if}}' },
    },
  ])
  expect(found).toHaveLength(3)
  expect(found[0]).toMatch(
    /logwisp\.json:\d+:\d+: pipelines\.0\.sinks\.0\.options\.format_options\.template: .*no function Nothing/,
  )
  expect(found[1]).toMatch(/pipelines\.0\.sinks\.2\.options\.format_options\.template: /)
  expect(found[2]).toMatch(/logwisp\.json:\d+:\d+: pipelines\.1\.format_options\.template: .*a value is missing/)
})

test.skipIf('zstdCompress' in zlib)('a compression that this Node lacks is refused', async () => {
  const sink = { type: 'http_client', options: { url: 'http://127.0.0.1:9/', compress: 'zstd' } }
  expect(await problems([withSinks(sink)])).toEqual([
    expect.stringMatching(/pipelines\.0\.sinks\.0\.options: .*22\.15/),
  ])
})

test('files of users and tokens with nobody in them, or with lines that are none, are refused', async () => {
  const empty = await secret('empty', '# nobody\n')
  const torn = await secret('torn', 'ann:sha256:00\nno colon\n')
  const plain = await secret('plain', 'ann:letmein\n')
  const auths = [
    { type: 'basic', basic_auth: { users_file: empty } },
    { type: 'bearer', bearer_auth: { tokens_file: torn } },
    { type: 'basic', basic_auth: { users_file: plain } },
  ]
  const found = await problems(auths.map((auth, index) => ({ ...withAuth(auth), name: `p${index}` })))
  expect(found).toHaveLength(3)
  expect(found[0]).toMatch(/pipelines\.0\.auth\.basic_auth: nobody is known/)
  expect(found[1]).toMatch(/pipelines\.1\.auth\.bearer_auth\.tokens_file: .*torn:2: must be/)
  expect(found[2]).toMatch(/pipelines\.2\.auth: .*ann/)
  expect(found.join()).not.toContain('letmein')
})

test('a key that is not the certificate’s, and authorities and lists that are none, are refused', async () => {
  const [one, other] = await Promise.all([generate(), generate()])
  const cert_file = await secret('cert.pem', one.cert)
  const key_file = await secret('key.pem', one.private)
  const strange = await secret('other.pem', other.private)
  const noCertificate = await secret('none.pem', 'no certificate\n')
  const server = (ssl: object): object => ({
    type: 'http',
    options: { port: 0, host: '127.0.0.1', ssl: { enabled: true, cert_file, ...ssl } },
  })
  const client = (ssl: object): object => ({ type: 'http_client', options: { url: 'https://127.0.0.1:9/', ssl } })
  const mutual = { key_file, client_auth: true }
  const found = await problems(
    [
      server({ key_file: strange }),
      server({ ...mutual, client_ca_file: noCertificate }),
      server({ ...mutual, client_ca_file: cert_file, crl_file: noCertificate }),
      client({ cert_file, key_file: strange }),
      client({ ca_file: noCertificate }),
    ].map((sink, index) => ({ ...withSinks(sink), name: `p${index}` })),
    { status: { port: 0, ssl: { enabled: true, cert_file, key_file: strange } } },
  )
  expect(found.map((text) => /: ((?:pipelines\.\d|status)[^:]*): /.exec(text)?.[1])).toEqual([
    'status.ssl.key_file',
    'pipelines.0.sinks.0.options.ssl.key_file',
    'pipelines.1.sinks.0.options.ssl.client_ca_file',
    'pipelines.2.sinks.0.options.ssl',
    'pipelines.3.sinks.0.options.ssl.key_file',
    'pipelines.4.sinks.0.options.ssl.ca_file',
  ])
})

test('keys of tokens that are too short, or no keys, are refused', async () => {
  const jwt = (signing_key: string): object => ({
    type: 'bearer',
    bearer_auth: { jwt: { signing_key, issuer: 'https://issuer.example', audience: 'logwisp' } },
  })
  const found = await problems([
    { ...withAuth(jwt('short')), name: 'short' },
    { ...withAuth(jwt('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----')), name: 'pem' },
  ])
  expect(found).toEqual([
    expect.stringMatching(/pipelines\.0\.auth: .*32 bytes/),
    expect.stringMatching(/pipelines\.1\.auth: .*PEM/),
  ])
})

test('what is wrong is said once: not by the schema, by the whole, and by what makes it', async () => {
  const found = await problems([
    { ...withAuth({ type: 'basic' }), filters: [{ type: 'include', patterns: ['('] }] },
    {
      ...withSinks(
        { type: 'http', options: { port: 'x' } },
        { type: 'stdout', options: { format: 'text', format_options: { template: '{{' } } },
        { type: 'file', options: { directory: directory, name: 'a', max_size_mb: 100, max_total_size_mb: 1 } },
        { type: 'http_client', options: { url: 'http://a.example', headers: { key: 'file:/nowhere' } } },
      ),
      name: 'two',
    },
  ])
  expect(found.map((text) => text.replace(/^[^:]*:\d+:\d+: /, '').slice(0, 60))).toEqual([
    expect.stringMatching(/^pipelines\.0\.auth\.type: /),
    expect.stringMatching(/^pipelines\.0\.filters\.0\.patterns\.0: /),
    expect.stringMatching(/^pipelines\.1\.sinks\.0\.options\.port: /),
    expect.stringMatching(/^pipelines\.1\.sinks\.1\.options\.format_options\.template: /),
    expect.stringMatching(/^pipelines\.1\.sinks\.2\.options\.max_total_size_mb: /),
    expect.stringMatching(/^pipelines\.1\.sinks\.3\.options\.headers\.key: /),
  ])
})

test('everything that can be made is, and nothing is opened: no port, no connection, no file', async () => {
  let connections = 0
  const server = createServer(() => connections++).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const logs = join(directory, 'logs')
  await mkdir(logs)
  await writeFile(join(logs, 'a.log'), 'a\n')
  const there = { host: '127.0.0.1', port }
  const { config } = await load([
    {
      name: 'all',
      sources: [
        stdin,
        { type: 'directory', options: { path: logs } },
        { type: 'file', options: { path: join(logs, 'a.log') } },
        { type: 'http', options: there },
        { type: 'tcp', options: { host: '127.0.0.1', port: port + 1 } },
        { type: 'sse', options: { url: `http://127.0.0.1:${port}/` } },
        { type: 'websocket', options: { url: `ws://127.0.0.1:${port}/` } },
        { type: 'websocket', options: { ...there, ingest_path: '/socket' } },
      ],
      filters: [{ type: 'level', minimum: 'warn' }],
      sinks: [
        stdout,
        { type: 'file', options: { directory: join(directory, 'out'), name: 'a' } },
        { type: 'http', options: there },
        { type: 'websocket', options: { ...there, stream_path: '/frames' } },
        { type: 'tcp', options: { host: '127.0.0.1', port: port + 2 } },
        { type: 'http_client', options: { url: `http://127.0.0.1:${port}/` } },
        { type: 'tcp_client', options: { address: `127.0.0.1:${port}` } },
      ],
    },
  ])
  const listeners = process.stdout.listenerCount('error')
  expect(await checkBuildable(config)).toEqual([])
  // A connection that was begun would be here before one that begins now is answered.
  await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(200) }).catch(() => {})
  expect(connections).toBe(1)
  expect((await readdir(directory)).sort()).toEqual(['logs', 'logwisp.json'])
  expect(process.stdout.listenerCount('error')).toBe(listeners)
  expect(process.stdin.destroyed).toBe(false)
})
