/** The app answers as before, and its own log is live at a path of its own server. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
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
  app = spawn(process.execPath, ['--import', 'tsx', '--conditions=@logwisp/source', main, join(directory, 'app.log')], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [greeting] = (await once(app.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  return /^http:\S+\//.exec(greeting.toString())?.[0] as string
}

test('shows the requests that the app logs, and goes on after a restart where it was', async () => {
  const url = await start()
  expect(await (await fetch(`${url}orders/1`)).text()).toBe('hello\n')
  const first = await firstEntry(`${url}logs/stream?backlog=10`)
  expect(first).toMatchObject({ level: 'info', message: expect.stringMatching(/INFO GET \/orders\/1$/) })
  expect((await fetch(`${url}logs/status`)).headers.get('content-type')).toContain('application/json')

  app?.kill('SIGTERM')
  expect((await once(app as ChildProcess, 'exit'))[0]).toBe(0)
  const again = await start()
  await fetch(`${again}orders/2`)
  expect(await firstEntry(`${again}logs/stream?backlog=10`)).toMatchObject({
    message: expect.stringMatching(/\/orders\/2$/),
  })
})

async function firstEntry(url: string): Promise<unknown> {
  const stop = new AbortController()
  const answer = await fetch(url, { signal: stop.signal })
  let text = ''
  let data: string | undefined
  for await (const chunk of answer.body ?? []) {
    text += Buffer.from(chunk).toString()
    data = /^data: (.*)\n\n/m.exec(text)?.[1]
    if (data !== undefined) break
  }
  stop.abort()
  return JSON.parse(data ?? 'null')
}
