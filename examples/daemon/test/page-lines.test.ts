/** The lines of the live page in a real browser. */

import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type PagePipeline, type PageServer, startPageServer } from './page-server.ts'
import { type Visit, visit } from './page-visit.ts'

describe.skipIf(!hasChromium)('the lines of the live page', () => {
  let browser: Browser
  let server: PageServer
  let pipeline: PagePipeline
  let visited: Visit

  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  beforeEach(async () => {
    server = await startPageServer()
    pipeline = server.pipelines.get('default')!
    visited = await visit(browser, server.url)
  })
  afterEach(async () => {
    await visited.leave()
    await server.close()
  })

  test('shows each line with its level, and markup in it as text', async () => {
    const { page } = visited
    const markup = 'INFO <img src=x onerror="document.title=1"><script>document.title=2</script> ü'
    await pipeline.write([
      { time: Date.parse('2026-11-21T10:00:00Z'), level: 'error', source: '/var/log/shop.log', message: 'boom' },
      { message: markup, source: markup, fields: { [markup]: markup } },
    ])
    await visited.counts('2 lines')
    expect(await visited.messages()).toEqual(['boom', markup])
    expect(await page.locator('.row.error .level').allTextContents()).toEqual(['error'])
    expect(await page.locator('.row.error .source').allTextContents()).toEqual(['shop.log'])
    expect(await page.locator('.row.error time').getAttribute('datetime')).toBe('2026-11-21T10:00:00.000Z')
    expect(await page.locator('.row.error time').textContent()).toMatch(/^\d\d:\d\d:00[.,]000$/)
    await page.locator('.row').nth(2).click()
    expect(await page.locator('#details dd').last().textContent()).toBe(markup)
    expect(await page.locator('.row img, .row script, #details img, #details script').count()).toBe(0)
    expect(await page.title()).toBe('default · LogWisp')
  })

  test('shows what came before the page was opened', async () => {
    await pipeline.write(['one', 'two'])
    await visited.counts('2 lines')
    await visited.page.reload()
    await visited.counts('2 lines')
    expect(await visited.messages()).toEqual(['one', 'two'])
  })

  test('filters what it has by level and by text, and shows all of it again without the filter', async () => {
    const { page } = visited
    await pipeline.write([
      { level: 'info', message: 'a' },
      { level: 'warn', message: 'b of Ann' },
      { level: 'error', message: 'c', fields: { user: 'ann' } },
      { message: 'd has no level' },
    ])
    await visited.counts('4 lines')
    await page.selectOption('#level', 'warn')
    await visited.counts('3 of 4 lines')
    expect(await visited.messages()).toEqual(['b of Ann', 'c', 'd has no level'])
    await page.fill('#match', 'ANN')
    await visited.counts('2 of 4 lines')
    expect(await visited.messages()).toEqual(['b of Ann', 'c'])
    expect(new URL(page.url()).hash).toBe('#level=warn&match=ANN')
    await pipeline.write([
      { level: 'error', message: 'ann again' },
      { level: 'debug', message: 'ann too' },
    ])
    await visited.counts('3 of 6 lines')
    await page.fill('#match', '')
    await page.selectOption('#level', '')
    await visited.counts('6 lines')
  })

  test('takes a text between slashes for a pattern, and a filter from its address', async () => {
    const { page } = visited
    await pipeline.write(['a.c', 'abc', 'ABC'])
    await page.goto(`${server.url}#match=%2Fa.c%2F`)
    await visited.counts('2 of 3 lines')
    await page.fill('#match', 'a.c')
    await visited.counts('1 of 3 lines')
    await page.fill('#match', '/a.c/i')
    await visited.counts('3 lines')
  })

  test('filters at the server when asked to, from its backlog on', async () => {
    const { page } = visited
    await pipeline.write([
      { level: 'info', message: 'INFO a' },
      { level: 'warn', message: 'WARN (b)' },
      { level: 'error', message: 'ERROR c' },
    ])
    await visited.counts('3 lines')
    await page.check('#at-server')
    await page.selectOption('#level', 'warn')
    await visited.counts('2 lines')
    await page.fill('#match', '/^ERROR/')
    await visited.counts('1 line')
    expect(await visited.messages()).toEqual(['ERROR c'])
    await page.fill('#match', 'warn (b')
    await visited.shows('WARN (b)')
    await visited.counts('1 line')
  })

  test('says what is wrong with a pattern, and goes on when it is mended', async () => {
    const { page } = visited
    await pipeline.write(['on'])
    await visited.counts('1 line')
    await page.fill('#match', '/(unclosed/')
    await page.locator('#match-error').waitFor()
    expect(await page.locator('#match-error').textContent()).toMatch(/^match: .*unterminated group/i)
    await page.fill('#match', '')
    await page.locator('#match-error').waitFor({ state: 'hidden' })
    expect(await page.locator('#match').getAttribute('aria-invalid')).toBe(null)
    expect(await visited.messages()).toEqual(['on'])
  })

  test('keeps the chosen line in sight when the filter goes, with what was around it', async () => {
    const { page } = visited
    await pipeline.write(Array.from({ length: 3000 }, (_, i) => (i === 1500 ? 'the needle' : `hay ${i}`)))
    await visited.counts('3,000 lines')
    await page.fill('#match', 'needle')
    await visited.counts('1 of 3,000 lines')
    await page.locator('.row', { hasText: 'the needle' }).click()
    await page.fill('#match', '')
    await visited.counts('3,000 lines')
    await visited.shows('hay 1499')
    await page.locator('.row[aria-selected=true]', { hasText: 'the needle' }).waitFor()
    expect(await page.locator('#details dd').last().textContent()).toBe('the needle')
  })

  test('misses nothing while it is paused', async () => {
    const { page } = visited
    await pipeline.write(['one'])
    await visited.counts('1 line')
    await page.click('#pause')
    await page.locator('#state[data-state=paused]').waitFor()
    await pipeline.write(['two', 'three'])
    await page.click('#pause')
    await visited.counts('3 lines')
    expect(await visited.messages()).toEqual(['one', 'two', 'three'])
  })

  test('shows control characters, and turns no text around, but copies a line as it came', async () => {
    const { page } = visited
    const hostile = 'a\u0000b\u001b[31mred\u001b[0m \u202egnp.exe\u2066 x\u200b \u001b]0;title\u0007'
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await pipeline.write([hostile])
    await visited.counts('1 line')
    expect(await visited.messages()).toEqual(['a␀bred ‹U+202E›gnp.exe‹U+2066› x‹U+200B› ␛]0;title␇'])
    await page.keyboard.press('j')
    await page.keyboard.press('c')
    await page.locator('#spoken', { hasText: 'Copied.' }).waitFor({ state: 'attached' })
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(hostile)
  })

  test('shows the beginning of a line of a megabyte, and copies all of it', async () => {
    const { page } = visited
    const long = `begin ${'x'.repeat(1024 * 1024)} end`
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await pipeline.write(['before', long, 'after'])
    await visited.shows('after')
    const shown = page.locator('.row', { hasText: 'begin ' })
    expect((await shown.locator('.message').textContent())?.length).toBe(2000)
    expect(await shown.locator('.more').textContent()).toBe('… 1,046,586 characters more, see details')
    await shown.click()
    expect(await page.locator('#details dd').last().textContent()).toMatch(/x… 948,586 characters more/)
    await page.click('#details .copy-message')
    await page.locator('#spoken', { hasText: 'Copied.' }).waitFor({ state: 'attached' })
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(long)
  })

  test('tells in its details all that a line says, numbers to the last digit', async () => {
    const { page } = visited
    await pipeline.write([
      { level: 'warn', message: 'two\nlines', fields: { id: 12345678901234567890n, deep: { price: 1.5 }, text: 'x' } },
    ])
    await visited.counts('1 line')
    await page.locator('.row.warn').click()
    const names = await page.locator('#details dt').allTextContents()
    const values = await page.locator('#details dd').allTextContents()
    expect(names).toEqual(['time', 'level', 'source', 'message', 'id', 'deep', 'text'])
    expect(values.slice(1)).toEqual([
      'warn',
      '/var/log/default.log',
      'two\nlines',
      '12345678901234567890',
      '{\n  "price": 1.5\n}',
      'x',
    ])
    await page.keyboard.press('Escape')
    expect(await page.locator('#details').isHidden()).toBe(true)
  })

  test('wraps long lines, or has each on one line', async () => {
    const { page } = visited
    await pipeline.write([`first ${'word '.repeat(100)}\nsecond`])
    await visited.counts('1 line')
    const row = page.locator('.row:not(.probe)')
    const wrapped = (await row.boundingBox())?.height ?? 0
    await page.click('#wrap')
    await expect.poll(async () => (await row.boundingBox())?.height ?? 0).toBeLessThan(wrapped / 2)
    expect(await row.locator('.message').textContent()).toContain('↵second')
    await page.click('#wrap')
    await expect.poll(async () => (await row.boundingBox())?.height ?? 0).toBe(wrapped)
  })

  test('clears what it has, and says that it waits', async () => {
    const { page } = visited
    expect(await page.locator('#empty').textContent()).toContain('Waiting for lines')
    await pipeline.write(['one'])
    await visited.counts('1 line')
    expect(await page.locator('#empty').isHidden()).toBe(true)
    await page.fill('#match', 'nothing like it')
    await page.locator('#empty', { hasText: 'The line here does not match' }).waitFor()
    await page.fill('#match', '')
    await visited.counts('1 line')
    await page.click('#clear')
    await visited.counts('0 lines')
    await pipeline.write(['two'])
    await visited.counts('1 line')
    expect(await visited.messages()).toEqual(['two'])
  })
})

