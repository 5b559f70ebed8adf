/** A log that is written at a rate, and what carries it into a store: collector and API, or an app that does both. */

import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { openStore, type Store } from '@logwisp/store'
import Database from 'better-sqlite3'
import { ExampleProcess, type ExampleProgram } from './example-process.ts'
import { LineClock, numberedLines, Tally } from './numbered-lines.ts'

/** For the last line to be stored once all are alive; what hung then waits for the collector's request to time out. */
const settleTimeoutMs = 90_000

/** The name of the numbered lines. */
const series = 'line'

export type PartName = 'collector' | 'api' | 'app'

/** What is tried. */
export interface IngestionOptions {
  readonly directory: string
  /** Where the database is, if it is elsewhere. */
  readonly databaseDirectory?: string | undefined
  /** `http`: collector and API; `embedded`: an app that reads the file into a store of its own. */
  readonly way: 'http' | 'embedded'
  readonly linesPerSecond: number
  /** The time that line `number` tells. @default when it is written */
  readonly timeOf?: ((number: number) => number) | undefined
  /** More variables for the parts. */
  readonly environment?: Readonly<Record<string, string>> | undefined
}

/** What became of the lines. */
export interface IngestionResult {
  readonly written: number
  readonly lost: number
  readonly doubled: number
  /** Entries whose time is before that of the one before; the store promises none. */
  readonly disordered: number
  /** What is wrong with the database; nothing is good. */
  readonly problems: readonly string[]
  /** The most memory that a collector has had, or the app. */
  readonly peakBytes: number
}

export class Ingestion {
  readonly log: string
  readonly database: string
  readonly #options: IngestionOptions
  readonly #running = new Map<PartName, ExampleProcess>()
  #clock: LineClock | undefined
  #written = 0
  #port = '0'
  #peakBytes = 0
  #store: Store | undefined

  private constructor(options: IngestionOptions) {
    this.#options = options
    this.log = join(options.directory, 'app.log')
    this.database = join(
      options.databaseDirectory ?? options.directory,
      options.way === 'http' ? 'logs.db' : 'app.log.db',
    )
  }

  static async start(options: IngestionOptions): Promise<Ingestion> {
    const ingestion = new Ingestion(options)
    writeFileSync(ingestion.log, '')
    await ingestion.startPart(options.way === 'http' ? 'api' : 'app')
    if (options.way === 'http') await ingestion.startPart('collector')
    const { linesPerSecond, timeOf } = options
    ingestion.#clock = new LineClock(linesPerSecond, (from, to) => {
      appendFileSync(ingestion.log, numberedLines(series, from, to, timeOf ?? Date.now))
    })
    return ingestion
  }

  async startPart(name: PartName): Promise<void> {
    const part = new ExampleProcess(this.#program(name))
    this.#running.set(name, part)
    if (name === 'collector') await part.says(/goes to/)
    else {
      const address = await part.says(/http:\/\/[\w.]+:\d+/)
      this.#port = new URL(address).port
    }
  }

  #program(name: PartName): ExampleProgram {
    const { directory, environment } = this.#options
    if (name === 'app') {
      const variables = { ...environment, PORT: this.#port }
      const words = [this.log]
      return { example: 'embed-express', name: 'main', words, directory, environment: variables }
    }
    const words = name === 'api' ? [this.database, this.#port] : [this.log, `http://127.0.0.1:${this.#port}/logs`]
    return { example: 'log-ingestion', name, words, directory, environment }
  }

  /** What a part has said. */
  said(name: PartName): string {
    return this.#running.get(name)?.said ?? ''
  }

  /** Ends a part without a chance to tidy up. */
  async kill(name: PartName): Promise<void> {
    await this.#end(name, 'SIGKILL')
  }

  async #end(name: PartName, signal: NodeJS.Signals): Promise<void> {
    const part = this.#running.get(name)
    if (part === undefined) return
    if (name !== 'api') this.#peakBytes = Math.max(this.#peakBytes, part.peakBytes)
    this.#running.delete(name)
    const code = await part.end(signal)
    if (signal === 'SIGTERM' && code !== 0) throw new Error(`the ${name} ended with ${code}: ${part.said}`)
  }

  /** Entries stored so far, as another process sees them. */
  async stored(): Promise<number> {
    if (!existsSync(this.database)) return 0
    this.#store ??= await openStore(this.database, { readOnly: true })
    return (await this.#store.stats()).entries
  }

  /** Resolves once something more is stored: lines flow. */
  async flows(): Promise<void> {
    const before = await this.stored()
    const deadline = performance.now() + settleTimeoutMs
    while ((await this.stored()) <= before) {
      if (performance.now() > deadline) throw new Error(`nothing is stored any more: ${this.#saidByAll()}`)
      await wait(50)
    }
  }

  #saidByAll(): string {
    return [...this.#running].map(([name, part]) => `${name}: ${part.said}`).join('\n')
  }

  /** Writes no more, waits until all is stored, or nothing comes any more, ends the parts, and looks at the database. */
  async finish(): Promise<IngestionResult> {
    this.#written = this.#clock?.stop() ?? 0
    const deadline = performance.now() + settleTimeoutMs
    while ((await this.stored()) < this.#written && performance.now() < deadline) await wait(50)
    // What the collector still has it delivers now.
    for (const name of ['collector', 'api', 'app'] as const) await this.#end(name, 'SIGTERM')
    const tally = new Tally()
    let disordered = 0
    let last = Number.NEGATIVE_INFINITY
    await this.#store?.close()
    const store = await openStore(this.database, { readOnly: true })
    for await (const entries of store.scan({})) {
      for (const { time, message } of entries) {
        tally.add(message)
        if (time < last) disordered++
        last = time
      }
    }
    const problems = [...(await store.checkIntegrity()), ...problemsOf(this.database)]
    await store.close()
    const { lost, repeated } = tally.arrived(series, this.#written)
    return { written: this.#written, lost, doubled: repeated, disordered, problems, peakBytes: this.#peakBytes }
  }

  /** Leaves nothing running. */
  async abandon(): Promise<void> {
    this.#clock?.stop()
    await Promise.all([...this.#running.values()].map((part) => part.end('SIGKILL')))
    await this.#store?.close()
  }
}

/** What SQLite itself finds. */
function problemsOf(path: string): string[] {
  const database = new Database(path, { readonly: true })
  const rows = database.pragma('integrity_check') as { readonly integrity_check: string }[]
  database.close()
  return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok')
}
