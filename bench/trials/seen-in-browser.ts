/**
 * From the moment that a line is appended to a file until it stands on the dashboard in a real Chromium: through
 * collector, API, store and live stream. Then what it costs the page to follow and to scroll with a long list.
 */

import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type CDPSession, chromium, type Page } from 'playwright-core'
import { quantile } from '../harness/statistics.ts'
import { ExampleProcess } from './example-process.ts'
import { LineClock, numberedLines } from './numbered-lines.ts'

const executablePath = '/usr/bin/chromium'
const example = 'log-ingestion'
const series = 'line'

/** For what was written to be shown. */
const shownTimeoutMs = 120_000

/** What is tried. */
export interface SeenSizes {
  readonly linesPerSecond: readonly number[]
  /** At each rate. */
  readonly seconds: number
  /** Rows that the page has loaded before it is scrolled. */
  readonly rows: number
  /** Lines per second while the list is filled, and while the heap is watched. */
  readonly fillPerSecond: number
  readonly scrollSeconds: number
  /** For how long the heap is watched after that, and how often it is looked at. */
  readonly heapSeconds: number
  readonly heapEverySeconds: number
}

/** Unit: ms. */
export interface Quantiles {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface SeenResult {
  /** From the appending of a line to the first frame that shows it or a later one. */
  readonly latencies: readonly {
    readonly linesPerSecond: number
    readonly lines: number
    readonly latencyMs: Quantiles
    readonly frameMs: Quantiles
  }[]
  /** With so many rows loaded, and lines coming: following, and scrolling through them. */
  readonly frames: readonly { readonly what: string; readonly rows: number; readonly frameMs: Quantiles }[]
  /** After a garbage collection. */
  readonly heap: readonly { readonly afterSeconds: number; readonly lines: number; readonly bytes: number }[]
}

/** What the page notes at each frame: when, and the highest number that it shows. */
type Frame = readonly [atMs: number, number: number]

export async function seenInBrowser(
  directory: string,
  sizes: SeenSizes,
  tell: (what: string) => void,
): Promise<SeenResult | string> {
  if (!existsSync(executablePath)) return 'not tried: no chromium; apt-get install chromium'
  const log = join(directory, 'app.log')
  writeFileSync(log, '')
  const parts: ExampleProcess[] = []
  const start = async (name: string, words: readonly string[], pattern: RegExp): Promise<string> => {
    const part = new ExampleProcess({ example, name, words, directory })
    parts.push(part)
    return await part.says(pattern)
  }
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--enable-precise-memory-info',
      '--disable-background-networking',
    ],
  })
  try {
    const dashboardPort = 20_000 + Math.floor(Math.random() * 10_000)
    const api = await start('api', ['logs.db', '0', `http://127.0.0.1:${dashboardPort}`], /http:\S+(?=\/logs)/)
    const url = await start('dashboard', [api, String(dashboardPort)], /http:\S+/)
    await start('collector', [log, `${api}/logs`], /goes to/)
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(url)
    await page.getByRole('feed').waitFor()
    return await new Watch(page, log).all(sizes, tell)
  } finally {
    await browser.close()
    await Promise.all(parts.toReversed().map((part) => part.end('SIGTERM')))
  }
}

class Watch {
  readonly #page: Page
  readonly #log: string
  /** When each line was appended, in ms since the epoch. */
  readonly #writtenMs: number[] = []

  constructor(page: Page, log: string) {
    this.#page = page
    this.#log = log
  }

