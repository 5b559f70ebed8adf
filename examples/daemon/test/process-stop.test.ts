/** How the daemon ends: sources first, then what is under way, within a deadline, saying what was left. */

import { open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configured, numbered, receiver, startDaemon, temporaryDirectory } from './process-fixtures.ts'

function clientOf(url: string, path: string, more = ''): string {
  return `
    stop_timeout_seconds = 10
    ${more}
    [[pipelines]]
    name = "app"
    sources = [{ type = "file", options = { path = ${JSON.stringify(path)}, start_at = "beginning" } }]
    sinks = [{ type = "http_client", options = { url = ${JSON.stringify(url)}, batch_size = 10, batch_delay_ms = 50 } }]
  `
}

test('11.1: all of 95 entries arrive when it is stopped in the middle, though the server takes 0.3 s for each ten', async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'app.log')
  await writeFile(path, numbered(95))
  const { url, messages, request } = await receiver(300)
  const first = request()
  const daemon = startDaemon(await configured(directory, clientOf(url, path)))
  await first
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
  expect(messages).toEqual(numbered(95).trimEnd().split('\n'))
  expect(daemon.output()).toContain('stopped; everything that was read is delivered')
})

test('11.1: a server that never answers does not hold it beyond its deadline; what is left is said, and comes again', async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'app.log')
  await writeFile(path, numbered(95))
  const hung = await receiver(Number.POSITIVE_INFINITY)
  const first = hung.request()
  const words = await configured(directory, clientOf(hung.url, path))
  const daemon = startDaemon([...words, '--stop-timeout-seconds', '1'])
  await first
  const before = performance.now()
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(3)
  expect(performance.now() - before).toBeLessThan(6000)
  expect(daemon.output()).toMatch(
    /pipeline app, .*http_client.*: 95 entries were not delivered in time; they are read again/,
  )

  const answering = await receiver(0)
  const again = startDaemon(await configured(directory, clientOf(answering.url, path)))
  await expect.poll(() => answering.messages.length, { timeout: 20_000 }).toBe(95)
  again.child.kill('SIGTERM')
  expect(await again.exit).toBe(0)
  expect(answering.messages).toEqual(numbered(95).trimEnd().split('\n'))
})

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)(
  'a second signal, %s, ends it at once with %i, whatever hangs; nothing of it stays',
  async (signal, code) => {
    const directory = await temporaryDirectory()
    const path = join(directory, 'app.log')
    const pidFile = join(directory, 'logwisp.pid')
    await writeFile(path, numbered(95))
    const hung = await receiver(Number.POSITIVE_INFINITY)
    const first = hung.request()
    const daemon = startDaemon(await configured(directory, clientOf(hung.url, path, `pid_file = "${pidFile}"`)))
    await first
    await daemon.says(/LogWisp \d/)
    expect(await readFile(pidFile, 'utf8')).toBe(`${daemon.child.pid}\n`)
    daemon.child.kill('SIGTERM')
    await daemon.says(/SIGTERM: delivering what was read/)
    const before = performance.now()
    daemon.child.kill(signal)
    expect(await daemon.exit).toBe(code)
    expect(performance.now() - before).toBeLessThan(3000)
    expect(daemon.output()).toContain(`${signal} again: stopped at once`)
    expect(await readdir(directory)).not.toContain('logwisp.pid')
  },
)

test('SIGTERM with a million lines to read and a sink that takes them: all arrive, in order', {
  timeout: 120_000,
}, async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'app.log')
  const lines = 1_000_000
  await writeFile(path, numbered(lines))
  const toml = `
    stop_timeout_seconds = 90
    [[pipelines]]
    name = "app"
    sources = [{ type = "file", options = { path = ${JSON.stringify(path)}, start_at = "beginning" } }]
    sinks = [{ type = "file", options = { directory = ${JSON.stringify(directory)}, name = "copy" } }]
  `
  const daemon = startDaemon(await configured(directory, toml))
  await daemon.says(/LogWisp \d/)
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
  const copy = await open(join(directory, 'copy.log'))
  let next = 0
  for await (const line of copy.readLines()) if (line === `line ${next}`) next++
  expect(next).toBe(lines)
})

test('SIGTERM with a million lines to read and a sink that takes none: it ends within its deadline', {
  timeout: 60_000,
}, async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'app.log')
  await writeFile(path, numbered(1_000_000))
  const hung = await receiver(Number.POSITIVE_INFINITY)
  const first = hung.request()
  const words = await configured(directory, clientOf(hung.url, path))
  const daemon = startDaemon([...words, '--stop-timeout-seconds=2'])
  await first
  const before = performance.now()
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(3)
  expect(performance.now() - before).toBeLessThan(8000)
  expect(daemon.output()).toMatch(/entries were not delivered in time; they are read again at the next start/)
})

test('an error that nobody expected is logged, the rest is stopped in order, and the exit code is 1', async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'app.log')
  await writeFile(path, numbered(3))
  const { url } = await receiver(0)
  // A module that is loaded before the program, as only a test does, throws once it is asked to.
  const bomb = join(directory, 'bomb.mjs')
  await writeFile(bomb, "process.on('SIGWINCH', () => { throw new TypeError('out of tea') })\n")
  const daemon = startDaemon(await configured(directory, clientOf(url, path)), {
    environment: { NODE_OPTIONS: `--import=${bomb}` },
  })
  await daemon.says(/LogWisp \d/)
  daemon.child.kill('SIGWINCH')
  expect(await daemon.exit).toBe(1)
  expect(daemon.output()).toMatch(/FATAL an error that nobody expected error="?out of tea.*stack=.*TypeError/)
})
