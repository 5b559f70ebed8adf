/** The live page in a real browser. */

import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, hasChromium, launchChromium, type Page } from '@logwisp/browser-testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DaemonProcess, pageOf, startDaemonProcess } from './daemon-process.ts'

describe.skipIf(!hasChromium)('the live page in Chromium', () => {
  let browser: Browser
  let directory: string
  let log: string
  let daemon: DaemonProcess
  let url: string
  let page: Page
  const trouble: string[] = []

  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  const start = (port: string): DaemonProcess =>
    startDaemonProcess([directory, '--port', port, '--state-dir', join(directory, 'state'), '--from-beginning'])

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'logwisp-page-'))
    log = join(directory, 'shop.log')
    await writeFile(log, '')
    daemon = start('0')
    url = await pageOf(daemon)
    page = await browser.newPage()
    trouble.length = 0
    page.on('console', (said) => {
      if (said.type() === 'error') trouble.push(said.text())
    })
    page.on('pageerror', (error) => trouble.push(error.message))
    await page.goto(url)
    await page.locator('[data-state=live]').waitFor()
  })

  afterEach(async () => {
    await page.close()
    daemon.child.kill('SIGKILL')
    await daemon.exit
    await rm(directory, { recursive: true, force: true })
  })

  const messages = (): Promise<string[]> => page.locator('.row .message').allTextContents()

  async function shows(count: number): Promise<string[]> {
    await page
      .locator('.row')
      .nth(count - 1)
      .waitFor()
    return messages()
  }

  test('shows each line with its level, and markup in it as text', async () => {
    await appendFile(log, '2026-11-21T10:00:00Z ERROR boom\nINFO <img src=x onerror="document.title=1"> ü\n')
    expect(await shows(2)).toEqual(['2026-11-21T10:00:00Z ERROR boom', 'INFO <img src=x onerror="document.title=1"> ü'])
    expect(await page.locator('.row.error .level').allTextContents()).toEqual(['error'])
    expect(await page.locator('.row.error time').getAttribute('datetime')).toBe('2026-11-21T10:00:00.000Z')
    expect(await page.locator('.row.error time').textContent()).toMatch(/^\d\d:\d\d:00[.,]000$/)
    expect(await page.locator('.row img').count()).toBe(0)
    expect(await page.title()).toBe('LogWisp')
    expect(trouble).toEqual([])
  })

  test('shows what came before the page was opened', async () => {
    await appendFile(log, 'one\ntwo\n')
    await shows(2)
    await page.reload()
    expect(await shows(2)).toEqual(['one', 'two'])
  })

  test('filters by level and by a pattern, at the server', async () => {
    await page.selectOption('#level', 'warn')
    await page.locator('[data-state=live]').waitFor()
    await appendFile(log, 'INFO a\nWARN b\nERROR c\n')
    expect(await shows(2)).toEqual(['WARN b', 'ERROR c'])
    await page.fill('#match', '^ERROR')
    await page.locator('.row').nth(1).waitFor({ state: 'detached' })
    expect(await shows(1)).toEqual(['ERROR c'])
  })

  test('says what is wrong with a pattern, and goes on when it is mended', async () => {
    await page.fill('#match', '(unclosed')
    await page.locator('#match-error').waitFor()
    expect(await page.locator('#match-error').textContent()).toMatch(/^match: /)
    await page.fill('#match', '')
    await page.locator('[data-state=live]').waitFor()
    expect(await page.locator('#match-error').isHidden()).toBe(true)
    await appendFile(log, 'on\n')
    expect(await shows(1)).toEqual(['on'])
  })

  test('misses nothing while it is paused', async () => {
    await appendFile(log, 'one\n')
    await shows(1)
    await page.click('#pause')
    await page.locator('[data-state=paused]').waitFor()
    await appendFile(log, 'two\nthree\n')
    await page.click('#pause')
    expect(await shows(3)).toEqual(['one', 'two', 'three'])
  })

  test('connects again by itself when the daemon comes back, and goes on after the last line it saw', async () => {
    await appendFile(log, 'one\n')
    await shows(1)
    daemon.child.kill('SIGTERM')
    expect(await daemon.exit).toBe(0)
    await page.locator('[data-state=lost]').waitFor()
    await appendFile(log, 'two\n')
    daemon = start(new URL(url).port)
    await pageOf(daemon)
    await page.locator('[data-state=live]').waitFor()
    await page.locator('.row', { hasText: 'two' }).waitFor()
    expect(await messages()).toEqual(['one', 'two'])
    expect(await page.locator('.gap').allTextContents()).toEqual(['LogWisp was started anew here'])
  })

  test('shows no line twice when the daemon was killed and reads the last ones again', async () => {
    const lines = Array.from({ length: 50 }, (_, i) => `line ${i}`)
    await appendFile(log, `${lines.join('\n')}\n`)
    await shows(50)
    daemon.child.kill('SIGKILL')
    await daemon.exit
    // As if it had been killed before it saved its positions at all: everything is read once more.
    await rm(join(directory, 'state'), { recursive: true })
    daemon = start(new URL(url).port)
    await pageOf(daemon)
    await appendFile(log, 'after\n')
    await page.locator('.row', { hasText: 'after' }).waitFor()
    expect(await messages()).toEqual([...lines, 'after'])
  })

  test('keeps no more than 2000 rows, the newest', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `line ${i}`)
    await appendFile(log, `${lines.join('\n')}\n`)
    await page.locator('.row', { hasText: 'line 2999' }).waitFor()
    expect(await page.locator('#log > *').count()).toBeLessThanOrEqual(2000)
  })
})
