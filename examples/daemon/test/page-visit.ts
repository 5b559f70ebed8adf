/** A visit to the live page in Chromium; whatever goes wrong in the page makes the test fail. */

import type { Browser, BrowserContext, Page } from '@logwisp/browser-testing'
import { expect } from 'vitest'

/** What a test does with the page. */
export interface Visit {
  readonly page: Page
  /** Errors and violations of the policy so far, in words. */
  readonly trouble: string[]
  /** The messages of the rows that are in the page. */
  messages(): Promise<string[]>
  /** Waits for a line with this text. */
  shows(text: string): Promise<void>
  /** Waits for `text` beside the list, e.g. `3 lines`. */
  counts(text: string): Promise<void>
  /** Fails when there was trouble; then leaves. */
  leave(): Promise<void>
}

/** How it looks. */
export interface VisitOptions {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
  /** Console errors that belong to the test, e.g. those of requests that fail on purpose. */
  readonly expected?: RegExp
  /** Waits until the stream is live. @default true */
  readonly untilLive?: boolean
  /** Gives the page a clock that `page.clock` can put forward; it goes on by itself. @default false */
  readonly ownClock?: boolean
}

/**
 * One context for all visits with a browser, with a page that stays: a page that is opened there finds Chromium's process
 * for it running, where one in a context of its own starts another, which takes as long as the rest of the visit. No
 * visit leaves anything to the next: the token goes with the page, and what the page keeps beyond that is removed.
 */
const contexts = new WeakMap<Browser, Promise<BrowserContext>>()

async function newContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext()
  await context.newPage()
  return context
}

async function newPage(browser: Browser): Promise<Page> {
  const context = contexts.get(browser) ?? newContext(browser)
  contexts.set(browser, context)
  return await (await context).newPage()
}

/** Goes there. */
export async function visit(browser: Browser, url: string, options: VisitOptions = {}): Promise<Visit> {
  const { width = 1200, height = 800, colorScheme = 'dark', expected = /^$/, untilLive = true, ownClock } = options
  // A clock is that of all pages of a context.
  const page = await (ownClock === true ? browser.newPage() : newPage(browser))
  if (ownClock === true) await page.clock.install()
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme })
  const trouble: string[] = []
  page.on('console', (said) => {
    if (said.type() === 'error' && !expected.test(said.text())) trouble.push(said.text())
  })
  page.on('pageerror', (error) => trouble.push(error.message))
  await page.goto(url)
  if (untilLive) await page.locator('#state[data-state=live]').waitFor()
  return {
    page,
    trouble,
    messages: () => page.locator('.row:not(.gap):not(.probe) .message').allTextContents(),
    shows: (text) => page.locator('.row .message', { hasText: text }).first().waitFor(),
    counts: (text) => page.locator('#shown', { hasText: new RegExp(`^${text}$`) }).waitFor(),
    async leave() {
      await page.evaluate('localStorage.clear()')
      await page.close()
      expect(trouble).toEqual([])
    },
  }
}
