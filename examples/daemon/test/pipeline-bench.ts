/** What tests of pipelines and of the service stand on: sinks that do what they are told, real sources, a quiet log. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { type Batch, EntryWritable, isBatch, type LogEntry } from '@logwisp/core'
import { type Logger, pino } from 'pino'
import { buildFilters } from '../src/build/filters.ts'
import { buildSink } from '../src/build/sink.ts'
import { buildSource } from '../src/build/source.ts'
import { type Config, configSchema } from '../src/config/schema.ts'
import type { PortHost } from '../src/http/port-host.ts'
import { Pipeline } from '../src/pipeline/pipeline.ts'
import type { Builders, PipelineOptions } from '../src/pipeline/pipeline-options.ts'

/** A far side: what sinks named after it deliver to, for as long as it is up. */
export class FarSide {
  readonly messages: string[] = []
  /** Sinks made for it, and those that are open. */
  made = 0
  open = 0
  /** `down`: sinks fail; `stuck`: they take and acknowledge nothing. */
  mode: 'up' | 'down' | 'stuck' = 'up'
  #release: (() => void)[] = []

  /** It is up from now on. */
  comeUp(): void {
    this.mode = 'up'
    for (const release of this.#release.splice(0)) release()
  }

  whenUp(): Promise<void> {
    return this.mode === 'up' ? Promise.resolve() : new Promise((resolve) => void this.#release.push(resolve))
  }
}

class FarSideSink extends EntryWritable {
  readonly #far: FarSide
  constructor(far: FarSide) {
    super()
    this.#far = far
    far.made++
    far.open++
  }
  protected override async consume(items: readonly (LogEntry | Batch)[]): Promise<void> {
    if (this.#far.mode === 'down') throw new Error('connection refused')
    if (this.#far.mode === 'stuck') await this.#far.whenUp()
    // Destroyed meanwhile: what it had is another one's now.
    if (this.destroyed) return new Promise(() => {})
    for (const item of items) {
      for (const { message } of isBatch(item) ? item : [item]) this.#far.messages.push(message)
    }
  }
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#far.open--
    callback(error)
  }
}

/** The ports of tests that need none. */
const noPorts: PortHost = {
  acquire: () => Promise.reject(new Error('no ports in this test')),
  settle: async () => {},
  close: async () => {},
  listeners: [],
}

/** Everything that one test needs; {@link close} cleans up. */
export class Bench {
  readonly directory: string
  readonly stdin = new PassThrough()
  /** By URL. */
  readonly farSides = new Map<string, FarSide>()
  /** What was logged. */
  readonly lines: Record<string, unknown>[] = []
  readonly log: Logger
  readonly #pipelines: Pipeline[] = []

  private constructor(directory: string) {
    this.directory = directory
    this.log = pino({ level: 'trace' }, { write: (line: string) => void this.lines.push(JSON.parse(line)) })
  }

  static async open(): Promise<Bench> {
    return new Bench(await mkdtemp(join(tmpdir(), 'logwisp-pipeline-')))
  }

  path(...names: string[]): string {
    return join(this.directory, ...names)
  }

  far(url: string): FarSide {
    const far = this.farSides.get(url) ?? new FarSide()
    this.farSides.set(url, far)
    return far
  }

  /** The daemon's own builders, but for `http_client` sinks, which deliver to a {@link FarSide}. */
  get builders(): Builders {
    return {
      source: buildSource,
      filters: buildFilters,
      sink: async (config, context) => {
        if (config.type !== 'http_client') return buildSink(config, context)
        return { stream: new FarSideSink(this.far([config.options.url].flat()[0] as string)), release: () => {} }
      },
    }
  }

  options(more: Partial<PipelineOptions> = {}): PipelineOptions {
    return {
      builders: this.builders,
      log: this.log,
      ports: noPorts,
      stdin: this.stdin,
      once: false,
      checkpointPath: this.path('state', 'checkpoint.json'),
      ...more,
    }
  }

  pipeline(config: Config, more: Partial<PipelineOptions> = {}): Pipeline {
    const pipeline = new Pipeline(targetOf(config), this.options(more))
    this.#pipelines.push(pipeline)
    return pipeline
  }

  async close(): Promise<void> {
    await Promise.all(this.#pipelines.map((pipeline) => pipeline.stop(0)))
    await rm(this.directory, { recursive: true, force: true })
  }
}

/** A configuration of one pipeline `app`, or of these. */
export function configOf(...pipelines: Record<string, unknown>[]): Config {
  return configSchema.parse({ pipelines: pipelines.map((pipeline) => ({ name: 'app', ...pipeline })) })
}

export function targetOf(config: Config): { config: Config['pipelines'][number]; router: boolean } {
  return { config: config.pipelines[0] as Config['pipelines'][number], router: config.router }
}

/** Sinks and sources as they are written most. */
export const toFar = (url = 'http://far/'): Record<string, unknown> => ({ type: 'http_client', options: { url } })
export const fromFile = (path: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  type: 'file',
  options: { path, start_at: 'beginning', ...more },
})

export const numbers = (from: number, to: number, prefix = ''): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${prefix}${from + i}`)
export const lines = (messages: readonly string[]): string => messages.map((message) => `${message}\n`).join('')

/** Until something is so; fails by the test's own timeout. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}
