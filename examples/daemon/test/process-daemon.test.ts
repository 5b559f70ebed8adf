/** The daemon as its users meet it: what it says, what it serves, how it goes on after a restart. */

import { execFileSync } from 'node:child_process'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DaemonProcess, pageOf, startDaemonProcess, startProcess } from './daemon-process.ts'
import { nodeWords } from './node-words.ts'

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

/** Reads a stream until it has given `count` entries, and leaves. */
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
      if (/^event:/m.test(event)) continue
      const data = /^data: (.*)$/m.exec(event)?.[1]
      if (data !== undefined) found.push((JSON.parse(data) as { message: string }).message)
    }
    if (found.length >= count) break
  }
  stop.abort()
  return found
}

const hasScript = ((): boolean => {
  try {
    execFileSync('script', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    console.warn('skipped: what is said at a terminal, since script (bsdutils) is not installed')
    return false
  }
})()

/** Starts it at a terminal of its own. */
function startAtTerminal(...words: string[]): DaemonProcess {
  const line = [process.execPath, ...nodeWords, directory, '--port', '0', '--state-dir', state, ...words]
  const quoted = line.map((word) => `'${word}'`).join(' ')
  const daemon = startProcess('script', ['--quiet', '--return', '--command', `exec ${quoted}`, '/dev/null'], {
    input: 'pipe',
  })
  running.add(daemon)
  return daemon
}

test.skipIf(!hasScript)('says at a terminal what it follows, where its page is, and how to stop it', async () => {
  await writeFile(join(directory, 'app.log'), 'before\n')
  const daemon = startAtTerminal()
  await daemon.says(/stop with +Ctrl-C/)
  expect(daemon.output()).toContain(`following  ${join(directory, '*.log')} (1 file)`)
  expect(daemon.output()).toMatch(/live page {2}http:\/\/127\.0\.0\.1:\d+\//)
  // Ctrl-C, as a terminal sends it.
  daemon.child.stdin?.write('\x03')
  expect(await daemon.exit).toBe(0)
  expect(daemon.output()).toContain('SIGINT: delivering what was read; again to stop at once')
})

test.skipIf(!hasScript)('says at a terminal what to do when there is nothing to follow', async () => {
  const daemon = startAtTerminal()
  await daemon.says(/stop with +Ctrl-C/)
  expect(daemon.output()).toContain('none there yet')
  expect(daemon.output()).toContain('--pattern')
})

test('shows appended lines, and says in its log where', async () => {
  await writeFile(join(directory, 'app.log'), 'before\n')
  const url = await pageOf(start())
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
  await appendFile(join(directory, 'app.log'), 'one\ntwo\n')
  expect(await messages(`${url}stream?backlog=10`, 2)).toEqual(['one', 'two'])
})

test('follows what appears from its first line', async () => {
  const url = await pageOf(start())
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

test('serves the page under a policy that lets nothing else run', async () => {
  const url = await pageOf(start())
  const page = await fetch(url)
  expect(page.status).toBe(200)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
  const html = await page.text()
  for (const [, path] of html.matchAll(/(?:src|href)="(?!data:|#)([^"]+)"/g)) {
    expect((await fetch(new URL(path as string, url))).status, path).toBe(200)
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
  running.add(daemon)
  expect(await daemon.exit).toBe(1)
  expect(daemon.output()).toMatch(
    new RegExp(`FATAL pipeline default: cannot listen on 127\\.0\\.0\\.1:${port}: the port is in use; stop what`),
  )
  server.close()
})

test('W29: what is copied into the watched directory is not followed round and round', async () => {
  await writeFile(join(directory, 'app.log'), 'one\n')
  const daemon = start('--from-beginning', '--output', directory)
  const url = await pageOf(daemon)
  expect(await messages(`${url}stream?backlog=10`, 1)).toEqual(['one'])
  await appendFile(join(directory, 'app.log'), 'two\n')
  expect(await messages(`${url}stream?backlog=10`, 2)).toEqual(['one', 'two'])
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
  expect(await readFile(join(directory, 'logwisp.log'), 'utf8')).toBe('one\ntwo\n')
})

test('two daemons with the same directory and state: the second is refused, and names the first', async () => {
  const first = start()
  await pageOf(first)
  const second = start()
  expect(await second.exit).toBe(1)
  expect(second.output()).toContain(`runs already, as process ${first.child.pid}: stop it first`)
})

test('an output whose reader went away does not end it', async () => {
  const daemon = start()
  const url = await pageOf(daemon)
  daemon.child.stderr?.destroy()
  daemon.child.stdout?.destroy()
  daemon.child.kill('SIGUSR2')
  daemon.child.kill('SIGPIPE')
  await appendFile(join(directory, 'app.log'), 'one\n')
  expect(await messages(`${url}stream?backlog=10`, 1)).toEqual(['one'])
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
})
