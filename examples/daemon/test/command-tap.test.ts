/** `logwisp tap`: what a person sees of a stream, and what becomes of it when things go wrong. */

import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import type { LogEntry, LogLevel } from '@logwisp/core'
import { accessControl, hashToken } from '@logwisp/core/server'
import { type SseSink, sseSink, tcpSink, webSocketSink } from '@logwisp/sinks'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { entryLine } from '../src/commands/tap/entry-line.ts'
import { sinceTime } from '../src/commands/tap/since.ts'
import {
  command,
  program,
  removeDirectory,
  startAtTerminal,
  startCommand,
  startProcess,
  temporaryDirectory,
} from './command-process.ts'

let cwd: string
beforeAll(async () => {
  cwd = await temporaryDirectory()
})
afterAll(() => removeDirectory(cwd))

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** An entry of this minute: a line of today shows no date. */
const entry = (message: string, level?: LogLevel, more: Partial<LogEntry> = {}): LogEntry => ({
  time: Date.now(),
  source: 'app.log',
  message,
  ...(level && { level }),
  ...more,
})

async function stream(options: Parameters<typeof sseSink>[0] = {}): Promise<{ sink: SseSink; url: string }> {
  const sink = sseSink({ port: 0, ...options })
  ends.push(() => sink.destroy())
  // The first entry of all: somebody who asks for the backlog gets it.
  if (sink.address === undefined) await once(sink, 'listening')
  return { sink, url: `http://127.0.0.1:${sink.address?.port}/stream` }
}

/** Writes entries once so many look. */
async function giveTo(sink: SseSink, viewers: number, ...entries: readonly LogEntry[]): Promise<void> {
  while (sink.stats.viewers.connected < viewers) await new Promise((resolve) => setImmediate(resolve))
  for (const each of entries) sink.write(each)
}

/** A line without its time of day. */
const plain = (text: string): string => text.replaceAll(/^\d\d:\d\d:\d\d\.\d{3} /gm, '')

