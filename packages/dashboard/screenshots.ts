/**
 * Makes the pictures docs/images/dashboard-*.png: a store with an hour of a shop's logs, more coming in all the while, looked
 * at as a person does. `pnpm --filter @logwisp/dashboard screenshots`, after a build.
 */

import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { launchChromium, type Page } from '@logwisp/browser-testing'
import type { LogEntry } from '@logwisp/core'
import { openStore } from '@logwisp/store'
import UPNG from 'upng-js'
import { dashboard } from './src/dashboard.ts'
import { shopEntries } from './test/shop-entries.ts'

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url))

/** Pictures are read over a network. */
const maxImageBytes = 150_000

const minute = 60_000
const now = Date.now()

const directory = await mkdtemp(join(tmpdir(), 'logwisp-pictures-'))
const store = await openStore(join(directory, 'logs.db'), { safeAfter: 'commit' })
await appendAll(
  shopEntries({
    seed: 7,
    from: now - 60 * minute,
    to: now,
    entriesPerSecond: 12,
    trouble: { from: now - 24 * minute, to: now - 15 * minute },
  }),
)
await store.indexed()

const stopping = new AbortController()
const living = live()
const page = dashboard(store, { port: 0 })
const [{ port }] = (await once(page, 'listening')) as [{ port: number }]
const url = `http://127.0.0.1:${port}/`
await mkdir(images, { recursive: true })
const browser = await launchChromium()
try {
  const wide = await visit(1280, 760)
  // The worst that can happen belongs to the picture.
  await wide.locator('.row--fatal').first().waitFor({ timeout: 120_000 })
  await picture(wide, 'dark')

  await openCharge(wide)
  await wide.getByRole('radio', { name: 'Light' }).check({ force: true })
  await wide.getByRole('treegrid').waitFor()
  await wait(500)
  await picture(wide, 'detail')
  await wide.keyboard.press('Escape')
  await wide.getByRole('radio', { name: 'Dark' }).check({ force: true })

  const box = wide.getByRole('combobox', { name: 'Search' })
  await box.fill('level>=warn -healthz /ETIMEDOUT|slow/ field.user.name=')
  await wide.getByRole('option').first().waitFor()
  await wide.keyboard.press('ArrowDown')
  await picture(wide, 'search')
  await wide.keyboard.press('Enter')
  await wide.keyboard.press('Enter')
  await wide.locator('.row').first().waitFor()
  await brush(wide, 0.58, 0.76)
  await wide.mouse.move(0, 0)
  await wait(500)
  await picture(wide, 'zoom')
  await wide.close()

  const phone = await visit(390, 800)
  await picture(phone, 'phone')
  await openCharge(phone)
  await phone.getByRole('treegrid').waitFor()
  await picture(phone, 'phone-detail')
} finally {
  stopping.abort()
  await living
  await browser.close()
  await page.close()
  await store.close()
  await rm(directory, { recursive: true })
}

async function appendAll(entries: Iterable<LogEntry>): Promise<void> {
  await store.append([...entries])
}

/** What is written now, twice a second. */
async function live(): Promise<void> {
  for (let from = Date.now(), seed = 100; !stopping.signal.aborted; seed++) {
    await wait(500)
    const to = Date.now()
    await appendAll(shopEntries({ seed, from, to, entriesPerSecond: 12, trouble: { from, to } }))
    from = to
  }
}

async function visit(width: number, height: number): Promise<Page> {
  const visited = await browser.newPage({ viewport: { width, height }, colorScheme: 'dark' })
  await visited.goto(url)
  await visited.locator('.state[data-state=live]').waitFor()
  await visited.locator('.histogram__told', { hasText: /lines · / }).waitFor()
  await visited.locator('.row').nth(5).waitFor()
  await wait(2000)
  return visited
}

/** A line with much to show; held, so that it does not move on while it is clicked. */
async function openCharge(visited: Page): Promise<void> {
  const charge = visited.locator('.row--error', { hasText: 'charge of order' }).last()
  await charge.waitFor()
  await visited.getByRole('button', { name: 'Follow' }).click()
  await charge.click()
}

async function brush(visited: Page, from: number, to: number): Promise<void> {
  const { x, y, width } = (await visited.locator('.u-over').boundingBox()) as { x: number; y: number; width: number }
  await visited.mouse.move(x + width * from, y + 20)
  await visited.mouse.down()
  await visited.mouse.move(x + width * to, y + 30, { steps: 5 })
  await visited.mouse.up()
}

async function picture(visited: Page, name: string): Promise<void> {
  const small = withPalette(await visited.screenshot())
  if (small.length > maxImageBytes)
    throw new Error(`${name} has ${small.length} bytes, at most ${maxImageBytes} will do`)
  await writeFile(join(images, `dashboard-${name}.png`), small)
  process.stdout.write(`docs/images/dashboard-${name}.png  ${(small.length / 1000).toFixed(0)} kB\n`)
}

/** The same with 256 colours, which text on a plain ground does not exceed by much: a third of the bytes. */
function withPalette(image: Buffer): Buffer {
  const decoded = UPNG.decode(new Uint8Array(image).buffer)
  return Buffer.from(UPNG.encode(UPNG.toRGBA8(decoded), decoded.width, decoded.height, 256))
}
