/** One row for each example configuration: what is said to it beside its file, and what else has to be seen of it. */

import { once } from 'node:events'
import { appendFile, copyFile, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { hashPassword } from '@logwisp/core/server'
import { SignJWT } from 'jose'
import { expect, vi } from 'vitest'
import { type ExampleDaemon, type ExampleOptions, exampleFolder } from './example-daemon.ts'
import { type Line, post } from './lines-in.ts'
import type { Output, ViewerAccess } from './lines-out.ts'

/** What is done with one file. */
export interface Row {
  /** Goes in at each source, and must come out of each sink. */
  readonly passes?: readonly Line[]
  /** Goes in before, and must come out nowhere: the file's filters and limits. */
  readonly dropped?: readonly Line[]
  /** What is shown by viewers and by senders. */
  readonly viewer?: ViewerAccess
  readonly sender?: Readonly<Record<string, string>>
  /** Made anew for each run. */
  readonly options?: (file: string) => Promise<ExampleOptions>
  /** What else the file says, once the lines are through. */
  readonly also?: (example: ExampleDaemon, outputs: ReadonlyMap<string, Output>) => Promise<void>
  /** Its own log, at the end. */
  readonly log?: (text: string) => void
}

/** Makes a line; its tag tells where it went in. */
const line = (level: string, text: string): Line => ({ level, text })

const error = line('ERROR', '[ERROR] database timeout <1> "quoted"')
const plain = line('', 'no level is told of here')

/** Of a file without filters. */
export const anyLines: readonly Line[] = [error, plain]

const basic = (text: string): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(text).toString('base64')}`,
})
const bearer = (token: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` })

async function statusAt(
  example: ExampleDaemon,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const { get } = await import(url.startsWith('https') ? 'node:https' : 'node:http')
  const request = get(url, { headers, ca: example.certificates.ca, agent: false })
  const [response] = await once(request, 'response')
  request.destroy()
  return response.statusCode as number
}

const http = (example: ExampleDaemon, port: number, path: string): string =>
  `http://127.0.0.1:${example.port(port)}${path}`
const https = (example: ExampleDaemon, port: number, path: string): string =>
  `https://127.0.0.1:${example.port(port)}${path}`

/** Whether a connection to the port stays open, rather than being closed at once. */
async function staysOpen(example: ExampleDaemon, port: number): Promise<boolean> {
  const socket = connectTcp({ host: '127.0.0.1', port: example.port(port) })
  example.daemon.exit.finally(() => socket.destroy())
  socket.on('error', () => {}).resume()
  return await Promise.race([
    once(socket, 'close').then(() => false),
    new Promise<boolean>((resolve) => setTimeout(resolve, 500, true)),
  ])
}

async function ownCopy(file: string): Promise<ExampleOptions> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-copy-'))
  const copy = join(directory, file.replace('/', '-'))
  await copyFile(join(exampleFolder, file), copy)
  return { copy, temporary: directory }
}

const totals = async (
  example: ExampleDaemon,
): Promise<{ total_processed: number; total_dropped_rate_limit: number; total_filtered: number }> => {
  const { pipelines } = await example.status()
  return Object.values(pipelines)[0] as never
}

const bytesPerEntry = 1_000_000

