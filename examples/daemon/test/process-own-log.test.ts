/** The daemon's own log: where lines go, how they look, and what never gets into them. */

import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { expect, onTestFinished, test, vi } from 'vitest'
import { logging } from '../src/config/schema/logging.ts'
import type { Config } from '../src/config/schema.ts'
import { Secret } from '../src/config/secret.ts'
import { type OwnLog, openOwnLog } from '../src/service/own-log.ts'
import { ownLogLine } from '../src/service/own-log-line.ts'

type LoggingInput = Parameters<typeof logging.parse>[0]

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-own-log-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

function settings(input: object, quiet = false): Pick<Config, 'logging' | 'quiet'> {
  return { logging: logging.parse(input as LoggingInput), quiet }
}

function console(): { stdout: PassThrough; stderr: PassThrough; out(): string; err(): string } {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const read = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString() ?? ''
  return { stdout, stderr, out: () => read(stdout), err: () => read(stderr) }
}

async function opened(input: object, to = console(), quiet = false): Promise<OwnLog> {
  const log = await openOwnLog(settings(input, quiet), to)
  onTestFinished(() => log.close())
  return log
}

test('writes a line for people to standard error unless told otherwise', async () => {
  const to = console()
  const { log } = await opened({}, to)
  log.debug('too little')
  log.info({ pipeline: 'app', count: 3 }, 'it runs')
  expect(to.err()).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z INFO {2}it runs pipeline=app count=3\n$/)
  expect(to.out()).toBe('')
})

test.each([
  ['stdout', { output: 'stdout' }, 'one\ntwo\n', ''],
  ['stderr', { output: 'stderr' }, '', 'one\ntwo\n'],
  ['none', { output: 'none' }, '', ''],
  ['both, split', { output: 'both', console: { target: 'split' } }, 'one\n', 'two\n'],
  ['both, stdout', { output: 'both', console: { target: 'stdout' } }, 'one\ntwo\n', ''],
  ['both', { output: 'both' }, '', 'one\ntwo\n'],
  ['file', { output: 'file' }, '', ''],
])('output = %s goes there and nowhere else', async (_name, input, out, err) => {
  const directory = await temporaryDirectory()
  const to = console()
  const ownLog = await opened({ ...input, file: { directory } }, to)
  ownLog.log.info('one')
  ownLog.log.warn('two')
  await ownLog.close()
  const words = (text: string): string => text.replace(/^.* (\w+)$/gm, '$1')
  expect(words(to.out())).toBe(out)
  expect(words(to.err())).toBe(err)
  const hasFile = input.output === 'both' || input.output === 'file'
  expect(await readdir(directory)).toEqual(hasFile ? ['logwisp.log'] : [])
  if (hasFile) expect(words(await readFile(join(directory, 'logwisp.log'), 'utf8'))).toBe('one\ntwo\n')
  expect(ownLog.isOnConsole).toBe(out !== '' || err !== '')
})

test('quiet is off, whatever the output', async () => {
  const directory = await temporaryDirectory()
  const to = console()
  const ownLog = await opened({ output: 'both', file: { directory } }, to, true)
  ownLog.log.fatal('words')
  await ownLog.close()
  expect(to.out() + to.err()).toBe('')
  expect(await readdir(directory)).toEqual([])
})

test('as JSON a line has a level and a time that LogWisp reads back, in the file too', async () => {
  const directory = await temporaryDirectory()
  const to = console()
  const ownLog = await opened({ output: 'both', console: { format: 'json' }, file: { directory } }, to)
  ownLog.log.error({ err: new Error('broken') }, 'words')
  await ownLog.close()
  const line = to.err()
  expect(JSON.parse(line)).toMatchObject({ level: 'error', msg: 'words', pid: process.pid, err: { message: 'broken' } })
  expect(Number.isNaN(Date.parse(JSON.parse(line).time))).toBe(false)
  expect(await readFile(join(directory, 'logwisp.log'), 'utf8')).toBe(line)
})

