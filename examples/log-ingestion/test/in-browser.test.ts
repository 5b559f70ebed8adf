/**
 * The dashboard in a real browser, its page from one origin and what it shows from another: lines come by themselves, and
 * none is missing or doubled when the API was killed meanwhile.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { endAll, freePort, generate, start } from './programs.ts'

let directory: string
let browser: Browser | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'log-ingestion-'))
})

afterEach(async () => {
  await browser?.close()
  await endAll()
  await rm(directory, { recursive: true })
})

test.skipIf(!hasChromium)(
  'shows lines as they are written, also those that came while the API was dead',
  async () => {
    const [apiPort, pagePort] = [String(await freePort()), String(await freePort())]
    const url = `http://127.0.0.1:${apiPort}`
    const apiWords = ['logs.db', apiPort, `http://127.0.0.1:${pagePort}`]
    const api = start('api', apiWords, directory)
    start('collector', ['app.log', `${url}/logs`], directory)
    const dashboard = start('dashboard', [url, pagePort], directory)
    const [address] = await dashboard.says(/http:\S+/)
    await api.says(/takes and gives/)
    browser = await launchChromium()
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    await page.goto(address)

    await generate(1, 10, directory).ended()
    const lines = page.getByRole('feed').getByRole('article')
    await lines.filter({ hasText: 'Log 10' }).waitFor()
    await api.end('SIGKILL')
    await page
      .getByText(/disconnected/i)
      .first()
      .waitFor()
    await generate(11, 20, directory).ended()
    start('api', apiWords, directory)
    await lines.filter({ hasText: 'Log 20' }).waitFor()
    const numbers = (await lines.allInnerTexts()).flatMap((text) => / - Log (\d+)/.exec(text)?.[1] ?? [])
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => String(index + 1)))
    expect(complaints).toEqual([])
  },
  90_000,
)
