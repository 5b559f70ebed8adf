/** What an app logs with winston is received whole, with levels, times and fields. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

let directory: string
const children: ChildProcess[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'winston-to-http-'))
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(directory, { recursive: true })
})

function run(program: string, ...args: string[]): ChildProcess {
  const path = fileURLToPath(new URL(`../src/${program}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@logwisp/source', path, ...args], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  return child
}

test('receives all that the app logs', async () => {
  const receiver = run('receive', directory)
  const [greeting] = (await once(receiver.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const url = /^http:\S+/.exec(greeting.toString())?.[0] as string
  const startedMs = Date.now()
  const app = run('main', url)
  expect((await once(app, 'exit'))[0]).toBe(0)
  receiver.kill('SIGTERM')
  expect((await once(receiver, 'exit'))[0]).toBe(0)

  const files = await readdir(directory)
  const text = (
    await Promise.all(
      files.filter((file) => file.endsWith('.log')).map((file) => readFile(join(directory, file), 'utf8')),
    )
  ).join('')
  const entries = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(entries).toHaveLength(1002)
  // Winston sends its batches side by side: each is in order, and they may change places.
  const byMessage = new Map(entries.map((entry) => [entry.message, entry]))
  expect(byMessage.get('the shop is open')).toMatchObject({ source: 'http', level: 'info', fields: { port: 3000 } })
  for (let order = 1; order <= 500; order++) {
    expect(byMessage.get(`order ${order} came in`)).toMatchObject({ level: 'debug', fields: { order } })
    expect(byMessage.get(`order ${order} was sent`)).toMatchObject({ level: 'info', fields: { order, region: 'eu-1' } })
  }
  const last = byMessage.get('the printer is on fire')
  expect(last).toMatchObject({ level: 'error', fields: { code: 'EFIRE' } })
  expect(Date.parse(last.time)).toBeGreaterThanOrEqual(startedMs)
})
