/** The books of a pipeline on the live page: what became of everything that was read, for everybody who looks. */

import { type Browser, hasChromium, launchChromium, type Page } from '@logwisp/browser-testing'
import { violations } from '@logwisp/browser-testing/violations'
import type { SourceAccount } from '@logwisp/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { booksStatus } from '../src/pipeline/books-status.ts'
import { directory, ledger } from './http-status-fixture.ts'
import { type PageServer, startPageServer } from './page-server.ts'
import { type Visit, visit } from './page-visit.ts'

describe.skipIf(!hasChromium)('the books on the live page', () => {
  let browser: Browser
  let server: PageServer
  let visited: Visit
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    server = await startPageServer()
    keep(ledger)
  })
  afterEach(async () => {
    await visited.leave()
    await server.close()
  })

  /** Lets the source of the pipeline tell these books. */
  function keep(accounts: readonly SourceAccount[] | undefined, ...others: object[]): void {
    const { status } = server.pipelines.get('default') as { status: object }
    Object.assign(status, { sources: [{ ...directory, books: booksStatus(accounts, false) }, ...others] })
  }

  const look = async (options: Parameters<typeof visit>[2] = {}): Promise<Page> => {
    visited = await visit(browser, server.url, options)
    await visited.page.keyboard.press('s')
    return visited.page
  }

  const table = (title: string) =>
    visited.page.locator('table', { has: visited.page.locator('caption', { hasText: new RegExp(`^${title}$`) }) })

  /** The texts of a table's cells, row by row. */
  const cells = async (title: string): Promise<string[][]> => {
    await table(title).locator('tbody tr').first().waitFor()
    const rows = await table(title).locator('tbody tr').all()
    return Promise.all(rows.map((row) => row.locator('td').allTextContents()))
  }

  test('say of each file what was read, delivered to each sink, filtered, dropped, and is under way', async () => {
    const page = await look()
    await page
      .locator('#balance', { hasText: 'The books balance: everything that was read is accounted for.' })
      .waitFor()
    expect(await table('Books').locator('thead th').allTextContents()).toEqual([
      'of',
      'at',
      'entries',
      'delivered',
      'filtered',
      'dropped',
      'in flight',
      'left over',
      'balance',
    ])
    expect(await cells('Books')).toEqual([
      ['all 2 of directory', 'read', '1,005', '', '300', '40', '10', '0', 'yes'],
      ['all 2 of directory', '→ file', '655', '655', '0', '0', '0', '0', 'yes'],
      ['all 2 of directory', '→ http_client', '655', '605', '0', '20', '30', '0', 'yes'],
      ['a.log', 'read', '1,000', '', '300', '40', '10', '0', 'yes'],
      ['a.log', '→ file', '650', '650', '0', '0', '0', '0', 'yes'],
      ['a.log', '→ http_client', '650', '600', '0', '20', '30', '0', 'yes'],
      ['b.log', 'read', '5', '', '0', '0', '0', '0', 'yes'],
      ['b.log', '→ file', '5', '5', '0', '0', '0', '0', 'yes'],
      ['b.log', '→ http_client', '5', '5', '0', '0', '0', '0', 'yes'],
    ])
  })

  test('say of what was dropped why, how much, and the first and the last place of it', async () => {
    await look()
    expect((await cells('Dropped')).slice(2)).toEqual([
      ['a.log', 'before the sinks', 'rate-limited', '40', 'a:500', 'a:540'],
      ['a.log', '→ http_client', 'branch-full', '20', 'a:610', 'a:630'],
    ])
    expect(await table('Books').locator('td.bad').allTextContents()).toEqual(['40', '20', '40', '20'])
  })

  test('change as the pipeline goes on, and say when they do not balance', async () => {
    const page = await look()
    await cells('Books')
    keep([{ ...(ledger[1] as SourceAccount), entries: 8 }])
    await page.locator('#balance.bad', { hasText: 'The books do not balance' }).waitFor()
    expect(await cells('Books')).toEqual([
      ['b.log', 'read', '8', '', '0', '0', '0', '0', 'off by 3'],
      ['b.log', '→ file', '5', '5', '0', '0', '0', '0', 'yes'],
      ['b.log', '→ http_client', '5', '5', '0', '0', '0', '0', 'yes'],
    ])
    expect(await table('Dropped').isVisible()).toBe(false)
  })

  test('are not there when no source keeps any, and say so when one of several does not', async () => {
    keep(undefined)
    const page = await look()
    await table('Sources').waitFor()
    expect(await page.locator('#balance').isVisible()).toBe(false)
    expect(await table('Books').isVisible()).toBe(false)
    keep(ledger, { ...directory, type: 'stdin', books: undefined, files: undefined })
    await page.locator('#balance', { hasText: 'One source keeps none: it cannot read again.' }).waitFor()
  })

  test.each([
    { width: 1200, colorScheme: 'dark' },
    { width: 1200, colorScheme: 'light' },
    { width: 360, height: 640, colorScheme: 'dark' },
  ] as const)('are for everybody, at %o', async (options) => {
    const page = await look(options)
    await cells('Books')
    expect(await violations(page)).toEqual([])
    // Wide tables are scrolled in their own box, by keys too; the page is not.
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    await page.getByRole('region', { name: 'Books', exact: true }).focus()
    expect(await page.evaluate('document.activeElement.ariaLabel')).toBe('Books')
  })
})
