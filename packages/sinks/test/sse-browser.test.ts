/** The live stream as a real browser's `EventSource` sees it. */

import { EventEmitter, once } from 'node:events'
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import { fileSource } from '@logwisp/sources'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { sseSink } from '../src/index.ts'
import { servePage } from './live-server.ts'

let browser: Browser
beforeAll(async () => {
  if (hasChromium) browser = await launchChromium()
})
afterAll(async () => browser?.close())

const rotations = 12
const linesPerFile = 5000
const lines = rotations * linesPerFile

test.skipIf(!hasChromium)(
  '60,000 lines over 12 rotations: each is seen once and in order, across reconnections',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'logwisp-live-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const path = join(directory, 'app.log')
    await writeFile(path, '')

    const sink = sseSink({ format: 'raw', retryMs: 50 })
    const page = `<script>
    const lines = [], ids = new Set(), gaps = []
    let opened = 0, sinceOpened = 0
    const stream = new EventSource('/stream')
    stream.onopen = () => { opened++; sinceOpened = 0; window.progress('open') }
    stream.onmessage = ({ data, lastEventId }) => {
      lines.push(data)
      ids.add(lastEventId)
      if (++sinceOpened === 500 && lines.length < 50000) window.progress('cut')
      if (lines.length === 60000) window.progress('complete')
    }
    stream.addEventListener('dropped', ({ data }) => gaps.push(data))
    stream.addEventListener('end', () => { stream.close(); window.progress('end') })
  </script>`
    const { server, url, cut } = await servePage(sink, page)
    const tab = await browser.newPage()
    const told = new EventEmitter()
    const [whenOpen, whenComplete, whenEnded] = ['open', 'complete', 'end'].map((what) => once(told, what))
    let cuts = 0
    await tab.exposeFunction('progress', (what: string) => {
      told.emit(what)
      if (what !== 'cut') return
      cut()
      cuts++
    })
    await tab.goto(url)
    await whenOpen

    const source = fileSource(path, { startAt: 'beginning', pollIntervalMs: 20 })
    const running = pipeline(source, sink)
    for (let file = 0; file < rotations; file++) {
      for (let line = 0; line < linesPerFile; line += 100) {
        const block = Array.from({ length: 100 }, (_, i) => `INFO file ${file} line ${line + i} é\n`)
        await appendFile(path, block.join(''))
      }
      // As logrotate names them, while it is read; every third time the new one comes a moment later.
      for (let n = file; n > 0; n--) await rename(`${path}.${n}`, `${path}.${n + 1}`)
      await rename(path, `${path}.1`)
      if (file % 3 !== 0) await writeFile(path, '')
    }
    await whenComplete
    // The last one may have come from what was left of a connection that was cut.
    await vi.waitFor(() => expect(sink.stats.viewers.connected).toBe(1), { timeout: 10_000 })
    source.stop()
    await running
    await whenEnded
    const seen = await tab.evaluate<{ lines: string[]; ids: number; gaps: string[]; opened: number }>(
      '({ lines, ids: ids.size, gaps, opened })',
    )
    await new Promise((resolve) => server.close(resolve))
    console.info(
      `file → fileSource → sseSink → Chromium: ${seen.lines.length} lines, ${seen.ids} ids, ${rotations} rotations, ` +
        `cut off ${cuts} times, connected ${seen.opened} times, ${seen.gaps.length} gaps`,
    )
    const expected = Array.from(
      { length: lines },
      (_, i) => `INFO file ${Math.floor(i / linesPerFile)} line ${i % linesPerFile} é`,
    )
    expect(seen.lines).toEqual(expected)
    expect(seen.ids).toBe(lines)
    expect(seen.gaps).toEqual([])
    expect(cuts).toBeGreaterThanOrEqual(3)
    expect(seen.opened).toBe(cuts + 1)
  },
  // 5 s on an idle machine, three times that with others at work: 60,000 events are a lot to a browser.
  90_000,
)

test.skipIf(!hasChromium)('shows a gap, an entry of many lines and an empty one as what they are', async () => {
  const sink = sseSink({ format: 'raw', ringEntries: 2 })
  const { server, url } = await servePage(
    sink,
    `<script>
      const seen = []
      const stream = new EventSource('/stream?lastEventId=long-gone')
      stream.onmessage = ({ data }) => seen.push(data)
      stream.addEventListener('dropped', ({ data }) => seen.push(JSON.parse(data)))
      const ended = new Promise((resolve) => stream.addEventListener('end', () => { stream.close(); resolve(seen) }))
      stream.onopen = () => window.opened()
    </script>`,
  )
  for (const message of ['lost', 'a\r\n b\n\nc\rd', '']) sink.write({ time: 0, source: 's', message })
  const page = await browser.newPage()
  await page.exposeFunction('opened', () => void sink.end())
  await page.goto(url)
  expect(await page.evaluate('ended')).toEqual([{ entries: null, reason: 'not-kept' }, 'a\n b\n\nc\nd', ''])
  await page.close()
  await new Promise((resolve) => server.close(resolve))
})
