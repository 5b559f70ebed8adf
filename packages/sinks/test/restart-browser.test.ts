/**
 * A real browser, with an EventSource and a WebSocket, while the server is stopped and started anew on the same port
 * again and again, with and without nginx before it: no line missing, none doubled.
 */

import { once } from 'node:events'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import { fanOut, openCheckpoint } from '@logwisp/core'
import { fileSource } from '@logwisp/sources'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { sseSink, webSocketSink } from '../src/index.ts'
import { hasNginx, startNginx } from './nginx.ts'

let browser: Browser
beforeAll(async () => {
  if (hasChromium) browser = await launchChromium()
})
afterAll(async () => browser?.close())

const restarts = 5
const linesPerRun = 2000

const page = `<!doctype html><meta charset=utf-8><script>
  const sse = { lines: [], gaps: [], opened: 0, refused: 0 }
  let lastEvent
  function openStream() {
    const from = lastEvent === undefined ? 'backlog=100000' : 'lastEventId=' + encodeURIComponent(lastEvent)
    const stream = new EventSource('/stream?' + from)
    stream.onopen = () => sse.opened++
    stream.onmessage = ({ data, lastEventId }) => {
      lastEvent = lastEventId
      sse.lines.push(data)
    }
    stream.addEventListener('dropped', ({ data }) => sse.gaps.push(JSON.parse(data)))
    // A cut it mends by itself, but a proxy's 502 ends it for good.
    stream.onerror = () => {
      if (stream.readyState !== EventSource.CLOSED) return
      sse.refused++
      setTimeout(openStream, 50)
    }
  }
  openStream()

  const ws = { lines: [], gaps: [], opened: 0 }
  let last
  function open() {
    const from = last === undefined ? 'backlog=100000' : 'lastEventId=' + encodeURIComponent(last)
    const socket = new WebSocket('ws://' + location.host + '/socket?' + from)
    socket.onopen = () => ws.opened++
    socket.onmessage = ({ data }) => {
      const told = JSON.parse(data)
      last = told['logwisp.id'] ?? told.id ?? last
      if (told.logwisp === 'dropped') ws.gaps.push({ entries: told.entries, reason: told.reason })
      if (told.logwisp === undefined) ws.lines.push(told.message)
    }
    socket.onclose = () => setTimeout(open, 50)
  }
  open()
</script>`

test.skipIf(!hasChromium)('EventSource and WebSocket go on over restarts: no line missing, none doubled', () => {
  return goesOn(async (port) => port)
})

test.skipIf(!hasChromium || !hasNginx)('and so they do behind nginx', { timeout: 60_000 }, () => goesOn(startNginx))

/** `front`: what the browser talks to, for a server that listens on a port. */
async function goesOn(front: (port: number) => Promise<number>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-restart-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const path = join(directory, 'app.log')
  await writeFile(path, '')
  const expected: string[] = []
  let port = 0

  const run = async () => {
    const checkpoint = await openCheckpoint(join(directory, 'positions.json'))
    const source = fileSource(path, { checkpoint, startAt: 'beginning', pollIntervalMs: 20 })
    const [events, socket] = [sseSink({ format: 'raw', retryMs: 50 }), webSocketSink()]
    const server = createServer((req, res) =>
      events.handler(req, res, () => res.setHeader('Content-Type', 'text/html; charset=utf-8').end(page)),
    )
    server.on('upgrade', socket.handleUpgrade).listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    const done = pipeline(source, fanOut([events, socket]))
    return async (): Promise<void> => {
      source.stop()
      await done
      await checkpoint.close()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }

  let stop = await run()
  const address = `http://127.0.0.1:${await front(port)}/`
  const tab = await browser.newPage()
  const answers = async () => expect((await tab.goto(address))?.status()).toBe(200)
  await vi.waitFor(answers, { timeout: 10_000 })
  for (let round = 0; round <= restarts; round++) {
    const write = async (from: number, to: number): Promise<void> => {
      const lines = Array.from({ length: to - from }, (_, i) => `INFO run ${round} line ${from + i} é`)
      expected.push(...lines)
      await appendFile(path, `${lines.join('\n')}\n`)
    }
    await write(0, linesPerRun / 2)
    // In the middle of the flow: half of it is written while nobody serves.
    // Both see this run: that one is open says little, it may be the end of the run before.
    await tab.waitForFunction(`[sse, ws].every(({ lines }) => lines.at(-1)?.startsWith('INFO run ${round} '))`)
    if (round === restarts) break
    await stop()
    await write(linesPerRun / 2, linesPerRun)
    stop = await run()
  }
  await tab.waitForFunction(`sse.lines.length >= ${expected.length} && ws.lines.length >= ${expected.length}`)
  await stop()
  const seen =
    await tab.evaluate<Record<'sse' | 'ws', { lines: string[]; gaps: object[]; opened: number; refused?: number }>>(
      '({ sse, ws })',
    )
  await tab.close()
  for (const { lines, gaps } of [seen.sse, seen.ws]) {
    expect(lines).toEqual(expected)
    // Each restart is told as one, and as nothing else.
    expect(gaps).toEqual(Array.from({ length: restarts }, () => ({ entries: null, reason: 'restarted' })))
  }
  console.info(
    `EventSource and WebSocket in Chromium over ${restarts} restarts: ${expected.length} lines each, connected ` +
      `${seen.sse.opened} (refused ${seen.sse.refused}) and ${seen.ws.opened} times, none missing, none doubled`,
  )
}