describe.skipIf(!hasChromium)('the live page over breaks', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  test('connects again by itself when the server comes back, and says that it was started anew', async () => {
    let server = await startPageServer()
    const visited = await visit(browser, server.url, { expected: /Failed to load resource|ERR_|net::/ })
    await server.pipelines.get('default')!.write(['one'])
    await visited.counts('1 line')
    const { port } = new URL(server.url)
    await server.close()
    await visited.page.locator('#state[data-state=lost]').waitFor()
    server = await startPageServer({ port: Number(port) })
    await server.pipelines.get('default')!.write(['two'])
    await visited.shows('two')
    await visited.page.locator('#state[data-state=live]').waitFor()
    expect(await visited.messages()).toEqual(['one', 'two'])
    expect(await visited.page.locator('.gap .message').allTextContents()).toEqual(['LogWisp was started anew here'])
    await visited.leave()
    await server.close()
  })

  test('shows no line twice when the server was killed and reads the last ones again', async () => {
    let server = await startPageServer()
    const visited = await visit(browser, server.url, { expected: /Failed to load resource|ERR_|net::/ })
    const tracker = { acknowledge: () => {} }
    const entry = (i: number) => ({ message: `line ${i}`, origin: { tracker, sequence: i, id: `shop.log:${i}` } })
    const entries = Array.from({ length: 50 }, (_, i) => entry(i))
    await server.pipelines.get('default')!.write(entries)
    await visited.counts('50 lines')
    const { port } = new URL(server.url)
    await server.close()
    server = await startPageServer({ port: Number(port) })
    await server.pipelines.get('default')!.write([...entries, entry(50)])
    await visited.shows('line 50')
    await visited.counts('51 lines')
    await visited.leave()
    await server.close()
  })

  test('says how many lines are missing where they are missing', async () => {
    const server = await startPageServer({ pipelines: { default: { ringEntries: 100 } } })
    const pipeline = server.pipelines.get('default')!
    const visited = await visit(browser, server.url)
    await pipeline.write(['one'])
    await visited.counts('1 line')
    await visited.page.click('#pause')
    await visited.page.locator('#state[data-state=paused]').waitFor()
    // The ring lets go of whole chunks of entries.
    await pipeline.write(Array.from({ length: 20_000 }, (_, i) => `line ${i}`))
    await visited.page.click('#pause')
    await visited.shows('line 19999')
    await visited.page.fill('#match', 'one')
    const gap = visited.page.locator('.gap .message')
    await gap.waitFor()
    const missing = Number(
      /^([\d,]+) lines are missing here/.exec((await gap.textContent()) ?? '')?.[1]?.replace(/,/g, ''),
    )
    expect(missing).toBeGreaterThan(10_000)
    const all = /of ([\d,]+) lines/.exec((await visited.page.locator('#shown').textContent()) ?? '')?.[1]
    // Lines that are here, but for the one before and the place itself, and those that are not: all of them.
    expect(Number(all?.replace(/,/g, '')) - 2 + missing).toBe(20_000)
    await visited.leave()
    await server.close()
  })

  test.each([
    [
      "the ancestor's json",
      (entry: { level?: string | undefined; message: string }) =>
        `{"level":"${(entry.level ?? '').toUpperCase()}","message":${JSON.stringify(entry.message)},"source":"a.log","timestamp":"2026-11-21T10:00:00.123456789Z","user":"ann"}\n`,
      { message: 'it "works"', level: 'error', fields: ' {"user":"ann"}', time: '2026-11-21T10:00:00.123Z' },
    ],
    ['raw', 'raw' as const, { message: 'it "works"', level: '', fields: '', time: undefined }],
    [
      'text',
      (entry: { message: string }) => `[2026-11-21T10:00:00Z] [ERROR] a.log - ${entry.message}\n`,
      { message: '[2026-11-21T10:00:00Z] [ERROR] a.log - it "works"', level: '', fields: '', time: undefined },
    ],
  ])('reads the format %s', async (_name, format, expected) => {
    const server = await startPageServer({ pipelines: { default: { format } } })
    const visited = await visit(browser, server.url)
    await server.pipelines.get('default')!.write([{ level: 'error', message: 'it "works"' }])
    await visited.counts('1 line')
    const row = visited.page.locator('.row:not(.probe)')
    expect((await row.locator('.message').textContent())?.trimEnd()).toBe(expected.message)
    expect(await row.locator('.level').textContent()).toBe(expected.level)
    expect(await row.locator('.fields').textContent()).toBe(expected.fields.trim())
    if (expected.time !== undefined) expect(await row.locator('time').getAttribute('datetime')).toBe(expected.time)
    await visited.leave()
    await server.close()
  })
})
