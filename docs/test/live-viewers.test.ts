/** What docs/live-viewers.md shows with curl, a page and a line reader is what comes. */

import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { root } from '../../.config/published-packages.ts'
import { type Browser, hasChromium, launchChromium } from '../../packages/browser-testing/src/chromium.ts'
import { sseSink, tcpSink, webSocketSink } from '../../packages/sinks/src/index.ts'

const text = readFileSync(join(root, 'docs/live-viewers.md'), 'utf8')

function has(program: string): boolean {
  const found = spawnSync('which', [program]).status === 0
  if (!found) console.warn(`SKIPPED: no ${program}, which docs/live-viewers.md uses; apt-get install it`)
  return found
}

/** The code blocks of a language, in order. */
function blocks(language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code]) => code as string)
}

const entry = {
  time: Date.parse('2026-11-21T10:00:00.000Z'),
  source: 'app.log',
  level: 'warn',
  message: 'disk at 91 %',
  origin: { tracker: { acknowledge: () => {} }, sequence: 1, id: 'app.log:17' },
} as const

/** The name of a run of the sink is another one each time. */
const anyRun = (said: string): string => said.replace(/[0-9a-f]{12}-\d+/g, '5f0c2a9b1d3e-0')

let browser: Browser | undefined
afterEach(async () => browser?.close())

test.skipIf(!has('curl'))('curl shows the events as the page says', async () => {
  const sink = sseSink({ port: 0 })
  await once(sink, 'listening')
  const command = blocks('sh')[0] as string
  const said = new Promise<string>((resolve) => {
    const env = { ...process.env, PORT: String(sink.address?.port) }
    execFile('sh', ['-c', command], { env }, (_error, stdout) => resolve(stdout))
  })
  while (sink.stats.viewers.connected === 0) await new Promise((resolve) => setImmediate(resolve))
  sink.end(entry)
  expect(anyRun(await said)).toBe(`${blocks('text')[0]}event: end\ndata: {"reason":"stopped"}\n\n`)
})

test.skipIf(!hasChromium)('a page gets the frames as the page says', async () => {
  const sink = webSocketSink()
  const server = createServer((_req, res) => res.setHeader('Content-Type', 'text/html').end('<!doctype html>'))
  server.on('upgrade', sink.handleUpgrade).listen(0, '127.0.0.1')
  await once(server, 'listening')
  sink.write(entry)
  browser = await launchChromium()
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const frames: string[] = []
  await page.exposeFunction('log', (frame: object) => void frames.push(anyRun(JSON.stringify(frame))))
  await page.evaluate(`console.log = window.log; ${blocks('js')[0]}`)
  const expected = (blocks('json')[0] as string).trim().split('\n')
  // Twice: once by the query, and once more by the request.
  while (frames.length < 4) await new Promise((resolve) => setImmediate(resolve))
  expect(frames).toEqual([...expected, expected[1]])
  sink.end()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

test.skipIf(!has('nc'))('nc shows a line for each entry', async () => {
  const sink = tcpSink({ port: 0, format: 'raw' })
  await once(sink, 'listening')
  const [command, ...args] = (blocks('sh')[1] as string).trim().replace('9090', String(sink.address?.port)).split(' ')
  const nc = spawn(command as string, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  let said = ''
  nc.stdout.setEncoding('utf8').on('data', (piece: string) => {
    said += piece
    // With its input open it waits for more of it, whoever has gone.
    nc.stdin.end()
  })
  while (sink.stats.viewers.connected === 0) await new Promise((resolve) => setImmediate(resolve))
  sink.end(entry)
  await once(nc, 'close')
  expect(said).toBe('disk at 91 %\n')
})
