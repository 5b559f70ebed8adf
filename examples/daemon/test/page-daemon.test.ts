/** The live page of the real daemon, started as a process. */

import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from './config-run/free-ports.ts'
import { type DaemonProcess, startDaemonProcess } from './daemon-process.ts'
import { type Visit, visit } from './page-visit.ts'

describe.skipIf(!hasChromium)('the live page of the daemon', () => {
  let browser: Browser
  let directory: string
  let port: number
  let daemon: DaemonProcess
  let visited: Visit
  const log = (name: string): string => join(directory, `${name}.log`)
  const url = (path = ''): string => `http://127.0.0.1:${port}/${path}`

  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  async function start(): Promise<void> {
    daemon = startDaemonProcess(['--config', join(directory, 'logwisp.toml')])
    const isReady = async (): Promise<boolean> => (await fetch(url('readyz')).catch(() => undefined))?.ok === true
    await expect.poll(isReady, { timeout: 20_000 }).toBe(true)
  }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'logwisp-page-'))
    port = await freePort()
    const names = ['app', 'nginx', 'audit']
    for (const name of names) await writeFile(log(name), '')
    const pipelines = names.map((name) =>
      [
        '[[pipelines]]',
        `name = "${name}"`,
        `sources = [{ type = "directory", options = { path = "${directory}", pattern = "${name}.log", start_at = "beginning" } }]`,
        `sinks = [{ type = "http", options = { port = ${port}, format = "${name === 'audit' ? 'wire' : 'json'}" } }]`,
        '',
      ].join('\n'),
    )
    const top = ['router = true', `state_directory = "${join(directory, 'state')}"`, '']
    await writeFile(join(directory, 'logwisp.toml'), [...top, ...pipelines].join('\n'))
    await start()
  })
  afterEach(async () => {
    await visited.page.close()
    daemon.child.kill('SIGKILL')
    await daemon.exit
    await rm(directory, { recursive: true, force: true })
  })

  test('is the home of three pipelines, with what each has read and where it is in its files', async () => {
    visited = await visit(browser, url())
    await appendFile(log('app'), '2026-11-21T10:00:00Z ERROR boom <b>\nINFO fine\n')
    await visited.shows('boom <b>')
    expect(await visited.messages()).toEqual(['2026-11-21T10:00:00Z ERROR boom <b>', 'INFO fine'])
    expect(await visited.page.locator('.row.error').count()).toBe(1)
    expect(await visited.page.locator('.pipeline .name').allTextContents()).toEqual(['app', 'nginx', 'audit'])
    await visited.page.locator('.pipeline', { hasText: 'app' }).locator('dl', { hasText: 'taken2viewers1' }).waitFor()
    await visited.page.click('#stages-button')
    const file = visited.page.locator('table', { has: visited.page.locator('caption', { hasText: 'Files' }) })
    await file.locator('tbody tr', { hasText: log('app') }).waitFor()
    const books = visited.page.locator('table', { has: visited.page.locator('caption', { hasText: 'Books' }) })
    await books.locator('tbody tr', { hasText: /^app\.log→ http220000yes$/ }).waitFor()
    await visited.page.locator('#balance', { hasText: 'The books balance' }).waitFor()
    await appendFile(log('audit'), 'who did what\n')
    await visited.page.goto(url('audit/'))
    await visited.shows('who did what')
    expect(visited.trouble).toEqual([])
  })

  test('goes on after the last line it saw when the daemon comes back', async () => {
    visited = await visit(browser, url('audit/'), { expected: /Failed to load resource|net::|ERR_/ })
    await appendFile(log('audit'), 'one\n')
    await visited.shows('one')
    daemon.child.kill('SIGTERM')
    expect(await daemon.exit).toBe(0)
    await visited.page.locator('#state[data-state=lost]').waitFor()
    await appendFile(log('audit'), 'two\n')
    await start()
    await visited.shows('two')
    expect(await visited.messages()).toEqual(['one', 'two'])
    expect(await visited.page.locator('.gap .message').allTextContents()).toEqual(['LogWisp was started anew here'])
    expect(visited.trouble).toEqual([])
  })

  test('shows no line twice when the daemon was killed and reads the last ones again', async () => {
    visited = await visit(browser, url('audit/'), { expected: /Failed to load resource|net::|ERR_/ })
    const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`)
    await appendFile(log('audit'), `${lines.join('\n')}\n`)
    await visited.shows('line 29')
    daemon.child.kill('SIGKILL')
    await daemon.exit
    // As if it had been killed before it saved its positions at all: everything is read once more.
    await rm(join(directory, 'state'), { recursive: true })
    await start()
    await appendFile(log('audit'), 'after\n')
    await visited.shows('after')
    expect(await visited.messages()).toEqual([...lines, 'after'])
    expect(visited.trouble).toEqual([])
  })
})
