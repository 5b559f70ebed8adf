/** The app answers as before, its own log is in a store, and the dashboard is at a path of its own server. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const threads = new URL('../../../.config/typescript-threads.mjs', import.meta.url).href
const fromSource = ['--import', threads, '--conditions=@logwisp/source']
/** `pnpm test` has built the packages, and says so: with those it starts several times as fast. */
const nodeWords = ['--import', 'tsx', ...(process.env['TEST_BUILT'] === '1' ? [] : fromSource), main]
let directory: string
let app: ChildProcess | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'embed-express-'))
})

afterEach(async () => {
  app?.kill('SIGKILL')
  await rm(directory, { recursive: true })
})

/** Starts the app and gives its address. */
async function start(): Promise<string> {
  app = spawn(process.execPath, [...nodeWords, join(directory, 'app.log')], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [greeting] = (await once(app.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  return /^http:\S+\//.exec(greeting.toString())?.[0] as string
}

async function stop(): Promise<void> {
  app?.kill('SIGTERM')
  expect((await once(app as ChildProcess, 'exit'))[0]).toBe(0)
}

interface Entry {
  readonly level: string
  readonly message: string
}

/** What is stored, once it is so many. */
async function entries(url: string, count: number): Promise<Entry[]> {
  for (;;) {
    const answer = await fetch(`${url}logs/api/logs?format=entries`)
    const page = (await answer.json()) as { readonly entries: Entry[] }
    if (page.entries.length >= count) return page.entries
    await wait(20)
  }
}

test('shows the requests that the app logs, and goes on after a restart where it was', async () => {
  const url = await start()
  expect(await (await fetch(`${url}orders/1`)).text()).toBe('hello\n')
  const [first] = await entries(url, 1)
  expect(first).toMatchObject({ level: 'info', message: expect.stringMatching(/INFO GET \/orders\/1$/) })
  const page = await fetch(`${url}logs`)
  expect(page.headers.get('content-type')).toContain('text/html')
  await stop()

  await appendFile(join(directory, 'app.log'), `${new Date().toISOString()} WARN nobody reads this yet\n`)
  const again = await start()
  await fetch(`${again}orders/2`)
  expect((await entries(again, 3)).map(({ message }) => message.slice(25))).toEqual([
    'INFO GET /orders/1',
    'WARN nobody reads this yet',
    'INFO GET /orders/2',
  ])
  await stop()
})