test('the file is rotated by size, and what is beyond the whole size is removed', async () => {
  const directory = await temporaryDirectory()
  const file = { directory, name: 'own', max_size_mb: 0.01, max_total_size_mb: 0.03 }
  const ownLog = await opened({ output: 'file', file })
  for (let i = 0; i < 1000; i++) {
    ownLog.log.info(`line ${i} ${'x'.repeat(60)}`)
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await ownLog.close()
  const names = (await readdir(directory)).filter((name) => name.endsWith('.log')).sort()
  expect(names.length).toBeGreaterThanOrEqual(3)
  const sizes = await Promise.all(names.map(async (name) => (await readFile(join(directory, name))).length))
  expect(Math.max(...sizes)).toBeLessThanOrEqual(10_000)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(30_000)
  expect(await readFile(join(directory, 'own.log'), 'utf8')).toContain('line 999 ')
})

test('every line that was logged is in the file once it is closed', async () => {
  const directory = await temporaryDirectory()
  const ownLog = await opened({ output: 'file', file: { directory } })
  for (let i = 0; i < 5000; i++) ownLog.log.info(`line ${i}.`)
  await ownLog.close()
  const lines = (await readFile(join(directory, 'logwisp.log'), 'utf8')).trimEnd().split('\n')
  expect(lines.map((line) => / line (\d+)\.$/.exec(line)?.[1])).toEqual(Array.from({ length: 5000 }, (_, i) => `${i}`))
})

test('a file that cannot take more does not stop the daemon: lines beyond the bound are dropped, and counted there', async () => {
  const directory = await temporaryDirectory()
  const ownLog = await opened({ output: 'file', file: { directory } })
  for (let i = 0; i < 12_000; i++) ownLog.log.info('line')
  // Once the disk has taken what was kept, there is room again.
  await vi.waitFor(async () => {
    expect((await readFile(join(directory, 'logwisp.log'), 'utf8')).match(/ line\n/g)).toHaveLength(10_000)
  })
  ownLog.log.info('after')
  await ownLog.close()
  const text = await readFile(join(directory, 'logwisp.log'), 'utf8')
  const [, missing] = /(\d+) lines of this log are missing here/.exec(text) ?? []
  expect(Number(missing)).toBe(2000)
  expect(text).toMatch(/missing here.*\n.* after\n$/)
})

test('a file that somebody moved is opened anew when asked', async () => {
  const directory = await temporaryDirectory()
  const ownLog = await opened({ output: 'file', file: { directory } })
  ownLog.log.info('before')
  await ownLog.reopen()
  await rename(join(directory, 'logwisp.log'), join(directory, 'moved'))
  await ownLog.reopen()
  ownLog.log.info('after')
  await ownLog.close()
  expect(await readFile(join(directory, 'moved'), 'utf8')).toMatch(/ before\n$/)
  expect(await readFile(join(directory, 'logwisp.log'), 'utf8')).toMatch(/^\S+ INFO {2}after\n$/)
})

test('a file that cannot be opened is an error that says why', async () => {
  const directory = await temporaryDirectory()
  await writeFile(join(directory, 'file'), '')
  await expect(opened({ output: 'file', file: { directory: join(directory, 'file') } })).rejects.toMatchObject({
    code: 'WRITE_FAILED',
  })
})

test('changed settings reach loggers that were made before; a file that cannot be had changes nothing', async () => {
  const directory = await temporaryDirectory()
  await writeFile(join(directory, 'file'), '')
  const to = console()
  const ownLog = await opened({}, to)
  const child = ownLog.log.child({ pipeline: 'app' })
  await ownLog.reconfigure(settings({ level: 'debug', output: 'stdout' }))
  child.debug('words')
  expect(to.out()).toMatch(/ DEBUG words pipeline=app\n$/)
  await expect(
    ownLog.reconfigure(settings({ output: 'file', file: { directory: join(directory, 'file') } })),
  ).rejects.toMatchObject({ code: 'WRITE_FAILED' })
  child.debug('more')
  expect(to.out()).toMatch(/ DEBUG more pipeline=app\n$/)
  await ownLog.reconfigure(settings({}, true))
  child.fatal('nothing')
  expect(to.out() + to.err()).toBe('')
})

test('secrets never get in: neither a Secret nor what is called like one', async () => {
  const to = console()
  const { log } = await opened({ console: { format: 'json' } }, to)
  const secret = new Secret('hunter2')
  log.info({ secret, here: { is: secret }, password: 'hunter2', headers: { authorization: 'hunter2' } }, 'words')
  log.info({ sink: { auth: { token: 'hunter2', username: 'ann' } } }, `a ${secret}`)
  const text = to.err()
  expect(text).not.toContain('hunter2')
  expect(text).toContain('"username":"ann"')
})

test('a reader that went away is harmless', async () => {
  const gone = new Writable({
    write: (_chunk, _encoding, callback) => callback(Object.assign(new Error('EPIPE'), { code: 'EPIPE' })),
  })
  const { log } = await opened({}, { ...console(), stderr: gone } as never)
  log.info('one')
  await new Promise((resolve) => setImmediate(resolve))
  log.info('two')
  await new Promise((resolve) => setImmediate(resolve))
  expect(gone.destroyed).toBe(true)
})

test('a line for people is one line that commands no terminal, whatever names it has in it', () => {
  const line = ownLogLine(
    JSON.stringify({
      level: 'warn',
      time: '2026-11-21T10:00:00.000Z',
      pid: 1,
      file: '/logs/\x1b[2J\n a.log',
      err: { message: 'it "broke"\n', code: 'DISK_FULL', stack: 'Error: …' },
      msg: 'a\nb\u202e',
    }),
  )
  expect(line).toBe(
    '2026-11-21T10:00:00.000Z WARN  a\\nb\\u202e file="/logs/\\u001b[2J\\n a.log" error="it \\"broke\\"\\n" code=DISK_FULL',
  )
})
