/** The page, in Chromium, while its server is away, comes back, and has no time: no line missing, none twice. */

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import type { LogEntry } from '@logwisp/core'
import { type Dashboard, type DashboardOptions, dashboard } from '@logwisp/dashboard'
import { openStore, type Store } from '@logwisp/store'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { visit } from './dashboard-visit.ts'
import { scrollThrough, sees } from './seen-lines.ts'

let browser: Browser
let directory: string
let store: Store
let server: Dashboard
let port = 0
let stored = 0

const start = Date.now() - 3_600_000
/** The console tells of each try while nobody answers. */
const expected = /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|503/

async function begin(options: DashboardOptions = {}): Promise<void> {
  store = await openStore(join(directory, 'logs.db'), { safeAfter: 'commit' })
  await serve(options)
}

async function serve(options: DashboardOptions = {}): Promise<void> {
  server = dashboard(store, { port, retryMs: 100, ...options })
  await once(server, 'listening')
  port = (server.address as AddressInfo).port
}

async function append(count: number): Promise<void> {
  const entries: LogEntry[] = []
  for (let index = 0; index < count; index++, stored++) {
    entries.push({ time: start + stored, source: 'app.log', message: `line ${stored}` })
  }
  await store.append(entries)
}

beforeAll(async () => {
  if (!hasChromium) return
  browser = await launchChromium()
})
beforeEach(async () => {
  if (directory !== undefined) {
    await server.close()
    await store.close()
    await rm(directory, { recursive: true })
  }
  directory = await mkdtemp(join(tmpdir(), 'logwisp-interrupted-'))
  stored = 0
})
afterAll(async () => {
  await browser?.close()
  if (directory === undefined) return
  await server?.close()
  await store?.close()
  await rm(directory, { recursive: true })
})

const all = (texts: readonly string[]): boolean => texts.every((text, index) => text === `line ${index}`)

test.skipIf(!hasChromium)(
  'goes on where it was when the server comes back, without a gap and without a repeat',
  async () => {
    await begin()
    await append(50)
    const { page, leave } = await visit(browser, `http://127.0.0.1:${port}/`, { expected })
    await sees(page, 'line 49')
    for (let round = 0; round < 3; round++) {
      await server.close()
      await store.close()
      await page.locator('.state[data-state=disconnected]').waitFor()
      await begin()
      await append(20)
      await page.locator('.state[data-state=live]').waitFor()
      await append(5)
      await sees(page, `line ${stored - 1}`)
    }
    const { texts } = await scrollThrough(page, 'up')
    expect(texts.length).toBe(stored)
    expect(all(texts)).toBe(true)
    await leave()
  },
)

test.skipIf(!hasChromium)('that came back too late says how many lines it skipped, and loads them', async () => {
  await begin({ maxBehindEntries: 50 })
  await append(30)
  const { page, leave } = await visit(browser, `http://127.0.0.1:${port}/`, { expected })
  await sees(page, 'line 29')
  await server.close()
  await page.locator('.state[data-state=disconnected]').waitFor()
  for (let commit = 0; commit < 4; commit++) await append(78)
  await serve({ maxBehindEntries: 50 })
  const row = page.getByRole('article', { name: /^\d+ lines skipped/ })
  await row.waitFor()
  await append(3)
  await sees(page, `line ${stored - 1}`)
  const skipped = Number((await row.getAttribute('aria-label'))?.split(' ')[0])
  const before = (await scrollThrough(page, 'up')).texts
  expect(before.filter((text) => text !== 'a gap').length, 'the books balance').toBe(stored - skipped)
  await row.getByRole('button', { name: 'load them' }).click()
  await row.waitFor({ state: 'detached' })
  await scrollThrough(page, 'up')
  const { texts } = await scrollThrough(page, 'down')
  expect(texts.length).toBe(stored)
  expect(all(texts)).toBe(true)
  await leave()
})

test.skipIf(!hasChromium)('opened while nobody answers asks again by itself', async () => {
  await begin()
  await append(10)
  const { page, leave } = await visit(browser, `http://127.0.0.1:${port}/`, { expected })
  await sees(page, 'line 9')
  await server.close()
  await page.locator('.state[data-state=disconnected]').waitFor()
  await page.getByRole('combobox').fill('line')
  await page.keyboard.press('Enter')
  await page.getByRole('main').getByText('The server does not answer. Trying again.').waitFor()
  await serve()
  await sees(page, 'line 9')
  expect(await page.getByRole('main').getByText('The server does not answer').count()).toBe(0)
  await leave()
})

test.skipIf(!hasChromium)('a search that takes long says how far it is, can be stopped and go on', async () => {
  await begin({ queryDeadlineMs: 1 })
  for (let commit = 0; commit < 20; commit++) await append(5000)
  // Soon found; the search goes on, since there could be more of it.
  await store.append([{ time: start + stored - 20_000, source: 'app.log', message: 'the needle 4711' }])
  const { page, leave } = await visit(browser, `http://127.0.0.1:${port}/`, { expected })
  await page.getByRole('combobox').fill('/needle \\d{4}/')
  await page.keyboard.press('Enter')
  await page
    .getByRole('main')
    .getByText(/^Searching… searched back to \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    .waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await page
    .getByText(/^Stopped\. Searched back to/)
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'Go on' }).click()
  await sees(page, 'the needle 4711')
  await leave()
})
