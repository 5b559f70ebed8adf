/** The live stream as a real browser's `EventSource` sees it. */

import { EventEmitter, once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Batch, type BatchOrigins } from '@logwisp/core'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SseSink, sseSink } from '../src/index.ts'
import { hasChromium, launchChromium } from './chromium.ts'

let browser: Browser
beforeAll(async () => {
  if (hasChromium) browser = await launchChromium()
})
afterAll(async () => browser?.close())

const files = 12
const linesPerFile = 5000
const linesPerBatch = 500

/** Lines of 12 files, one after the other, as a source of files gives them: in batches, each line with its id. */
async function* batches(): AsyncGenerator<Batch> {
  for (let file = 0; file < files; file++) {
    let offset = 0
    for (let line = 0; line < linesPerFile; line += linesPerBatch) {
      const text = Array.from({ length: linesPerBatch }, (_, i) => `INFO file ${file} line ${line + i} é\n`).join('')
      const [bytes, before] = [Buffer.from(text), offset]
      const origins: BatchOrigins = {
        at: (start, end) => ({ tracker: { acknowledge: () => {} }, sequence: end, id: `ä ${file}:${before + start}` }),
      }
      offset += bytes.length
      yield Batch.of({ bytes, source: `app.log.${file}`, time: 1, origins })
      // Some 25,000 lines a second: the run must last while connections are cut and made again.
      await delay(20)
    }
  }
}

/** A server with a page beside the mounted stream, whose connections the test can cut. */
async function servePage(sink: SseSink, page: string): Promise<{ server: Server; url: string; cut: () => number }> {
  const sockets = new Set<Socket>()
  const server = createServer((req, res) => {
    if (req.url !== '/') return sink.handler(req, res)
    res.setHeader('Content-Type', 'text/html; charset=utf-8').end(`<!doctype html><meta charset=utf-8>${page}`)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): number => {
    for (const socket of sockets) socket.resetAndDestroy()
    return sockets.size
  }
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, cut }
}

test.skipIf(!hasChromium)(
  'gets every line of 60,000 once and in order, although its connection is cut again and again',
  async () => {
    const sink = sseSink({ format: 'raw', retryMs: 50 })
    const { server, url, cut } = await servePage(
      sink,
      `<script>
      const lines = [], ids = [], gaps = []
      let opened = 0
      const stream = new EventSource('/stream')
      stream.onopen = () => { opened++; window.progress('open', opened) }
      stream.onmessage = ({ data, lastEventId }) => {
        lines.push(data)
        ids.push(lastEventId)
        if (lines.length % 6000 === 0) window.progress('lines', lines.length)
      }
      stream.addEventListener('dropped', ({ data }) => gaps.push(data))
      stream.addEventListener('end', () => { stream.close(); window.progress('end', lines.length) })
    </script>`,
    )
    const page = await browser.newPage()
    let cuts = 0
    const told = new EventEmitter()
    const [whenOpen, whenComplete, whenEnded] = ['open', 'complete', 'end'].map((what) => once(told, what))
    await page.exposeFunction('progress', (what: string, count: number) => {
      if (what !== 'lines') told.emit(what)
      else if (count === files * linesPerFile) told.emit('complete')
      else {
        cut()
        cuts++
      }
    })
    await page.goto(url)
    await whenOpen
    await pipeline(Readable.from(batches()), sink, { end: false })
    await whenComplete
    sink.end()
    await whenEnded
    const seen = await page.evaluate<{ lines: string[]; ids: string[]; gaps: string[]; opened: number }>(
      '({ lines, ids, gaps, opened })',
    )
    await page.close()
    await new Promise((resolve) => server.close(resolve))

    console.info(`Chromium: ${seen.lines.length} lines, cut off ${cuts} times, connected ${seen.opened} times`)
    const expected = Array.from(
      { length: files * linesPerFile },
      (_, i) => `INFO file ${Math.floor(i / linesPerFile)} line ${i % linesPerFile} é`,
    )
    expect(seen.lines).toEqual(expected)
    expect(new Set(seen.ids).size).toBe(expected.length)
    expect(seen.gaps).toEqual([])
    expect(cuts).toBe(9)
    expect(seen.opened).toBeGreaterThan(5)
  },
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
