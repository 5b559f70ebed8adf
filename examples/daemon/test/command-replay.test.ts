/** `logwisp replay`: what a server rejected goes to it again, or elsewhere. */

import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { deadLetter, replay as replaySource } from '@logwisp/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ReplayOptions, replay } from '../src/commands/replay.ts'
import { removeDirectory, startCommand, temporaryDirectory } from './command-process.ts'

let cwd: string
let rejected: string
let server: Server
let url: string
/** What was taken, by message. */
let taken: string[]
/** Which messages are refused. */
let refuses: (message: string) => boolean
let isSilent: boolean

beforeEach(async () => {
  cwd = await temporaryDirectory()
  rejected = join(cwd, 'rejected')
  taken = []
  refuses = () => false
  isSilent = false
  server = createServer(async (request, response) => {
    const lines = (await text(request)).split('\n').filter((line) => line !== '')
    if (isSilent) return
    const messages = lines.map((line): string => JSON.parse(line).message)
    const isBad = messages.some((message) => refuses(message))
    if (!isBad) taken.push(...messages)
    response.writeHead(isBad ? 422 : 202, { 'content-type': 'application/json' })
    response.end(isBad ? '{"message":"no such index"}' : '{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`
})
afterEach(async () => {
  server.close()
  server.closeAllConnections()
  await removeDirectory(cwd)
})

/** Writes a configuration: a sink that posts, with these options, and other sinks. */
async function configure(options = `dead_letter = { directory = "${rejected}" }`, sinks = ''): Promise<void> {
  const config = `
[[pipelines]]
name = "app"
[[pipelines.sources]]
type = "directory"
options = { path = "${cwd}", pattern = "*.log", start_at = "beginning" }
[[pipelines.sinks]]
type = "http_client"
[pipelines.sinks.options]
url = "${url}"
format = "wire"
body = "lines"
batch_delay_ms = 10
retry_delay_ms = 10
${options}
${sinks}`
  await writeFile(join(cwd, 'logwisp.toml'), config)
}

interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** What the program does, but for reading the command line. */
async function run(sink?: string, options: ReplayOptions = {}): Promise<Said> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const said = Promise.all([text(stdout), text(stderr)])
  const environment = { HOME: cwd, XDG_CONFIG_HOME: cwd }
  const invocation = { argv: new Map(), configFile: undefined, environment, cwd, version: '0.0.0', words: [] }
  try {
    const code = await replay(sink, options, invocation, { stdin: new PassThrough(), stdout, stderr })
    stdout.end()
    stderr.end()
    const [out, err] = await said
    return { code, stdout: out, stderr: err }
  } finally {
    stdout.end()
    stderr.end()
  }
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `line ${n}`)

/** Keeps so many entries, as if they had been rejected. */
async function keep(count: number): Promise<void> {
  const letters = deadLetter(rejected)
  const why = { reason: 'HTTP 422: no such index', stage: 'httpClientSink', status: 422, endpoint: url }
  await Promise.all(numbered(count).map((message) => letters.reject({ time: 0, source: 'app.log', message }, why)))
  await letters.close()
}

describe('what was rejected', () => {
  test('is listed by why it was, and goes to the sink again; then nothing is left', async () => {
    await configure()
    await keep(10)
    const { stdout } = await run(undefined, { list: true })
    const reason = `${url}: HTTP 422: no such index`
    expect(stdout).toMatch(
      /^\S+\/rejected: 10 entries, rejected \S+Z to \S+Z\n {2}10 {2}\S+ HTTP 422: no such index\n$/,
    )
    expect(stdout).toContain(reason)
    expect(taken).toEqual([])
    expect(await run()).toEqual({
      code: 0,
      stdout: `10 entries replayed from ${rejected} into app/http_client\n0 entries there now\n`,
      stderr: '',
    })
    expect(taken).toEqual(numbered(10))
    expect(await readdir(rejected)).toEqual([])
    const again = await run(undefined, { json: true })
    expect(JSON.parse(again.stdout)).toMatchObject({ replayed: 0, rejected: 0, left: 0 })
    expect((await run(undefined, { list: true })).stdout).toBe(`${rejected}: 0 entries\n`)
  })

  test('and is rejected again is kept again: it is said where, and ends with 3, once for each', async () => {
    await configure()
    await keep(10)
    refuses = (message) => /[37]$/.test(message)
    const first = await run()
    expect(first.code).toBe(3)
    expect(first.stdout.split('\n').slice(0, 3)).toEqual([
      `8 entries replayed from ${rejected} into app/http_client`,
      `2 entries rejected again, kept in ${rejected}`,
      '2 entries there now',
    ])
    expect(first.stderr).toMatch(
      /^logwisp: \S+ rejected an entry \(HTTP 422: no such index\); it is among the dead letters/,
    )
    const second = await run('app', { json: true })
    expect(second.code).toBe(3)
    expect(JSON.parse(second.stdout)).toEqual({
      from: rejected,
      to: 'app/http_client',
      rejected_to: rejected,
      replayed: 0,
      rejected: 2,
      dropped: 0,
      unacknowledged: 0,
      unreadable: 0,
      left: 2,
    })
    expect((await run(undefined, { list: true })).stdout).toContain('2 entries, rejected')
    expect((await run(undefined, { list: true })).stdout).toContain(', 2 of them more than once')
    expect(taken).toHaveLength(8)
  })

  test('goes in portions, and elsewhere: the rest stays for the next', async () => {
    const file = `[[pipelines.sinks]]\ntype = "file"\noptions = { directory = "${cwd}/out", name = "app", min_disk_free_mb = 0 }`
    await configure(undefined, file)
    await keep(10)
    expect((await run('app/http_client', { count: '3' })).stdout).toContain('3 entries replayed')
    expect((await run(undefined, { list: true })).stdout).toContain(': 7 entries')
    expect((await run(undefined, { list: true, from: 'rejected' })).stdout).toContain(': 7 entries')
    const { code, stdout } = await run('app/file', { from: 'rejected' })
    expect([code, stdout]).toEqual([0, `7 entries replayed from ${rejected} into app/file\n0 entries there now\n`])
    expect(taken).toEqual(numbered(3))
    expect(await readFile(join(cwd, 'out', 'app.log'), 'utf8')).toBe(
      numbered(10)
        .slice(3)
        .map((line) => `${line}\n`)
        .join(''),
    )
  })

  test('into a sink without `dead_letter` of its own is kept where it was, when it is rejected again', async () => {
    await configure('')
    await keep(4)
    refuses = (message) => message === 'line 1'
    const { code, stdout } = await run('app/0', { from: 'rejected' })
    expect(code).toBe(3)
    expect(stdout).toContain(`1 entry rejected again, kept in ${rejected}\n1 entry there now\n`)
    expect(taken).toEqual(['line 0', 'line 2', 'line 3'])
  })

  test('stays where it is when the server refuses whatever is sent', async () => {
    await configure()
    await keep(4)
    server.removeAllListeners('request').on('request', (_request, response) => response.writeHead(404).end())
    await expect(run()).rejects.toMatchObject({ code: 'PEER_REFUSED' })
    expect((await run(undefined, { list: true })).stdout).toContain(': 4 entries')
  })

  test('as a process: stopped by Ctrl-C, what did not arrive is there for the next', async () => {
    await configure()
    await keep(10)
    isSilent = true
    const asked = once(server, 'request')
    const replaying = startCommand(['replay', '--json'], { cwd })
    await asked
    await expect(replaySource(rejected).toArray()).rejects.toMatchObject({
      code: 'FILE_IN_USE',
      message: expect.stringContaining(`a replay of process ${replaying.child.pid}`),
    })
    replaying.child.kill('SIGINT')
    await replaying.says(/stopping; what is under way has 5 s/)
    replaying.child.kill('SIGINT')
    const { code, stdout } = await replaying.result
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({ replayed: 0, rejected: 0, unacknowledged: 10, left: 10 })
    isSilent = false
    expect((await run()).code).toBe(0)
    expect(taken).toEqual(numbered(10))
  })

  test('goes beside a daemon that rejects more', async () => {
    await configure()
    await keep(5)
    refuses = (message) => message.startsWith('bad')
    await writeFile(join(cwd, 'app.log'), 'bad one\n')
    const daemon = startCommand([], { cwd })
    const listed = async (): Promise<string> => (await run(undefined, { list: true })).stdout
    await expect.poll(listed, { timeout: 20_000 }).toContain(': 6 entries')
    const { code, stdout } = await run()
    expect([code, stdout]).toEqual([3, expect.stringContaining('5 entries replayed')])
    expect(taken).toEqual(numbered(5))
    await writeFile(join(cwd, 'app.log'), 'bad two\n', { flag: 'a' })
    await expect.poll(listed, { timeout: 20_000 }).toContain(': 2 entries')
    daemon.child.kill('SIGTERM')
    expect((await daemon.result).code).toBe(0)
    refuses = () => false
    expect((await run()).code).toBe(0)
    expect(taken.sort()).toEqual(['bad one', 'bad two', ...numbered(5)])
  })
})

test('mistakes are said, with the names that there are', async () => {
  const others = '[[pipelines.sinks]]\ntype = "http"\noptions = { port = 0 }\n[[pipelines.sinks]]\ntype = "stdout"'
  await configure('', others)
  const said = async (sink?: string, options?: ReplayOptions): Promise<string> =>
    await run(sink, options).then(
      () => 'nothing',
      (error: Error) => `${error.name}: ${error.message}`,
    )
  expect(await said()).toBe(
    'UsageError: no sink of the configuration has `dead_letter`: name one to replay into, app/http_client or app/stdout, and give --from <directory>',
  )
  expect(await said('app/http_clinet')).toBe(
    'UsageError: there is no sink called `app/http_clinet`; did you mean app/http_client?',
  )
  expect(await said('app')).toBe('UsageError: the pipeline app has several sinks: name app/http_client or app/stdout')
  expect(await said('app/1')).toBe(
    'UsageError: app/http only shows entries, and nothing would keep them: name app/http_client or app/stdout',
  )
  expect(await said('app/stdout')).toBe(
    'UsageError: app/stdout has no `dead_letter`: give --from <directory>, with what is to be replayed',
  )
  expect(await said('app/stdout', { from: 'nowhere' })).toBe(
    `UsageError: there is no directory ${cwd}/nowhere: give the one with the rejected entries`,
  )
  expect(await said('app/stdout', { count: 'all' })).toBe(
    'UsageError: --count must be a whole number from 1, got `all`',
  )
  expect(await readdir(cwd)).toEqual(['logwisp.toml'])
})
