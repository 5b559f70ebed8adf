/**
 * The longest chain there is: files → a daemon → TCP → a daemon → HTTP → a daemon → a file, and HTTP → the API of
 * log-ingestion → its store. Many lines go through it, and memory and descriptors of each program are looked at all the time.
 */

import { closeSync, openSync, writeSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { openStore } from '@logwisp/store'
import { DaemonProcess } from './daemon-process.ts'
import { ExampleProcess } from './example-process.ts'
import { tallyOfFiles } from './files-tally.ts'
import type { Arrived } from './numbered-lines.ts'
import { numberedLines } from './numbered-lines.ts'

/** How much goes through. */
export interface LongChainSizes {
  readonly lines: number
  readonly linesPerFile: number
  /** How long nothing more may arrive at the end, before what is missing counts as lost. Unit: s. */
  readonly patienceSeconds: number
}

/** A program at one moment. */
export interface ProcessLook {
  readonly seconds: number
  readonly rssBytes: number
  readonly descriptors: number
}

/** One program of the chain. */
export interface LinkResult {
  readonly name: string
  readonly looks: readonly ProcessLook[]
}

export interface LongChainResult {
  readonly lines: number
  readonly seconds: number
  readonly file: Arrived
  readonly stored: number
  /** How many entries had come to the file and the store at each look. */
  readonly progress: readonly { readonly seconds: number; readonly stored: number }[]
  readonly links: readonly LinkResult[]
}

const ports = { edge: 18_182, relay: 18_183, relayTcp: 18_184, centre: 18_185 } as const
const series = 'line'
const lookEveryMs = 2_000

/** Lines that are written at once. */
const linesPerWrite = 10_000

function edge(): string {
  return `state_directory = "edge-state"
[[pipelines]]
name = "edge"
filters = [{ type = "exclude", patterns = ["nothing like this"] }]
sources = [{ type = "directory", options = { path = "in", pattern = "*.log", start_at = "beginning" } }]
sinks = [
  { type = "tcp_client", options = { address = "127.0.0.1:${ports.relayTcp}", protocol = "logwisp" }, buffer = { type = "disk", directory = "edge-buffer" } },
  { type = "http", options = { port = ${ports.edge} } },
]
`
}

function relay(): string {
  return `state_directory = "relay-state"
[[pipelines]]
name = "relay"
sources = [{ type = "tcp", options = { port = ${ports.relayTcp} } }]
filters = [{ type = "include", patterns = ["${series}-"] }]
sinks = [
  { type = "http_client", options = { url = "http://127.0.0.1:${ports.centre}/ingest", format = "wire", respond = "delivered", batch_size = 5000, batch_delay_ms = 50, max_in_flight = 1 } },
  { type = "http", options = { port = ${ports.relay} } },
]
`
}

function centre(api: string): string {
  return `state_directory = "centre-state"
[[pipelines]]
name = "centre"
sources = [{ type = "http", options = { port = ${ports.centre}, respond = "delivered" } }]
sinks = [
  { type = "file", options = { directory = "out", name = "${series}", min_disk_free_mb = 0, max_size_mb = 200 } },
  { type = "http_client", options = { url = "${api}/logs", format = "wire", batch_size = 5000, batch_delay_ms = 50 } },
  { type = "http", options = { port = ${ports.centre} } },
]
`
}

/** The whole trial; `tell` hears how far it is. */
export async function longChain(
  directory: string,
  sizes: LongChainSizes,
  tell: (what: string) => void,
): Promise<LongChainResult> {
  for (const name of ['in', 'out']) await mkdir(join(directory, name), { recursive: true })
  const chain = new Chain(directory, sizes, tell)
  try {
    return await chain.run()
  } finally {
    await chain.end('SIGKILL')
  }
}

class Chain {
  readonly #directory: string
  readonly #sizes: LongChainSizes
  readonly #tell: (what: string) => void
  readonly #daemons: { readonly name: string; readonly daemon: DaemonProcess }[] = []
  readonly #looks = new Map<string, ProcessLook[]>()
  readonly #progress: { seconds: number; stored: number }[] = []
  readonly #startedMs = performance.now()
  #api: ExampleProcess | undefined

  constructor(directory: string, sizes: LongChainSizes, tell: (what: string) => void) {
    this.#directory = directory
    this.#sizes = sizes
    this.#tell = tell
  }

  get #seconds(): number {
    return (performance.now() - this.#startedMs) / 1000
  }

  async run(): Promise<LongChainResult> {
    const database = join(this.#directory, 'logs.db')
    const words = [database, '0']
    this.#api = new ExampleProcess({ example: 'log-ingestion', name: 'api', words, directory: this.#directory })
    const address = await this.#api.says(/http:\/\/[\w.]+:\d+/)
    // From the end to the beginning: nobody begins with a failed connection.
    await this.#start('centre', centre(address), ports.centre)
    await this.#start('relay', relay(), ports.relay)
    await this.#start('edge', edge(), ports.edge)
    const store = await openStore(database, { readOnly: true })
    try {
      const stored = async (): Promise<number> => (await store.stats()).entries
      const writing = this.#write()
      await this.#watch(stored)
      await writing
      await this.end('SIGTERM')
      const tally = await tallyOfFiles(join(this.#directory, 'out'), [series])
      return {
        lines: this.#sizes.lines,
        seconds: this.#seconds,
        file: tally.arrived(series, this.#sizes.lines),
        stored: await stored(),
        progress: this.#progress,
        links: [...this.#looks].map(([name, looks]) => ({ name, looks })),
      }
    } finally {
      await store.close()
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    for (const { daemon } of this.#daemons.splice(0).toReversed()) if (!daemon.hasEnded) await daemon.stop(signal)
    const api = this.#api
    this.#api = undefined
    await api?.end(signal)
  }

  async #start(name: string, configuration: string, port: number): Promise<void> {
    const path = `${name}.toml`
    await writeFile(join(this.#directory, path), configuration)
    const daemon = new DaemonProcess({
      words: ['--config', path],
      directory: this.#directory,
      url: `http://127.0.0.1:${port}`,
    })
    this.#daemons.push({ name, daemon })
    await daemon.ready()
  }

  /** A new file every so many lines, as a program that rotates by time leaves them. */
  async #write(): Promise<void> {
    const { lines, linesPerFile } = this.#sizes
    for (let begin = 0; begin < lines; begin += linesPerFile) {
      const end = Math.min(begin + linesPerFile, lines)
      const file = openSync(
        join(this.#directory, 'in', `app-${String(begin / linesPerFile).padStart(3, '0')}.log`),
        'a',
      )
      for (let from = begin; from < end; from += linesPerWrite) {
        writeSync(file, numberedLines(series, from, Math.min(from + linesPerWrite, end)))
        // The chain shares the machine with its writer.
        await wait(1)
      }
      closeSync(file)
    }
  }

  /** Looks until all is stored, or nothing more comes. */
  async #watch(stored: () => Promise<number>): Promise<void> {
    const { lines, patienceSeconds } = this.#sizes
    let most = 0
    let lastNews = this.#seconds
    while (most < lines && this.#seconds - lastNews < patienceSeconds) {
      await wait(lookEveryMs)
      for (const link of [
        ...this.#daemons.map(({ name, daemon }) => ({ name, process: daemon })),
        ...this.#apiLink(),
      ]) {
        const looks = this.#looks.get(link.name) ?? []
        looks.push({
          seconds: this.#seconds,
          rssBytes: link.process.rssBytes,
          descriptors: link.process.descriptors,
        })
        this.#looks.set(link.name, looks)
      }
      const now = await stored()
      if (now > most) lastNews = this.#seconds
      most = now
      this.#progress.push({ seconds: this.#seconds, stored: now })
      this.#tell(`${now.toLocaleString('en-US')} of ${lines.toLocaleString('en-US')} lines stored`)
    }
  }

  #apiLink(): { readonly name: string; readonly process: ExampleProcess }[] {
    return this.#api === undefined ? [] : [{ name: 'API and store', process: this.#api }]
  }
}