describe('a stream of events', () => {
  test('shows time, level, source and message, and ends with 0 after --count lines', async () => {
    const { sink, url } = await stream()
    const tap = startCommand(['tap', url, '--count', '2'], { cwd })
    await giveTo(sink, 1, entry('started'), entry('disk nearly full', 'warn'), entry('never seen'))
    const { code, stdout, stderr } = await tap.result
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {7}app\.log {2}started\n/)
    expect(plain(stdout)).toBe('      app.log  started\nWARN  app.log  disk nearly full\n')
  })

  test('filters by --grep, --not, --level and --since, shows --fields, and --json has everything', async () => {
    const { sink, url } = await stream()
    const lines = [
      entry('timeout after 3 s', 'error', { fields: { user: { id: 7 }, path: '/a b' } }),
      entry('timeout of a probe', 'error'),
      entry('timeout, but only a note', 'info'),
      entry('timeout long ago', 'error', { time: Date.now() - 7_200_000 }),
      entry('something else', 'fatal'),
      entry('timed out', 'fatal', { fields: { user: { id: 8 } } }),
    ]
    for (const line of lines) sink.write(line)
    const filters = ['--grep', 'time(out|d out)', '--not', 'probe', '--level', 'warn', '--since', '1h', '--count', '2']
    const [text, json] = await Promise.all([
      command(['tap', url, ...filters, '--fields', 'user.id,path'], { cwd }),
      command(['tap', url, ...filters, '--json'], { cwd }),
    ])
    expect(plain(text.stdout)).toBe(
      'ERROR app.log  timeout after 3 s  user.id=7  path="/a b"\nFATAL app.log  timed out  user.id=8\n',
    )
    expect(
      json.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).fields),
    ).toEqual([{ user: { id: 7 }, path: '/a b' }, { user: { id: 8 } }])
    expect([text.code, json.code]).toEqual([0, 0])
  })

  test('Ctrl-C ends it quietly with 0, and so does a reader that goes away', async () => {
    const { sink, url } = await stream()
    const interrupted = startCommand(['tap', url], { cwd })
    await giveTo(sink, 1, entry('one'))
    await interrupted.says(/one\n/)
    interrupted.child.kill('SIGINT')
    expect(await interrupted.result).toMatchObject({ code: 0, stderr: '' })

    const words = [...program, 'tap', url, '--backlog', '1'].map((word) => `'${word}'`).join(' ')
    const piped = startProcess(['bash', '-c', `set -o pipefail; ${words} | head -1`], { cwd, input: '' })
    await piped.says(/one\n/)
    // What comes after head has gone.
    const writing = setInterval(() => sink.write(entry('more')), 20)
    const result = await piped.result
    clearInterval(writing)
    expect({ ...result, stdout: plain(result.stdout) }).toEqual({ code: 0, stdout: '      app.log  one\n', stderr: '' })
  })

  test('at a terminal entries have the colour of their level, and control characters are shown, not obeyed', async () => {
    const { sink, url } = await stream()
    sink.write(entry('\x1b]0;owned\x07\x1b[2J', 'error'))
    const { code, stdout } = await startAtTerminal(['tap', url, '--backlog', '1', '--count', '1'], { cwd }).result
    expect(code).toBe(0)
    expect(stdout).toContain('\\x1b]0;owned\\x07\\x1b[2J')
    expect(stdout).not.toContain('\x1b]0;')
    expect(stdout).toMatch(/\x1b\[\d*3?1m?.*ERROR/)
    const uncolored = await startAtTerminal(['tap', url, '--backlog', '1', '--count', '1', '--no-color'], { cwd })
      .result
    expect(uncolored.stdout).not.toContain('\x1b[')
  })

  test('a server that goes away and comes back is said once, and no line is missed or shown twice', async () => {
    const { sink, url } = await stream()
    const port = sink.address?.port as number
    sink.write(entry('before'))
    const tap = startCommand(['tap', url, '--backlog', '5', '--count', '2'], { cwd })
    await tap.says(/before\n/)
    sink.destroy()
    await once(sink, 'close')
    await tap.says(/logwisp: .*trying again/)
    const again = await stream({ port })
    again.sink.write(entry('after'))
    const { code, stdout, stderr } = await tap.result
    expect(code).toBe(0)
    expect(plain(stdout)).toBe('      app.log  before\n      app.log  after\n')
    expect(stderr.match(/trying again/g)).toHaveLength(1)
    expect(stderr).toContain(`logwisp: connected to 127.0.0.1:${port} again`)
  })

  test('entries that a server says are missing are told', async () => {
    const server = await served((_, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      res.write(
        'data: {"message":"a"}\n\nevent: dropped\ndata: {"entries":12,"reason":"too-slow"}\n\ndata: {"message":"b"}\n\n',
      )
    })
    const { code, stderr } = await command(['tap', `${server}stream`, '--count', '2'], { cwd })
    expect(code).toBe(0)
    expect(stderr).toMatch(/^logwisp: http:\/\/\S+: 12 entries are missing here, since .*\n$/)
  })

  test('shows a token from a file or the environment, none from the command line, and says when one is needed', async () => {
    const token = 'a-token-of-some-length'
    const { sink, url } = await stream({ access: accessControl({ tokens: { me: { hash: hashToken(token) } } }) })
    sink.write(entry('secret'))
    await writeFile(join(cwd, 'token'), `${token}\n`, { mode: 0o600 })
    const words = ['tap', url, '--backlog', '1', '--count', '1']
    const [file, variable, typed, none] = await Promise.all([
      command([...words, '--token', 'file:token'], { cwd }),
      command([...words, '--token', 'env:TOKEN'], { cwd, environment: { TOKEN: token } }),
      command([...words, '--token', token], { cwd }),
      command(words, { cwd }),
    ])
    expect([file.code, variable.code, typed.code, none.code]).toEqual([0, 0, 2, 1])
    expect(plain(file.stdout)).toBe('      app.log  secret\n')
    expect(typed.stderr).toContain('--token takes file:PATH or env:NAME')
    expect(typed.stderr).not.toContain(token)
    expect(none.stderr).toMatch(/401/)
  })
})

