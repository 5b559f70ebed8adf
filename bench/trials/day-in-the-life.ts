/**
 * A day in the life of a daemon, compressed: lines through all kinds of sources and sinks at once, files that rotate, a far
 * side that dies and returns, two reloads, and one SIGTERM with a restart. In the end the books of each pipeline have to
 * balance, and what was written has to be there.
 */

import { openSync } from 'node:fs'
import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { LogEntry } from '@logwisp/core'
import { httpClientSink, tcpClientSink } from '@logwisp/sinks'
import { WebSocket } from 'ws'
import { DaemonProcess, type PipelineBooks } from './daemon-process.ts'
import { EventViewer } from './event-viewer.ts'
import { tallyOfFiles } from './files-tally.ts'
import { type Arrived, LineClock, numberedLine, numberedLines, Tally } from './numbered-lines.ts'

/** How long and how much. */
export interface DaySizes {
  readonly seconds: number
  /** Of all series together. */
  readonly linesPerSecond: number
}

/** One pipeline at the end, when everything was still. */
interface PipelineBalance {
  readonly name: string
  readonly in: number
  readonly filtered: number
  readonly rateLimited: number
  readonly sinks: readonly {
    readonly type: string
    readonly delivered: number
    readonly dropped: number
    readonly held: number
  }[]
  readonly balances: boolean
}

interface SeriesResult extends Arrived {
  readonly name: string
  readonly way: string
  readonly written: number
}

export interface DayResult {
  readonly seconds: number
  readonly balances: readonly PipelineBalance[]
  readonly series: readonly SeriesResult[]
  readonly stop: { readonly code: number | null; readonly ms: number }
  readonly reloads: readonly string[]
  readonly rotations: number
  readonly viewersCut: number
  readonly rssBytes: readonly number[]
}

const ports = { home: 18_082, tcpIn: 18_083, tcpOut: 18_084, collector: 18_085, collectorTcp: 18_086 } as const
const url = `http://127.0.0.1:${ports.home}`

/** What each series is a share of, and where it has to arrive. */
const series = [
  { name: 'directory', share: 0.25, way: 'directory (rotated) → file' },
  { name: 'file', share: 0.15, way: 'file → file' },
  { name: 'stdin', share: 0.1, way: 'stdin → stdout' },
  { name: 'http', share: 0.2, way: 'httpClientSink → http' },
  { name: 'tcp', share: 0.2, way: 'tcpClientSink → tcp' },
  { name: 'socket', share: 0.1, way: 'WebSocket with acknowledgement → websocket → file' },
] as const

type Series = (typeof series)[number]['name']

function configuration(change: number): string {
  const file = (name: string): string =>
    `{ type = "file", options = { directory = "out", name = "${name}", min_disk_free_mb = 0, max_size_mb = 20 } }`
  const http = `{ type = "http", options = { port = ${ports.home} } }`
  const pipelines = [
    {
      name: 'files',
      sources: [
        '{ type = "directory", options = { path = "in/logs", pattern = "*.log", start_at = "beginning" } }',
        '{ type = "file", options = { path = "in/file.log", start_at = "beginning" } }',
      ],
      filters: `{ type = "exclude", patterns = ["never seen ${change}"] }`,
      sinks: [file('files'), http, `{ type = "tcp", options = { port = ${ports.tcpOut} } }`],
    },
    {
      name: 'ingest',
      sources: [
        `{ type = "http", options = { port = ${ports.home}, respond = "delivered" } }`,
        `{ type = "tcp", options = { port = ${ports.tcpIn}, line_format = "auto" } }`,
      ],
      filters: '{ type = "exclude", patterns = ["nothing like this"] }',
      sinks: [
        `{ type = "http_client", options = { url = "http://127.0.0.1:${ports.collector}/http/ingest", respond = "delivered", batch_size = 2000, batch_delay_ms = 100, retry_delay_ms = 200, max_retry_delay_seconds = 1 } }`,
        `{ type = "tcp_client", options = { address = "127.0.0.1:${ports.collectorTcp}", protocol = "logwisp", reconnect_delay_ms = 200, max_reconnect_delay_seconds = 1 } }`,
        `{ type = "websocket", options = { port = ${ports.home} } }`,
      ],
    },
    {
      name: 'sockets',
      sources: [`{ type = "websocket", options = { port = ${ports.home} } }`],
      filters: '{ type = "include", patterns = ["socket-"] }',
      sinks: [file('sockets'), http],
    },
    {
      name: 'relay',
      sources: [`{ type = "sse", options = { url = "${url}/sockets/stream" } }`],
      filters: '{ type = "exclude", patterns = ["nothing like this"] }',
      sinks: [file('relay'), '{ type = "stderr", options = { when_full = "drop-newest" } }'],
    },
    {
      name: 'console',
      sources: ['{ type = "stdin" }'],
      filters: '{ type = "exclude", patterns = ["stdin-\\\\d{8}7 "] }',
      sinks: ['{ type = "stdout" }', http],
    },
  ]
  const text = pipelines.map(
    ({ name, sources, filters, sinks }) =>
      `[[pipelines]]\nname = "${name}"\nsources = [${sources.join(', ')}]\nfilters = [${filters}]\n` +
      `sinks = [\n  ${sinks.join(',\n  ')}\n]\n`,
  )
  return `router = true\nstate_directory = "state"\n${text.join('')}`
}

