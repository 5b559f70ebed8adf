/** The live page as the home of several pipelines. */

import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import { accessControl, hashToken } from '@logwisp/core/server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type PageServer, startPageServer } from './page-server.ts'
import { type Visit, visit } from './page-visit.ts'

describe.skipIf(!hasChromium)('the home of three pipelines', () => {
  let browser: Browser
  let server: PageServer
  let visited: Visit
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    server = await startPageServer({ pipelines: { app: {}, nginx: {}, audit: {} } })
    visited = await visit(browser, server.url, { expected: /status of 5\d\d/ })
  })
  afterEach(async () => {
    await visited.leave()
    await server.close()
  })

  const card = (name: string) => visited.page.locator('.pipeline', { hasText: name })

  test('lists them with their figures, and shows the lines of the first', async () => {
    const app = server.pipelines.get('app')!
    Object.assign(server.pipelines.get('nginx')!.status, {
      state: 'restarting',
      last_error: 'connect ECONNREFUSED <b>',
      dropped: { rate_limit: 1234, full: 0, filtered: 17 },
      total_filtered: 17,
    })
    await app.write(['one', 'two'])
    await visited.counts('2 lines')
    expect(await visited.page.locator('.pipeline .name').allTextContents()).toEqual(['app', 'nginx', 'audit'])
    await card('app').locator('dl', { hasText: 'taken2viewers1waiting0unread50 B' }).waitFor()
    await card('nginx').locator('.state', { hasText: 'restarting' }).waitFor()
    expect(await card('nginx').locator('.error-text').textContent()).toBe('connect ECONNREFUSED <b>')
    expect(await card('nginx').locator('.bad').allTextContents()).toEqual(['dropped: rate_limit1,234'])
    expect(await visited.page.locator('#service').textContent()).toBe('0.1.0 · running · up 1 min · 60.0 MB')
  })

  test('shows how many entries a second go in and out', async () => {
    const app = server.pipelines.get('app')!
    await card('app').locator('.in', { hasText: 'in 0/s' }).waitFor()
    await app.write(Array.from({ length: 500 }, () => 'x'))
    await card('app')
      .locator('.in', { hasText: /^in \d{2,}\/s$/ })
      .waitFor()
    await card('app')
      .locator('.out', { hasText: /^out \d{2,}\/s$/ })
      .waitFor()
    expect(await card('app').locator('polyline').getAttribute('points')).toMatch(/^\S+,\S+( \S+,\S+)+$/)
  })

  test('shows the lines of the pipeline that is chosen, and remembers it in the address', async () => {
    await server.pipelines.get('app')!.write(['of app'])
    await server.pipelines.get('nginx')!.write(['of nginx'])
    await visited.shows('of app')
    await card('nginx').locator('a').click()
    await visited.shows('of nginx')
    expect(await visited.messages()).toEqual(['of nginx'])
    expect(new URL(visited.page.url()).hash).toBe('#pipeline=nginx')
    expect(await visited.page.locator('[aria-current=true] .name').allTextContents()).toEqual(['nginx'])
    await visited.page.goBack()
    await visited.shows('of app')
  })

  test.each(['app', 'nginx'])('has a page of its own for %s', async (name) => {
    await server.pipelines.get(name)!.write([`of ${name}`])
    await visited.page.goto(`${server.url}${name}/`)
    await visited.shows(`of ${name}`)
    expect(await visited.page.locator('.pipeline .name').allTextContents()).toEqual([name])
    await visited.page.click('#home')
    expect(visited.page.url()).toBe(server.url)
    // As a person types it.
    await visited.page.goto(`${server.url}${name}`)
    expect(visited.page.url()).toBe(`${server.url}${name}/`)
    await visited.shows(`of ${name}`)
  })

  test('shows stages, files and viewers of the chosen pipeline', async () => {
    await server.pipelines.get('app')!.write(['one'])
    await visited.counts('1 line')
    await visited.page.click('#stages-button')
    const rows = (title: string) =>
      visited.page.locator('table', { has: visited.page.locator('caption', { hasText: title }) }).locator('tbody tr')
    await rows('Viewers').first().waitFor()
    expect(await rows('Files').allTextContents()).toEqual(['/var/log/app.log150 B10050 B'])
    expect(await rows('Sources').locator('td').first().textContent()).toBe('directory')
    expect(await rows('Filters').count()).toBe(0)
    await visited.page.keyboard.press('s')
    expect(await visited.page.locator('#stages').isHidden()).toBe(true)
  })

  test('shows the same lines again after the stages, wherever the list was, and follows if it did', async () => {
    const { page } = visited
    const app = server.pipelines.get('app')!
    await app.write(Array.from({ length: 3000 }, (_, i) => `line ${i}`))
    await visited.shows('line 2999')
    await page.click('#stages-button')
    await app.write(['while it was hidden'])
    await visited.counts('3,001 lines')
    await page.click('#stages-button')
    await visited.shows('while it was hidden')
    await page.evaluate(`{ const log = document.getElementById('log'); log.scrollTop = log.scrollHeight / 2 }`)
    await page.locator('#follow').waitFor()
    const inSight = `{
      const box = document.getElementById('log').getBoundingClientRect()
      document.elementFromPoint(box.left + 200, box.top + 200)?.closest('.row')?.querySelector('.message').textContent
    }`
    await expect.poll(() => page.evaluate(inSight)).toMatch(/^line 1\d\d\d$/)
    const before = await page.evaluate(inSight)
    await page.click('#stages-button')
    await app.write(['once more'])
    await visited.counts('3,002 lines')
    await page.click('#stages-button')
    await expect.poll(() => page.evaluate(inSight)).toBe(before)
  })

  test('keeps what it shows while the server has no status to give', async () => {
    await server.pipelines.get('app')!.write(['one'])
    await visited.counts('1 line')
    Object.assign(server.pipelines.get('nginx')!.status, { total_processed: undefined, sources: undefined })
    await visited.page.locator('#trouble').waitFor()
    expect(await visited.page.locator('#trouble').textContent()).toMatch(/trying again/)
    expect(await visited.messages()).toEqual(['one'])
    Object.assign(server.pipelines.get('nginx')!.status, { total_processed: 1, sources: [] })
    await visited.page.locator('#trouble').waitFor({ state: 'hidden' })
  })

  test('asks for the status each second, and seldom when nobody looks', async () => {
    const before = server.statusRequests
    await expect.poll(() => server.statusRequests - before, { timeout: 10_000 }).toBeGreaterThan(2)
    await visited.page.evaluate(`{
      Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })
    }`)
    const answered = visited.page.waitForResponse('**/status')
    await answered
    const hidden = server.statusRequests
    // Longer than three intervals, shorter than the one for pages that are hidden.
    await visited.page.waitForTimeout(3500)
    expect(server.statusRequests - hidden).toBeLessThanOrEqual(1)
    await visited.page.evaluate(`{
      delete document.hidden
      document.dispatchEvent(new Event('visibilitychange'))
    }`)
    await visited.page.waitForResponse('**/status')
  })
})