describe('other streams', () => {
  test('WebSocket', async () => {
    const sink = webSocketSink({ port: 0 })
    ends.push(() => sink.destroy())
    await once(sink, 'listening')
    sink.write(entry('by socket', 'info'))
    const { code, stdout } = await command(
      ['tap', `ws://127.0.0.1:${sink.address?.port}/socket`, '--backlog', '1', '--count', '1'],
      { cwd },
    )
    expect([code, plain(stdout)]).toEqual([0, 'INFO  app.log  by socket\n'])
  })

  test('lines over TCP, JSON or not, and a connection that breaks', async () => {
    let connections = 0
    const server = createTcpServer((socket) => {
      connections++
      socket.on('error', () => undefined)
      socket.end(
        connections === 1
          ? 'WARN plain text\n{"message":"as JSON","level":"error","source":"x"}\n{"logwisp":"dropped","entries":3,"reason":"too-slow"}\n'
          : 'the last one\n',
      )
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    ends.push(() => server.close())
    const { port } = server.address() as AddressInfo
    const { code, stdout, stderr } = await command(['tap', `tcp://127.0.0.1:${port}`, '--count', '3'], { cwd })
    expect(code).toBe(0)
    expect(plain(stdout)).toBe(
      `WARN  127.0.0.1:${port}  WARN plain text\nERROR x  as JSON\n      127.0.0.1:${port}  the last one\n`,
    )
    expect(stderr).toContain('logwisp: 3 entries are missing here (too-slow)\n')
    expect(stderr).toContain(`logwisp: the connection to 127.0.0.1:${port} ended; trying again\n`)
    expect(stderr).toContain(`logwisp: connected to 127.0.0.1:${port} again\n`)
  })

  test('a tcp sink that asks who it is', async () => {
    const token = 'a-token-of-some-length'
    const sink = tcpSink({
      port: 0,
      format: 'json',
      backlogEntries: 1,
      access: accessControl({ tokens: { me: { hash: hashToken(token) } } }),
    })
    ends.push(() => sink.destroy())
    await once(sink, 'listening')
    sink.write(entry('let in'))
    const words = ['tap', `tcp://127.0.0.1:${sink.address?.port}`, '--count', '1', '--token', 'env:TOKEN']
    const [right, wrong] = await Promise.all([
      command(words, { cwd, environment: { TOKEN: token } }),
      command(words, { cwd, environment: { TOKEN: 'another-token-of-that-length' } }),
    ])
    expect([right.code, plain(right.stdout)]).toEqual([0, '      app.log  let in\n'])
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain('refuses')
  })
})

describe('the address of a daemon', () => {
  const status = (pipelines: object): object => ({ service: 'LogWisp', pipelines })

  test('its only stream is shown; of several one has to be named, and at a terminal it asks', async () => {
    const { sink, url } = await stream()
    sink.write(entry('of the app'))
    const port = new URL(url).port
    const one = await served(
      (_, res) =>
        void res.end(
          JSON.stringify(
            status({ app: { endpoints: { stream: `http://127.0.0.1:${port}/stream` } }, mute: { endpoints: {} } }),
          ),
        ),
    )
    const two = await served(
      (_, res) =>
        void res.end(
          JSON.stringify(
            status({
              app: { endpoints: { stream: `http://127.0.0.1:${port}/stream` } },
              db: { endpoints: { stream: '/db/stream' } },
            }),
          ),
        ),
    )
    const more = ['--backlog', '1', '--count', '1']
    const [only, several, named, unknown] = await Promise.all([
      command(['tap', one, ...more], { cwd, input: '' }),
      command(['tap', two, ...more], { cwd, input: '' }),
      command(['tap', two, ...more, '--pipeline', 'app'], { cwd, input: '' }),
      command(['tap', two, ...more, '--pipeline', 'appl'], { cwd, input: '' }),
    ])
    expect([only.code, several.code, named.code, unknown.code]).toEqual([0, 2, 0, 2])
    expect(plain(only.stdout)).toBe('      app.log  of the app\n')
    expect(several.stderr).toContain('there are several streams: say which with --pipeline: app, db')
    expect(unknown.stderr).toContain('has no stream of `appl`: there is app, db')
    const asking = startAtTerminal(['tap', two, ...more], { cwd })
    await asking.says(/1 {2}app\r\n {2}2 {2}db\r\nWhich\? /)
    asking.child.stdin?.write('1\r')
    await asking.says(/of the app/)
    expect((await asking.result).code).toBe(0)
  })

  test('something else that answers, and nobody who does', async () => {
    const other = await served((_, res) => void res.writeHead(404).end('no'))
    const closed = createTcpServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    closed.close()
    const [notOurs, nobody] = await Promise.all([
      command(['tap', other], { cwd, input: '' }),
      command(['tap', `localhost:${port}`], { cwd, input: '' }),
    ])
    expect([notOurs.code, nobody.code]).toEqual([1, 1])
    expect(notOurs.stderr).toContain(
      `logwisp: there is no LogWisp at ${other}status (it answers with 404): give the address of one\n`,
    )
    expect(nobody.stderr).toBe(`logwisp: http://localhost:${port} does not answer: nobody listens there\n`)
  })
})

test('--since takes spans, times of today and dates, and nothing else', () => {
  const now = new Date(2026, 0, 31, 12, 0, 0).getTime()
  expect(sinceTime('90s', now)).toBe(now - 90_000)
  expect(sinceTime('1.5h', now)).toBe(now - 5_400_000)
  expect(sinceTime('11:30', now)).toBe(now - 1_800_000)
  expect(sinceTime('2026-01-31', now)).toBe(now - 12 * 3_600_000)
  expect(sinceTime('2026-01-31T11:00:00Z', now)).toBe(Date.UTC(2026, 0, 31, 11))
  for (const text of ['', 'yesterday', '5', '25:00', '12:60', '2026', '10w']) {
    expect(() => sinceTime(text, now), text).toThrow('--since must be like')
  }
})

test('an entry of another day shows its date, and a field with a dot in its name comes before one inside', () => {
  const line = entryLine({ json: false, fields: ['user.id', 'none'] })
  const time = new Date(2020, 4, 6, 7, 8, 9, 10).getTime()
  expect(line({ time, source: 's', message: 'm', fields: { 'user.id': 1, user: { id: 2 } } })).toBe(
    '2020-05-06 07:08:09.010       s  m  user.id=1',
  )
})

async function served(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(answer as never).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