const collectorConfiguration = `router = true
state_directory = "collector-state"
${(['http', 'tcp'] as const)
  .map(
    (name) => `[[pipelines]]
name = "${name}"
sources = [{ type = "${name}", options = { port = ${name === 'http' ? ports.collector : ports.collectorTcp} } }]
sinks = [
  { type = "file", options = { directory = "collected", name = "${name}", min_disk_free_mb = 0 } },
  { type = "http", options = { port = ${ports.collector} } },
]
`,
  )
  .join('')}`

/** The whole day; `tell` hears what happens. */
export async function dayInTheLife(
  directory: string,
  sizes: DaySizes,
  tell: (what: string) => void,
): Promise<DayResult> {
  for (const name of ['in/logs', 'out', 'collected']) await mkdir(join(directory, name), { recursive: true })
  for (const name of ['in/logs/app.log', 'in/file.log']) await writeFile(join(directory, name), '')
  await writeFile(join(directory, 'logwisp.toml'), configuration(0))
  await writeFile(join(directory, 'collector.toml'), collectorConfiguration)
  const day = new Day(directory, sizes, tell)
  try {
    return await day.live()
  } finally {
    day.abandon()
  }
}

class Day {
  readonly #directory: string
  readonly #sizes: DaySizes
  readonly #tell: (what: string) => void
  readonly #startedMs = performance.now()
  readonly #stdout: number
  readonly #stderr: number
  #daemon: DaemonProcess
  #collector: DaemonProcess
  #rotations = 0
  readonly #rss: number[] = []

  constructor(directory: string, sizes: DaySizes, tell: (what: string) => void) {
    this.#directory = directory
    this.#sizes = sizes
    this.#tell = tell
    this.#stdout = openSync(join(directory, 'out', 'stdout.log'), 'a')
    this.#stderr = openSync(join(directory, 'stderr.txt'), 'a')
    this.#collector = this.#startCollector()
    this.#daemon = this.#startDaemon()
  }

  abandon(): void {
    this.#daemon.kill('SIGKILL')
    this.#collector.kill('SIGKILL')
  }