describe.skipIf(!hasChromium)('the page of a pipeline that is not for everybody', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  test('says so, takes a token, and refuses a wrong one', async () => {
    const access = accessControl({
      tokens: { ann: { hash: hashToken('the token of ann, long enough'), rights: ['stream', 'status'] } },
    })
    const server = await startPageServer({ pipelines: { default: { access } } })
    await server.pipelines.get('default')!.write(['for ann'])
    const visited = await visit(browser, server.url, { expected: /status of 401/, untilLive: false })
    const { page } = visited
    await page.locator('#sign-in').waitFor()
    expect(await page.locator('#sign-in-text').textContent()).toMatch(/not for everybody: sign in with a token/)
    expect(await visited.messages()).toEqual([])
    await page.fill('#token', 'a guess')
    await page.click('#sign-in button')
    await page.locator('#sign-in-text', { hasText: 'That token is not known here.' }).waitFor()
    await page.fill('#token', 'the token of ann, long enough')
    await page.click('#sign-in button')
    await visited.shows('for ann')
    await page.locator('.pipeline .name', { hasText: 'default' }).waitFor()
    expect(await page.locator('#trouble').isHidden()).toBe(true)
    await visited.leave()
    await server.close()
  })

  test('shows the lines to whom only the lines are shown', async () => {
    const access = accessControl({ anonymous: ['stream'] })
    const server = await startPageServer({ pipelines: { default: { access } } })
    await server.pipelines.get('default')!.write(['for all'])
    const visited = await visit(browser, server.url, { expected: /status of 40[13]/ })
    await visited.shows('for all')
    await visited.page.locator('#trouble', { hasText: 'for those who may see the status' }).waitFor()
    expect(await visited.page.locator('#sign-in').isHidden()).toBe(true)
    await visited.leave()
    await server.close()
  })

  test('shows the figures to whom only the figures are shown, and where to sign in for the lines', async () => {
    const access = accessControl({
      anonymous: ['status'],
      tokens: { ann: { hash: hashToken('the token of ann, long enough'), rights: ['stream', 'status'] } },
    })
    const server = await startPageServer({ pipelines: { default: { access } } })
    await server.pipelines.get('default')!.write(['for ann'])
    const visited = await visit(browser, server.url, { untilLive: false })
    await visited.page.locator('#state[data-state=none]').waitFor()
    await visited.page.locator('.pipeline .name', { hasText: 'default' }).waitFor()
    await visited.page.fill('#token', 'the token of ann, long enough')
    await visited.page.click('#sign-in button')
    await visited.shows('for ann')
    await visited.leave()
    await server.close()
  })
})