  async all(sizes: SeenSizes, tell: (what: string) => void): Promise<SeenResult> {
    await this.#page.evaluate(watchFrames)
    const latencies: SeenResult['latencies'][number][] = []
    for (const linesPerSecond of sizes.linesPerSecond) {
      tell(`${linesPerSecond} lines a second`)
      // Whatever is compiled and opened first is not what a line usually waits for.
      await this.#write(linesPerSecond, 2)
      await this.#shown()
      const from = this.#writtenMs.length
      await this.#frames()
      await this.#write(linesPerSecond, sizes.seconds)
      await this.#shown()
      const frames = await this.#frames()
      const latencyMs = quantiles(this.#latencies(frames, from))
      latencies.push({ linesPerSecond, lines: this.#writtenMs.length - from, latencyMs, frameMs: frameTimes(frames) })
    }
    const session = await this.#page.context().newCDPSession(this.#page)
    const heap = await this.#fill(session, sizes, tell)
    tell('scrolling')
    const frames = await this.#scroll(sizes)
    return { latencies, frames, heap }
  }

  /** Appends lines at a rate. */
  async #write(linesPerSecond: number, seconds: number): Promise<void> {
    const first = this.#writtenMs.length
    const clock = new LineClock(linesPerSecond, (from, to) => {
      appendFileSync(this.#log, numberedLines(series, first + from, first + to, Date.now))
      const atMs = Date.now()
      for (let number = from; number < to; number++) this.#writtenMs.push(atMs)
    })
    await wait(seconds * 1000)
    clock.stop()
  }

  /** Waits until the last line that was written is shown. */
  async #shown(): Promise<void> {
    const last = this.#writtenMs.length - 1
    const deadline = performance.now() + shownTimeoutMs
    while (Number(await this.#page.evaluate('shownNumber()')) < last) {
      if (performance.now() > deadline) throw new Error(`line ${last} was not shown`)
      await wait(20)
    }
  }

  /** The frames since this was asked last. */
  async #frames(): Promise<readonly Frame[]> {
    return await this.#page.evaluate('takeFrames()')
  }

  #latencies(frames: readonly Frame[], from: number): number[] {
    const latencies: number[] = []
    let next = from
    for (const [atMs, number] of frames) {
      for (; next <= number; next++) latencies.push(atMs - (this.#writtenMs[next] as number))
    }
    return latencies
  }

  /** Lets the list grow to its size and beyond, and looks at the heap meanwhile. */
  async #fill(session: CDPSession, sizes: SeenSizes, tell: (what: string) => void): Promise<SeenResult['heap']> {
    const heap: SeenResult['heap'][number][] = []
    const startedMs = performance.now()
    const endMs = startedMs + (sizes.rows / sizes.fillPerSecond + sizes.heapSeconds) * 1000
    while (performance.now() < endMs) {
      await this.#write(sizes.fillPerSecond, sizes.heapEverySeconds)
      await this.#shown()
      await session.send('HeapProfiler.collectGarbage')
      const { usedSize } = await session.send('Runtime.getHeapUsage')
      const afterSeconds = Math.round((performance.now() - startedMs) / 1000)
      heap.push({ afterSeconds, lines: this.#writtenMs.length, bytes: usedSize })
      tell(`heap after ${this.#writtenMs.length} lines: ${Math.round(usedSize / 1e6)} MB`)
    }
    return heap
  }

  async #scroll({ scrollSeconds }: SeenSizes): Promise<SeenResult['frames']> {
    const rows = Number(await this.#page.locator('[role=feed] article').last().getAttribute('aria-posinset'))
    const frames: SeenResult['frames'][number][] = []
    await this.#frames()
    await this.#write(1000, scrollSeconds)
    frames.push({ what: 'following, 1,000 lines a second', rows, frameMs: frameTimes(await this.#frames()) })
    const box = await this.#page.getByRole('feed').boundingBox()
    if (box === null) throw new Error('the list is not there')
    await this.#page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    const writing = this.#write(1000, scrollSeconds)
    await this.#frames()
    const endMs = performance.now() + scrollSeconds * 1000
    while (performance.now() < endMs) {
      await this.#page.mouse.wheel(0, -600)
      await wait(16)
    }
    frames.push({ what: 'scrolling, 1,000 lines a second', rows, frameMs: frameTimes(await this.#frames()) })
    await writing
    return frames
  }
}

function quantiles(values: readonly number[]): Quantiles {
  return { p50: quantile(values, 0.5), p99: quantile(values, 0.99), max: values.reduce((a, b) => Math.max(a, b), 0) }
}

function frameTimes(frames: readonly Frame[]): Quantiles {
  return quantiles(frames.slice(1).map(([atMs], index) => atMs - (frames[index]?.[0] ?? atMs)))
}

/** In the page: notes at each frame what is shown. */
const watchFrames = `
  let frames = []
  window.shownNumber = () => {
    const texts = document.querySelectorAll('[role=feed] article .row__text')
    const found = /line-(\\d{9})/.exec(texts.item(texts.length - 1)?.textContent ?? '')
    return found === null ? -1 : Number(found[1])
  }
  window.takeFrames = () => {
    const taken = frames
    frames = []
    return taken
  }
  const note = () => {
    frames.push([performance.timeOrigin + performance.now(), window.shownNumber()])
    requestAnimationFrame(note)
  }
  requestAnimationFrame(note)
`
