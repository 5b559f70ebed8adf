/** The app answers as before, its own log is in the store, and the dashboard is at a path of its own server. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
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
  directory = await mkdtemp(join(tmpdir(), 'embed-fastify-'))
})

afterEach(async () => {
  app?.kill('SIGKILL')
  await rm(directory, { recursive: true })
})

/** Starts the app and gives its address. */
async function start(): Promise<string> {
  app = spawn(process.execPath, [...nodeWords, join(directory, 'logs.db')], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [greeting] = (await once(createInterface(app.stdout as NodeJS.ReadableStream), 'line')) as [string]
  return /^http:\/\/[^/]+/.exec(greeting)?.[0] as string
}

async function stop(): Promise<void> {
  app?.kill('SIGTERM')
  expect((await once(app as ChildProcess, 'exit'))[0]).toBe(0)
}

interface Entry {
  readonly source: string
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** What is stored, once it is so many. */
async function entries(url: string, count: number): Promise<Entry[]> {
  for (;;) {
    const answer = await fetch(`${url}/logs/api/logs?format=entries`)
    const page = (await answer.json()) as { readonly entries: Entry[] }
    if (page.entries.length >= count) return page.entries
    await wait(20)
  }
}

test('stores what the app logs, with its fields, shows it, and keeps it over a restart', async () => {
  const url = await start()
  expect(await (await fetch(`${url}/orders/7`)).text()).toBe('hello\n')
  // That it listens, the request, the app's own line, the answer.
  const stored = await entries(url, 4)
  expect(stored.map(({ message }) => message)).toEqual([
    expect.stringContaining('Server listening at'),
    'incoming request',
    'an order was looked at',
    'request completed',
  ])
  expect(stored[2]).toMatchObject({ source: 'shop', level: 'info', fields: { order: { id: '7' } } })
  const page = await fetch(`${url}/logs/`)
  expect(page.headers.get('content-type')).toContain('text/html')
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  await stop()

  const again = await start()
  expect(await entries(again, 5)).toHaveLength(5)
  await stop()
})
