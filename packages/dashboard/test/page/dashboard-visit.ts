/** A store with its dashboard, and a visit to it in Chromium; whatever goes wrong in the page makes the test fail. */

import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from '@logwisp/browser-testing'
import type { LogEntry } from '@logwisp/core'
import { dashboard } from '@logwisp/dashboard'
import { openStore, type Store } from '@logwisp/store'
import { expect } from 'vitest'

/** A store of its own behind a dashboard, mounted at `/logs/`. */
export interface DashboardServer {
  readonly url: string
  readonly store: Store
  close(): Promise<void>
}

/** Stores the entries and serves them. */
export async function startDashboard(entries: Iterable<LogEntry> = []): Promise<DashboardServer> {
  const built = fileURLToPath(new URL('../../dist/page/index.html', import.meta.url))
  if (!existsSync(built)) throw new Error('no page to test: run `pnpm --filter @logwisp/dashboard build` first')
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-dashboard-'))
  const store = await openStore(join(directory, 'logs.db'), { safeAfter: 'commit' })
  await store.append([...entries])
  const page = dashboard(store)
  const server = createServer((req, res) => {
    if (!req.url?.startsWith('/logs')) {
      res.writeHead(404).end()
      return
    }
    req.url = req.url.slice('/logs'.length) || '/'
    page.handler(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/logs/`,
    store,
    async close() {
      await page.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await store.close()
      await rm(directory, { recursive: true })
    },
  }
}

/** What a test does with the page. */
export interface Visit {
  readonly page: Page
  /** Waits for a line with this text. */
  shows(text: string | RegExp): Promise<void>
  /** The texts of the lines that are drawn. */
  lines(): Promise<string[]>
  /** Waits until the address has this after its question mark, decoded. */
  addressHas(text: string): Promise<void>
  /** Fails when there was trouble; then leaves. */
  leave(): Promise<void>
}

/** How it looks. */
export interface VisitOptions {
  readonly width?: number
  readonly height?: number
  readonly theme?: 'light' | 'dark'
  /** Errors in the console that belong to the test. */
  readonly expected?: RegExp
}

/** One context for all visits with a browser: a page of a context of its own starts another process, which takes long. */
const contexts = new WeakMap<Browser, Promise<BrowserContext>>()

async function newContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext()
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  // Stays, so that the process does.
  await context.newPage()
  return context
}

/** Goes there, and waits until the page is live. */
export async function visit(browser: Browser, url: string, options: VisitOptions = {}): Promise<Visit> {
  const { width = 1200, height = 800, theme = 'dark', expected = /^$/ } = options
  const made = contexts.get(browser) ?? newContext(browser)
  contexts.set(browser, made)
  const page = await (await made).newPage()
  // Before the test's own limit: the error then says what was waited for.
  page.setDefaultTimeout(12_000)
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme: theme })
  const trouble: string[] = []
  page.on('console', (said) => {
    if (said.type() === 'error' && !expected.test(said.text())) trouble.push(said.text())
  })
  page.on('pageerror', (error) => trouble.push(error.message))
  page.on('dialog', (dialog) => {
    trouble.push(`a dialogue: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.goto(url)
  if (theme === 'light') await page.getByRole('radio', { name: 'Light' }).check({ force: true })
  await page.locator('.state[data-state=live], .state[data-state=off]').waitFor()
  return {
    page,
    shows: (text) => page.locator('.row .row__text', { hasText: text }).first().waitFor(),
    lines: () => page.locator('.row .row__text > bdi').allTextContents(),
    addressHas: (text) =>
      page.waitForURL((address) => decodeURIComponent(address.search.replaceAll('+', ' ')).includes(text)),
    async leave() {
      await page.evaluate('localStorage.clear()')
      await page.close()
      expect(trouble).toEqual([])
    },
  }
}