  async live(): Promise<DayResult> {
    await this.#collector.ready()
    await this.#daemon.ready()
    const tallies = { http: new Tally(), stream: new Tally() }
    const viewers = ['files', 'sockets', 'console'].map(
      (name) => new EventViewer(`${url}/${name}/stream`, tallies.stream),
    )
    const senders = this.#startSenders()
    const clocks = new Map<Series, LineClock>()
    for (const { name, share } of series) {
      clocks.set(name, new LineClock(this.#sizes.linesPerSecond * share, (from, to) => senders.write(name, from, to)))
    }
    const rotating = setInterval(() => void this.#rotate(), Math.max(2000, this.#sizes.seconds * 30))
    const watching = setInterval(() => this.#rss.push(this.#daemon.hasEnded ? 0 : this.#daemon.rssBytes), 5000)
    const reloads: string[] = []
    await this.#until(0.15, 'the far side dies')
    this.#collector.kill('SIGKILL')
    await this.#until(0.25, 'the far side returns')
    this.#collector = this.#startCollector()
    await this.#until(0.35, 'first reload')
    reloads.push(await this.#reload(1))
    // A pipe and a WebSocket without a peer cannot be read again by anybody: they pause over the restart, as a
    // service would that is stopped together with its collector.
    await this.#until(0.5, 'SIGTERM')
    senders.hold(true)
    await wait(1500)
    const stop = await this.#daemon.stop('SIGTERM')
    this.#tell(`stopped with ${stop.code} after ${Math.round(stop.ms)} ms`)
    this.#daemon = this.#startDaemon()
    await this.#daemon.ready()
    senders.hold(false)
    await this.#until(0.75, 'second reload')
    reloads.push(await this.#reload(2))
    await this.#until(1, 'the end of the day')
    clearInterval(rotating)
    const written = new Map(series.map(({ name }) => [name, (clocks.get(name) as LineClock).stop()]))
    await senders.end()
    const balances = await this.#still()
    clearInterval(watching)
    for (const viewer of viewers) viewer.close()
    await this.#daemon.stop()
    await this.#collector.stop()
    const results = await this.#results(written)
    return {
      seconds: this.#sizes.seconds,
      balances,
      series: results,
      stop,
      reloads,
      rotations: this.#rotations,
      viewersCut: viewers.reduce((sum, { cut }) => sum + cut, 0),
      rssBytes: this.#rss,
    }
  }

  #startDaemon(): DaemonProcess {
    return new DaemonProcess({
      words: ['-c', 'logwisp.toml'],
      directory: this.#directory,
      url,
      stdio: { stdin: 'pipe', stdout: this.#stdout, stderr: this.#stderr },
    })
  }

  #startCollector(): DaemonProcess {
    return new DaemonProcess({
      words: ['-c', 'collector.toml'],
      directory: this.#directory,
      url: `http://127.0.0.1:${ports.collector}`,
    })
  }

  async #until(share: number, what: string): Promise<void> {
    await wait(Math.max(0, this.#startedMs + share * this.#sizes.seconds * 1000 - performance.now()))
    this.#tell(what)
  }

  async #rotate(): Promise<void> {
    const path = join(this.#directory, 'in', 'logs', 'app.log')
    await rename(path, `${path}.${++this.#rotations}`).catch(() => this.#rotations--)
  }

  async #reload(change: number): Promise<string> {
    await writeFile(join(this.#directory, 'logwisp.toml'), configuration(change))
    const last = (await this.#daemon.status()).last_reload?.at
    this.#daemon.kill('SIGHUP')
    for (;;) {
      await wait(20)
      const { last_reload } = await this.#daemon.status()
      if (last_reload !== undefined && last_reload.at !== last) return last_reload.result
    }
  }

  #startSenders(): Senders {
    return new Senders(this.#directory, () => this.#daemon.stdin)
  }

  /** Waits until nothing moves any more, and then looks at the books. */
  async #still(): Promise<readonly PipelineBalance[]> {
    let before = ''
    for (;;) {
      await wait(2000)
      const { pipelines } = await this.#daemon.status()
      const balances = Object.values(pipelines).map(balanceOf)
      const now = JSON.stringify(balances)
      if (now === before) return balances
      before = now
    }
  }

  async #results(written: ReadonlyMap<Series, number>): Promise<readonly SeriesResult[]> {
    const out = await tallyOfFiles(join(this.#directory, 'out'), ['files', 'sockets', 'stdout'])
    // Both of the pipeline's sinks get both series.
    const byHttp = await tallyOfFiles(join(this.#directory, 'collected'), ['http'])
    const byTcp = await tallyOfFiles(join(this.#directory, 'collected'), ['tcp'])
    return series.flatMap(({ name, way }) => {
      const total = written.get(name) as number
      // What the filter of the pipeline `console` is to keep away.
      const isWanted = (number: number): boolean => name !== 'stdin' || number % 10 !== 7
      const result = (tally: Tally, how: string): SeriesResult => ({
        name,
        way: how,
        written: total,
        ...tally.arrived(name, total, isWanted),
      })
      if (name !== 'http' && name !== 'tcp') return [result(out, way)]
      return [result(byHttp, `${way} → http_client → collector`), result(byTcp, `${way} → tcp_client → collector`)]
    })
  }
}

function balanceOf(books: PipelineBooks): PipelineBalance {
  const filtered = books.total_filtered
  const rateLimited = books.total_dropped_rate_limit
  const sinks = books.sinks.map(({ type, total_delivered = 0, total_dropped, queue }) => ({
    type,
    delivered: total_delivered,
    dropped: total_dropped,
    held: queue?.entries ?? 0,
  }))
  const left = books.total_processed - filtered - rateLimited
  const balances = sinks.every(({ delivered, dropped, held }) => delivered + dropped + held === left)
  return { name: books.name, in: books.total_processed, filtered, rateLimited, sinks, balances }
}

/** Everybody who writes: files, standard input, and programs that send with LogWisp's own sinks. */
class Senders {
  readonly #directory: string
  readonly #stdin: () => NodeJS.WritableStream
  readonly #http = new Readable({ objectMode: true, highWaterMark: 1_000_000, read: () => {} })
  readonly #tcp = new Readable({ objectMode: true, highWaterMark: 1_000_000, read: () => {} })
  readonly #ended: Promise<unknown>
  readonly #socket = new AcknowledgedSocket(`ws://127.0.0.1:${ports.home}/sockets/ingest`)
  #held: [Series, number, number][] | undefined
  #appending: Promise<void> = Promise.resolve()

  constructor(directory: string, stdin: () => NodeJS.WritableStream) {
    this.#directory = directory
    this.#stdin = stdin
    const patient = { minRetryDelayMs: 100, maxRetryDelayMs: 1000, drainTimeoutMs: 60_000 }
    this.#ended = Promise.all([
      pipeline(
        this.#http,
        httpClientSink(`${url}/ingest/ingest`, { ...patient, respond: 'delivered', maxBatchDelayMs: 100 }),
      ),
      pipeline(
        this.#tcp,
        tcpClientSink(`127.0.0.1:${ports.tcpIn}`, { retryDelayMs: 100, maxRetryDelayMs: 1000, drainTimeoutMs: 60_000 }),
      ),
    ])
  }

  write(name: Series, from: number, to: number): void {
    if (this.#held !== undefined && (name === 'stdin' || name === 'socket')) {
      this.#held.push([name, from, to])
      return
    }
    if (name === 'directory' || name === 'file') {
      const path = name === 'file' ? 'file.log' : 'logs/app.log'
      const text = numberedLines(name, from, to)
      this.#appending = this.#appending.then(() => appendFile(join(this.#directory, 'in', path), text))
    } else if (name === 'stdin') this.#stdin().write(numberedLines(name, from, to))
    else {
      for (let number = from; number < to; number++) {
        const message = numberedLine(name, number)
        if (name === 'socket') this.#socket.send(message)
        else (name === 'http' ? this.#http : this.#tcp).push({ time: Date.now(), source: name, message } as LogEntry)
      }
    }
  }

  hold(held: boolean): void {
    const waiting = this.#held ?? []
    this.#held = held ? [] : undefined
    if (!held) for (const [name, from, to] of waiting) this.write(name, from, to)
  }

  async end(): Promise<void> {
    await this.#appending
    this.#http.push(null)
    this.#tcp.push(null)
    await this.#ended
    await this.#socket.end()
  }
}

/** A client as docs/sse-and-websocket-sources.md has it: keeps what is not acknowledged, and sends it again. */
class AcknowledgedSocket {
  readonly #url: string
  #waiting: string[] = []
  #sent = 0
  #told = 0
  #socket: WebSocket | undefined
  #ending = false
  #whenEmpty: (() => void) | undefined

  constructor(to: string) {
    this.#url = to
    this.#connect()
  }

  send(message: string): void {
    this.#waiting.push(message)
    this.#pump()
  }

  end(): Promise<void> {
    this.#ending = true
    return new Promise((resolve) => {
      this.#whenEmpty = () => {
        this.#socket?.close()
        resolve()
      }
      if (this.#waiting.length === 0) this.#whenEmpty()
    })
  }

  #connect(): void {
    const socket = new WebSocket(this.#url)
    this.#socket = socket
    this.#sent = 0
    this.#told = 0
    socket.on('open', () => {
      socket.send('{"logwisp":"hello","acknowledge":true}')
      this.#pump()
    })
    socket.on('message', (data) => this.#hear(String(data)))
    socket.on('error', () => {})
    socket.on('close', () => {
      if (!this.#ending || this.#waiting.length > 0) setTimeout(() => this.#connect(), 100)
    })
  }

  #hear(text: string): void {
    const { logwisp, entries } = JSON.parse(text) as { logwisp?: string; entries?: number }
    if (logwisp !== 'ack' || entries === undefined) return
    this.#waiting.splice(0, entries - this.#told)
    this.#sent -= entries - this.#told
    this.#told = entries
    if (this.#waiting.length === 0) this.#whenEmpty?.()
  }

  #pump(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return
    const text = this.#waiting
      .slice(this.#sent)
      .map((message) => JSON.stringify({ 'logwisp.id': message.slice(0, 40), message }))
      .join('\n')
    if (text !== '') this.#socket.send(text)
    this.#sent = this.#waiting.length
  }
}
