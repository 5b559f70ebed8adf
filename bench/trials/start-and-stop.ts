/** How soon the daemon carries its first line, what it costs while nothing comes, and how it ends with much to do. */

import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { median } from '../harness/statistics.ts'
import { DaemonProcess } from './daemon-process.ts'
import { numberedLines, Tally } from './numbered-lines.ts'

/** How often and how much. */
export interface StartSizes {
  readonly rounds: number
  readonly queuedLines: number
  readonly idleSeconds: number
  readonly manyFiles: number
}

interface IdleResult {
  readonly files: number
  readonly rssBytes: number
  readonly processorMsPerSecond: number
}

interface StopResult {
  /** What the far side does when it is told to end. */
  readonly farSide: 'heals' | 'stays dead'
  readonly queued: number
  readonly stopMs: number
  readonly code: number | null
  readonly delivered: number
  readonly lastWords: string
}

export interface StartResult {
  readonly firstLineMs: readonly number[]
  readonly firstLineMedianMs: number
  readonly idle: readonly IdleResult[]
  readonly stops: readonly StopResult[]
}

const port = 18_081

/** Runs the parts one after the other. */
export async function startAndStop(directory: string, sizes: StartSizes): Promise<StartResult> {
  const firstLineMs: number[] = []
  for (let round = 0; round < sizes.rounds; round++)
    firstLineMs.push(await firstLine(join(directory, `first-${round}`)))
  const idle: IdleResult[] = []
  for (const files of [1, sizes.manyFiles]) idle.push(await idling(join(directory, `idle-${files}`), files, sizes))
  const stops: StopResult[] = []
  for (const farSide of ['heals', 'stays dead'] as const) {
    stops.push(await stopping(join(directory, farSide.replace(' ', '-')), farSide, sizes.queuedLines))
  }
  return { firstLineMs, firstLineMedianMs: median(firstLineMs), idle, stops }
}

/** From the start of the process until the file sink has written the line that was there. */
async function firstLine(directory: string): Promise<number> {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'a.log'), numberedLines('first', 0, 1))
  await writeFile(
    join(directory, 'logwisp.toml'),
    `quiet = true
state_directory = "state"
[[pipelines]]
name = "first"
[[pipelines.sources]]
type = "file"
options = { path = "a.log", start_at = "beginning" }
[[pipelines.sinks]]
type = "stdout"
`,
  )
  const daemon = new DaemonProcess({ words: ['-c', 'logwisp.toml'], directory })
  while (!daemon.said.includes('first-000000000')) {
    if (daemon.hasEnded) throw new Error(`the daemon ended: ${daemon.said}`)
    await wait(1)
  }
  const ms = performance.now() - daemon.startedMs
  await daemon.stop()
  return ms
}

async function idling(directory: string, files: number, { idleSeconds }: StartSizes): Promise<IdleResult> {
  const logs = join(directory, 'logs')
  await mkdir(logs, { recursive: true })
  for (let file = 0; file < files; file++) await writeFile(join(logs, `${file}.log`), numberedLines('idle', 0, 10))
  await writeFile(
    join(directory, 'logwisp.toml'),
    `state_directory = "state"
[[pipelines]]
name = "idle"
[[pipelines.sources]]
type = "directory"
options = { path = "logs", pattern = "*.log", start_at = "beginning" }
[[pipelines.sinks]]
type = "http"
options = { port = ${port} }
`,
  )
  const daemon = new DaemonProcess({ words: ['-c', 'logwisp.toml'], directory, url: `http://127.0.0.1:${port}` })
  await daemon.ready()
  await wait(5000)
  const before = daemon.processorMs
  await wait(idleSeconds * 1000)
  const processorMsPerSecond = (daemon.processorMs - before) / idleSeconds
  const { rssBytes } = daemon
  await daemon.stop()
  return { files, rssBytes, processorMsPerSecond }
}

/** A sink whose far side is dead, so many lines waiting for it, and then the end. */
async function stopping(directory: string, farSide: StopResult['farSide'], lines: number): Promise<StopResult> {
  await mkdir(directory, { recursive: true })
  const tally = new Tally()
  let dead = true
  const server = createServer((req, res) => {
    if (dead) return void req.resume()
    let body = ''
    req.setEncoding('utf8').on('data', (text: string) => (body += text))
    req.on('end', () => {
      for (const line of body.split('\n')) tally.add(line)
      res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const input = join(directory, 'a.log')
  await writeFile(input, '')
  for (let from = 0; from < lines; from += 100_000) {
    await writeFile(input, numberedLines('queued', from, Math.min(lines, from + 100_000)), { flag: 'a' })
  }
  await writeFile(join(directory, 'logwisp.toml'), queueing(input, lines, server))
  const daemon = new DaemonProcess({ words: ['-c', 'logwisp.toml'], directory, url: `http://127.0.0.1:${port}` })
  await daemon.ready()
  let queued = 0
  for (const sinceMs = performance.now(); performance.now() - sinceMs < 60_000 && queued < lines * 0.99; ) {
    await wait(100)
    const [pipeline] = Object.values((await daemon.status()).pipelines)
    queued = pipeline?.sinks.find(({ type }) => type === 'http_client')?.queue?.entries ?? 0
  }
  if (farSide === 'heals') dead = false
  const { code, ms } = await daemon.stop()
  server.closeAllConnections()
  server.close()
  const delivered = tally.distinct('queued')
  return { farSide, queued, stopMs: ms, code, delivered, lastWords: daemon.said.slice(-600) }
}

function queueing(input: string, lines: number, server: Server): string {
  return `state_directory = "state"
[status]
port = ${port}
[[pipelines]]
name = "queue"
[[pipelines.sources]]
type = "file"
options = { path = ${JSON.stringify(input)}, start_at = "beginning" }
[[pipelines.sinks]]
type = "http_client"
[pipelines.sinks.options]
url = "http://127.0.0.1:${(server.address() as AddressInfo).port}/"
format = "raw"
batch_size = 5000
when_full = "drop-newest"
buffer_size = ${lines}
buffer_bytes = 1_000_000_000
timeout_seconds = 2
`
}
