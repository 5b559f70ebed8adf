/** The daemon as its users meet it: what it says, what it serves, how it ends. */

import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DaemonProcess, pageOf, startDaemonProcess } from './daemon-process.ts'

let directory: string
let state: string
const running = new Set<DaemonProcess>()

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-watched-'))
  state = await mkdtemp(join(tmpdir(), 'logwisp-state-'))
})

afterEach(async () => {
  for (const daemon of running) {
    daemon.child.kill('SIGKILL')
    await daemon.exit
  }
  running.clear()
  await Promise.all([directory, state].map((path) => rm(path, { recursive: true, force: true })))
})

function start(...words: string[]): DaemonProcess {
  const daemon = startDaemonProcess([directory, '--port', '0', '--state-dir', state, ...words])
  running.add(daemon)
  return daemon
}

/** Reads a stream's messages until there are `count`, and leaves. */
async function messages(url: string, count: number): Promise<string[]> {
  const stop = new AbortController()
  const answer = await fetch(url, { signal: stop.signal })
  const found: string[] = []
  let text = ''
  for await (const chunk of answer.body ?? []) {
    text += Buffer.from(chunk).toString()
    const events = text.split('\n\n')
    text = events.pop() as string
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1]
      if (data !== undefined) found.push((JSON.parse(data) as { message: string }).message)
    }
    if (found.length >= count) break
  }
  stop.abort()
  return found
}

test('says where its page is and what it follows, and shows appended lines', async () => {
  await writeFile(join(directory, 'app.log'), 'before\n')
  const daemon = start()
  const url = await pageOf(daemon)
  expect(daemon.output()).toContain(`${join(directory, '*.log')} (1 file)`)
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
  await appendFile(join(directory, 'app.log'), 'one\ntwo\n')
  expect(await messages(`${url}stream?backlog=10`, 2)).toEqual(['one', 'two'])
})

test('says what to do when there is nothing to watch, and follows what appears from its first line', async () => {
  const daemon = start()
  const url = await pageOf(daemon)
  expect(daemon.output()).toContain('none there yet')
  expect(daemon.output()).toContain('--pattern')
  await writeFile(join(directory, 'new.log'), 'first\n')
  expect(await messages(`${url}stream?backlog=10`, 1)).toEqual(['first'])
})

test('goes on after a restart where it was', async () => {
  const path = join(directory, 'app.log')
  await writeFile(path, 'zero\n')
  const first = start('--from-beginning')
  expect(await messages(`${await pageOf(first)}stream?backlog=10`, 1)).toEqual(['zero'])
  first.child.kill('SIGTERM')
  expect(await first.exit).toBe(0)
  await appendFile(path, 'while it was away\n')
  const second = start('--from-beginning')
  expect(await messages(`${await pageOf(second)}stream?backlog=10`, 1)).toEqual(['while it was away'])
})

test('stops at SIGINT with exit code 0, having delivered what it read', async () => {
  const output = join(state, 'copy')
  await writeFile(join(directory, 'app.log'), 'one\ntwo\n')
  const daemon = start('--from-beginning', '--output', output)
  await messages(`${await pageOf(daemon)}stream?backlog=10`, 2)
  daemon.child.kill('SIGINT')
  expect(await daemon.exit).toBe(0)
  expect(await readFile(join(output, 'logwisp.log'), 'utf8')).toBe('one\ntwo\n')
})

test('a second signal ends it at once, even with a viewer that takes nothing', async () => {
  const daemon = start()
  const url = new URL(await pageOf(daemon))
  const { connect } = await import('node:net')
  const stuck = connect(Number(url.port), url.hostname).pause()
  stuck.on('error', () => {})
  stuck.write(`GET /stream HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`)
  await new Promise((resolve) => stuck.once('connect', resolve))
  // Enough that the stream's end has to wait for the viewer.
  const line = `${'x'.repeat(1000)}\n`
  await appendFile(join(directory, 'app.log'), line.repeat(20_000))
  await messages(`${url}stream?backlog=1000000`, 8000)
  daemon.child.kill('SIGTERM')
  await daemon.says(/SIGTERM: delivering/)
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(143)
  stuck.destroy()
})

test('serves the page under a policy that lets nothing else run', async () => {
  const url = await pageOf(start())
  const page = await fetch(url)
  expect(page.status).toBe(200)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
  const html = await page.text()
  for (const [, path] of html.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)) {
    expect((await fetch(new URL(path as string, url))).status).toBe(200)
  }
  expect(html).not.toMatch(/<script>|style=|onclick=|https?:\/\//)
  expect((await fetch(url, { method: 'POST' })).status).toBe(405)
  expect((await fetch(`${url}nothing`)).status).toBe(404)
  expect((await fetch(`${url}status`)).headers.get('content-type')).toContain('application/json')
})

test('W6: a port that is in use is an error that says so, not a crash', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const daemon = startDaemonProcess([directory, '--port', String(port), '--state-dir', state])
  expect(await daemon.exit).toBe(1)
  expect(daemon.output()).toBe(
    `logwisp: port ${port} of 127.0.0.1 is in use: stop what uses it, or choose another with --port\n`,
  )
  server.close()
})

test('a directory that is not there is an error that names it', async () => {
  const daemon = startDaemonProcess([join(directory, 'nothing'), '--state-dir', state])
  expect(await daemon.exit).toBe(1)
  expect(daemon.output()).toContain('there is no such directory')
})

test('W29: the watched directory cannot be the one that lines are copied to', async () => {
  const daemon = start('--output', directory)
  expect(await daemon.exit).toBe(1)
  expect(daemon.output()).toContain('round and round')
})

test('--version and --help exit with 0, a wrong flag with 2', async () => {
  const version = startDaemonProcess(['--version'])
  const help = startDaemonProcess(['--help'])
  const wrong = startDaemonProcess(['--prot', '1'])
  expect(await version.exit).toBe(0)
  expect(version.output()).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect(await help.exit).toBe(0)
  expect(help.output()).toContain('Exit codes:')
  expect(await wrong.exit).toBe(2)
  expect(wrong.output()).toContain('Did you mean --port?')
})
