/** The programs of docs/sse-and-websocket-sources.md run as they stand there, and do what the page says. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../.config/published-packages.ts'
import { acknowledge, type LogEntry } from '../../packages/core/src/index.ts'
import { sseSource, webSocketSource } from '../../packages/sources/src/index.ts'

/** Runs the program that has `<!-- run: name -->` before it. */
async function runProgram(name: string, environment: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const page = await readFile(join(root, 'docs/sse-and-websocket-sources.md'), 'utf8')
  const code = page.split(`<!-- run: ${name} -->\n\`\`\`js\n`)[1]?.split('```')[0]
  if (code === undefined) throw new Error(`the page has no program ${name}`)
  // Where `ws` is found.
  const folder = await mkdtemp(join(root, 'packages/sources/node_modules/.docs-'))
  await writeFile(join(folder, 'program.mjs'), code)
  const child = spawn(process.execPath, [join(folder, 'program.mjs')], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit')
    await rm(folder, { recursive: true })
  })
  return child
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The next entries, once there are so many. */
function take(source: ReturnType<typeof sseSource> | ReturnType<typeof webSocketSource>, count: number) {
  const entries: LogEntry[] = []
  return new Promise<LogEntry[]>((resolve, reject) => {
    source.on('error', reject)
    source.on('data', (entry: LogEntry) => {
      entries.push(entry)
      acknowledge(entry)
      if (entries.length === count) resolve(entries)
    })
  })
}

test('the server of events is followed, and asked for what comes after an id', async () => {
  const port = await freePort()
  await runProgram('events-server', { PORT: String(port) })
  const url = `http://127.0.0.1:${port}/`
  const all = sseSource(url, { retryDelayMs: 20, maxRetryDelayMs: 50 })
  const rest = sseSource(url, { lastEventId: '1', retryDelayMs: 20, maxRetryDelayMs: 50 })
  onTestFinished(() => {
    all.destroy()
    rest.destroy()
  })
  expect(await take(all, 3)).toMatchObject([
    { message: 'first', level: 'info', origin: { id: '0' } },
    { message: 'second' },
    { message: 'third' },
  ])
  expect(await take(rest, 1)).toMatchObject([{ message: 'third' }])
})

test('the sender is told that its three entries are delivered', async () => {
  const source = webSocketSource({ port: 0 })
  onTestFinished(() => void source.destroy())
  const taken = take(source, 3)
  const [{ port }] = (await once(source, 'listening')) as [AddressInfo]
  const sender = await runProgram('sender', { URL: `ws://127.0.0.1:${port}/ingest` })
  let output = ''
  sender.stdout?.on('data', (bytes: Buffer) => {
    output += bytes.toString()
  })
  const [exitCode] = await once(sender, 'close')
  expect(exitCode).toBe(0)
  expect(output).toMatch(/^ack 0\n(ack [12]\n)*ack 3\n$/)
  expect(await taken).toMatchObject([
    { message: 'disk almost full', level: 'warn', origin: { id: 'host-a:1' } },
    { message: 'plain text is an entry too' },
    { message: 'and so is each line' },
  ])
})