/** By file below the folder of the examples. */
export const rows: Readonly<Record<string, Row>> = {
  'go/aggregation.toml': {},
  'go/basic-auth.toml': {
    viewer: { headers: basic('admin:change-me') },
    also: async (example) => {
      const url = https(example, 8443, '/stream')
      expect(await statusAt(example, url)).toBe(401)
      expect(await statusAt(example, url, basic('admin:something-else'))).toBe(401)
      expect(await statusAt(example, url, basic('admin:change-me'))).toBe(200)
      const plainly = connectTcp({ host: '127.0.0.1', port: example.port(8443) })
      plainly.on('error', () => {}).end('GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n')
      const [answer = ''] = await Promise.race([once(plainly.setEncoding('latin1'), 'data'), once(plainly, 'close')])
      expect(String(answer)).not.toContain('200 OK')
      const versions = { host: '127.0.0.1', port: example.port(8443), ca: example.certificates.ca }
      const tls = connectTls({ ...versions, maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' })
      await once(tls, 'secureConnect')
      // Of the two suites of the file, the one for such a key.
      expect(tls.getCipher().standardName).toBe('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256')
      tls.destroy()
    },
  },
  'go/bearer-jwt.toml': {
    viewer: { headers: bearer('token1-is-long-enough-for-nobody-to-guess') },
    also: async (example) => {
      const url = http(example, 8080, '/stream')
      const key = Buffer.from('a-key-of-more-than-thirty-two-bytes-that-only-the-issuer-has')
      const token = (audience: string): Promise<string> =>
        new SignJWT({ scope: 'stream' })
          .setProtectedHeader({ alg: 'HS256' })
          .setSubject('ann')
          .setIssuer('https://login.example/')
          .setAudience(audience)
          .setExpirationTime('1 minute')
          .sign(key)
      expect(await statusAt(example, url)).toBe(401)
      expect(await statusAt(example, url, bearer('token2-is-as-well-and-quite-another-one'))).toBe(200)
      expect(await statusAt(example, url, bearer(await token('logwisp')))).toBe(200)
      expect(await statusAt(example, url, bearer(await token('something-else')))).toBe(401)
    },
  },
  'go/file-rotation.toml': {},
  'go/file-source.toml': {},
  'go/filters.toml': {
    passes: [line('ERROR', '[ERROR] database timeout'), line('WARN', '[WARN] a timeout of the database')],
    dropped: [
      line('ERROR', '[ERROR] database gone'),
      line('INFO', '[INFO] database timeout'),
      line('ERROR', '[ERROR] database timeout in /health'),
    ],
    also: async (example) => expect((await totals(example)).total_filtered).toBe(3),
    log: (text) => expect(text).toBe(''),
  },
  'go/forwarder.toml': {
    passes: [line('ERROR', '[ERROR] one'), line('WARN', '[WARN] two')],
    dropped: [line('INFO', '[INFO] three')],
    also: async (example) => {
      const [receiver] = example.receivers.get('pipelines.0.sinks.0') ?? []
      expect(receiver?.headers[0]).toMatchObject({
        authorization: 'Bearer <API_KEY_HERE>',
        'content-type': 'application/json',
      })
      // Both lines in one batch, after its delay.
      expect(receiver?.headers).toHaveLength(1)
    },
  },
  'go/full.toml': {
    dropped: [line('', 'GET /health-check')],
    also: async (example) => {
      // `pass`: beyond the rate, too, everything comes through.
      await appendFile(join(example.root, 'burst.log'), 'burst\n'.repeat(5000))
      await vi.waitFor(async () => expect((await totals(example)).total_processed).toBe(5003), 10_000)
      expect(await totals(example)).toMatchObject({ total_filtered: 1, total_dropped_rate_limit: 0 })
    },
  },
  'go/heartbeats.toml': {
    also: async (example, outputs) => {
      const events = await fetch(http(example, 8080, '/transport'))
      const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      while (!/event: heartbeat\ndata: .*\n\n/.test(text)) text += (await reader?.read())?.value ?? ''
      await reader?.cancel()
      const [, data] = /event: heartbeat\ndata: (.*)\n/.exec(text) as RegExpExecArray
      const heartbeat = JSON.parse(data as string)
      expect(Object.keys(heartbeat)).not.toContain('timestamp')
      expect(data).toMatch(/"viewers":\d+,"uptimeMs":\d+/)
      const tcp = outputs.get('pipelines.0.sinks.1')
      await vi.waitFor(() => expect(tcp?.texts().some((each) => each.includes('heartbeat'))).toBe(true), 5000)
      expect(await statusAt(example, http(example, 8080, '/state'))).toBe(200)
      const open = await Promise.all([1, 2, 3, 4].map(() => staysOpen(example, 9091)))
      expect(open.filter((is) => is)).toHaveLength(2)
    },
  },
  'go/hot-reload-json.toml': {
    options: ownCopy,
    also: async (example) => {
      const { config_file } = await example.status()
      const text = await readFile(config_file as string, 'utf8')
      expect(text).not.toContain('filters')
      const changed = `${text}\n[[pipelines.filters]]\ntype = "exclude"\npatterns = ["secret"]\n`
      await writeFile(config_file as string, changed)
      await vi.waitFor(async () => expect((await example.status()).last_reload?.result).toBe('changed'), 10_000)
      await appendFile(join(example.root, 'var/log/app/app.log'), 'a secret\n')
      await vi.waitFor(async () => expect((await totals(example)).total_filtered).toBe(1), 10_000)
    },
  },
  'go/http-client.toml': {
    also: async (example) => {
      const [receiver] = example.receivers.get('pipelines.0.sinks.0') ?? []
      expect(receiver?.headers[0]).toMatchObject({
        authorization: 'Bearer <API_KEY_HERE>',
        'x-custom-header': 'value',
        'content-type': 'application/json',
      })
    },
  },
  'go/http-to-file.toml': {},
  'go/http-to-file.yaml': {
    also: async (example, outputs) => {
      const entries = Array.from({ length: 1000 }, (_, index) => ({ message: `burst ${index}` }))
      expect(await post(example, http(example, 8081, '/ingest'), JSON.stringify(entries))).toBe(202)
      const dropped = async (): Promise<number> => (await totals(example)).total_dropped_rate_limit
      await vi.waitFor(async () => expect(await dropped()).toBeGreaterThan(0), 5000)
      const written = outputs.get('pipelines.0.sinks.0') as Output
      await vi.waitFor(async () => expect((await dropped()) + written.texts().length).toBe(1002), 5000)
      // 200 at once, less those before, and 100 in each second that it took.
      expect(await dropped()).toBeGreaterThan(300)
      expect(written.texts().length).toBeGreaterThanOrEqual(200)
    },
  },
  'go/json-fields.toml': {},
  'go/minimal.toml': {},
  'go/multiple-outputs.toml': {},
  'go/mutual-tls.toml': {
    viewer: { certificate: true },
    also: async (example) => {
      const socket = connectTls({ host: '127.0.0.1', port: example.port(9443), ca: example.certificates.ca })
      let given = ''
      socket.setEncoding('utf8').on('data', (text: string) => {
        given += text
      })
      socket.on('error', () => {})
      await new Promise((resolve) => socket.once('close', resolve))
      expect(given).toBe('')
    },
  },
  'go/net-limit.toml': {
    also: async (example) => {
      const url = http(example, 8081, '/logs')
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, index) => post(example, url, `{"message":"burst ${index}"}`)),
      )
      expect(new Set(answers)).toEqual(new Set([202, 429]))
      const taken = answers.filter((status) => status === 202).length
      expect(taken).toBeGreaterThanOrEqual(18)
      const viewers = await Promise.allSettled(Array.from({ length: 8 }, () => fetch(http(example, 8080, '/stream'))))
      const shown = viewers.flatMap((each) => (each.status === 'fulfilled' && each.value.ok ? [each.value] : []))
      // One is there already; a connection beyond the bound is closed before anything is said.
      expect(shown).toHaveLength(4)
      await Promise.all(shown.map(({ body }) => body?.cancel()))
      await vi.waitFor(async () => {
        const words: string[] = []
        for (let count = 0; count < 40; count++) words.push(await (await fetch(http(example, 8080, '/status'))).text())
        expect(words.join('')).toContain('Rate limit exceeded')
      }, 10_000)
    },
  },
  'go/operations.toml': {
    options: async (file) => ({ ...(await ownCopy(file)), flags: { pid_file: 'logwisp.pid' } }),
    also: async (example) => {
      expect(await example.daemon.exit).toBe(0)
      expect(example.daemon.output()).toMatch(/^Started LogWisp in background \(PID: \d+\)$/m)
      const log = await readFile(join(example.root, 'var/log/logwisp/logwisp.log'), 'utf8')
      const lines = log.split('\n').slice(0, -1)
      expect(lines.map((each) => (JSON.parse(each) as { msg: string }).msg)).toContain('listening')
    },
  },
  'go/quick-start.json': {
    passes: [line('ERROR', '[ERROR] one'), line('WARN', '[WARN] two'), line('FATAL', 'CRITICAL three')],
    dropped: [line('INFO', '[INFO] four')],
  },
  'go/quick-start.toml': {},
  'go/rate-limit.toml': {
    dropped: [line('', 'x'.repeat(bytesPerEntry + 1))],
    also: async (example, outputs) => {
      example.daemon.child.stdin?.write('burst\n'.repeat(20_000))
      const dropped = async (): Promise<number> => (await totals(example)).total_dropped_rate_limit
      const written = outputs.get('pipelines.0.sinks.0') as Output
      await vi.waitFor(async () => expect((await dropped()) + written.texts().length).toBe(20_003), 10_000)
      expect(await dropped()).toBeGreaterThan(5000)
      expect(written.texts().length).toBeGreaterThan(1900)
    },
  },
  'go/raw.toml': {},
  'go/router.toml': {
    also: async (example) => {
      const status = await (await fetch(http(example, 8080, '/status'))).json()
      expect(Object.keys((status as { pipelines: object }).pipelines)).toEqual(['api', 'web'])
      const missing = await fetch(http(example, 8080, '/apis/stream'))
      expect(missing.status).toBe(404)
      expect(await missing.text()).toContain('/api/stream')
      expect((await fetch(http(example, 8080, '/web/status'))).status).toBe(200)
    },
  },
  'go/saved-on-exit.toml': {},
  'go/split-console-alone.toml': {},
  'go/split-console.toml': { passes: anyLines },
  'go/tcp-streaming.toml': {
    also: async (example) => {
      const began = performance.now()
      const open = await Promise.all(Array.from({ length: 25 }, () => staysOpen(example, 9090)))
      const seconds = (performance.now() - began) / 1000
      const count = open.filter((is) => is).length
      // Ten at once, less the one that is there, and five a second.
      expect(count).toBeGreaterThanOrEqual(9)
      expect(count).toBeLessThanOrEqual(10 + 5 * seconds)
    },
  },
  'go/tcp-to-tcp-client.toml': {},
  'go/text-template.toml': {},
  'forward.yaml': {
    options: async () => ({ environment: { STREAM_TOKEN: 'a-token-for-the-stream-of-another' } }),
    also: async (example) => {
      expect(example.givers.get('pipelines.0.sources.1')?.headers[0]).toMatchObject(
        bearer('a-token-for-the-stream-of-another'),
      )
      const [first, second] = example.receivers.get('pipelines.0.sinks.0') ?? []
      expect(first?.headers[0]).toMatchObject({ 'content-encoding': 'gzip', prefer: 'respond-delivered' })
      expect(second?.texts).toEqual([])
    },
  },
  'live.toml': {
    dropped: [line('DEBUG', '[DEBUG] not this one')],
    also: async (example) => {
      await appendFile(join(example.root, 'var/log/app-debug.log'), '[ERROR] excluded\n')
      await appendFile(join(example.root, 'var/log/syslog'), 'the last one\n')
      await vi.waitFor(async () => expect((await totals(example)).total_processed).toBe(4), 10_000)
      const metrics = await (await fetch(http(example, 8089, '/metrics'))).text()
      expect(metrics).toMatch(/^logwisp_\w+\{.*pipeline="machine"/m)
      expect((await fetch(http(example, 8080, '/'))).headers.get('content-type')).toContain('text/html')
    },
  },
  'secure.toml': {
    viewer: { headers: basic('ann:the password of ann') },
    sender: basic('app:the password of app'),
    options: async () => {
      const directory = await mkdtemp(join(tmpdir(), 'logwisp-secret-'))
      const hash = join(directory, 'hash')
      await writeFile(hash, await hashPassword('the password of app'), { mode: 0o600 })
      return {
        temporary: directory,
        flags: { 'pipelines.0.auth.basic_auth.users.0.password_hash': `file:${hash}` },
        environment: { ANN_PASSWORD_HASH: await hashPassword('the password of ann') },
      }
    },
    also: async (example) => {
      const ingest = https(example, 8443, '/ingest')
      expect(await post(example, ingest, '{"message":"x"}')).toBe(401)
      expect(await post(example, ingest, '{"message":"x"}', basic('ann:the password of ann'))).toBe(403)
      const stream = https(example, 8443, '/stream')
      expect(await statusAt(example, stream, basic('app:the password of app'))).toBe(403)
    },
  },
  'sockets.json': {},
}

/** Two files that are made for each other: each is tried with the other; and one that needs a far side of its own. */
export const tried: readonly string[] = ['chain-edge.toml', 'chain-collector.toml', 'buffered-edge.toml']
