/** `logwisp replay`: rejected entries out of their directory again, into a sink of the configuration. */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type LogwispError, type Replay, replay as replaySource } from '@logwisp/core'
import type { BuiltSink } from '../build/built-stage.ts'
import { buildSink } from '../build/sink.ts'
import { loadConfig } from '../config/load.ts'
import type { SinkConfig } from '../config/schema.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PortHost } from '../http/port-host.ts'
import type { Invocation, Terminal } from './invocation.ts'
import { findSink } from './replay/find-sink.ts'
import { Progress, progressText } from './replay/progress.ts'
import { emptySummary, summaryOf } from './replay/rejected-summary.ts'
import { jsonOf, type Outcome, type Route, summaryText, textOf } from './replay/replay-texts.ts'
import { print } from './terminal/print.ts'
import { UsageError } from './usage-error.ts'
import { wholeNumber } from './whole-number.ts'

/** Its flags. */
export interface ReplayOptions {
  readonly from?: string
  readonly count?: string
  readonly list?: true
  readonly json?: true
}

/** After it was told to stop it waits so long for what is under way. Unit: ms. */
const stopTakesMs = 5000

/** Replays, or lists, what was rejected. Rejects with a ConfigError. */
export async function replay(
  name: string | undefined,
  options: ReplayOptions,
  invocation: Invocation,
  terminal: Terminal,
): Promise<number> {
  const maxEntries = wholeNumber('--count', options.count)
  const { config } = await loadConfig(invocation)
  const given = options.from && resolve(invocation.cwd, options.from)
  if (given !== undefined && !(await isDirectory(given))) {
    throw new UsageError(`there is no directory ${given}: give the one with the rejected entries`)
  }
  if (options.list && given !== undefined) return await list(given, options, terminal)
  const to = findSink(config, name)
  const kept = to.deadLetter?.directory
  const directory = given ?? kept
  if (directory === undefined) {
    throw new UsageError(`${to.name} has no \`dead_letter\`: give --from <directory>, with what is to be replayed`)
  }
  const from = resolve(invocation.cwd, directory)
  if (options.list) return await list(from, options, terminal)
  // A sink that drops what it rejects would end the entries for good that are replayed because they were kept.
  const rejectedTo = to.sink.type === 'http_client' ? resolve(invocation.cwd, kept ?? directory) : undefined
  const route = { from, to, rejectedTo }
  const outcome = await carry(route, maxEntries, terminal)
  await print(terminal.stdout, `${options.json ? jsonOf(route, outcome) : textOf(route, outcome)}\n`)
  return outcome.rejected + outcome.unacknowledged > 0 ? exitCodes.undelivered : exitCodes.ok
}

async function carry(route: Route, maxEntries: number | undefined, terminal: Terminal): Promise<Outcome> {
  const { from } = route
  const { stream, release } = await build(route)
  const source = replaySource(from, { maxEntries })
  const rejected = (): number => stream.stats.dropped['rejected'] ?? 0
  const progress = new Progress(terminal, () => ({ stats: source.stats, rejected: rejected() }))
  const tell = (warning: LogwispError): void => progress.say(warning.message)
  source.on('warning', tell)
  stream.on('warning', tell)
  const stopping = stopOnSignals(source, (text) => progress.say(text))
  try {
    await pipeline(source, stream, { signal: stopping.signal })
  } catch (error) {
    // Otherwise it was stopped, and what was under way did not arrive in time.
    if (!stopping.signal.aborted) {
      progress.say(progressText({ stats: source.stats, rejected: rejected() }))
      throw error
    }
  } finally {
    stopping.end()
    progress.end()
    release()
    await source.close()
  }
  const { acknowledged, unacknowledged, unreadable } = source.stats
  const { entriesDropped } = stream.stats
  return {
    replayed: acknowledged - Math.min(entriesDropped, acknowledged),
    rejected: rejected(),
    dropped: entriesDropped - rejected(),
    unacknowledged,
    unreadable,
    left: (await summaryOf(from)).entries,
  }
}

function build({ to, rejectedTo }: Route): Promise<BuiltSink> {
  const { pipeline } = to
  const sink = rejectedTo === undefined ? to.sink : keepingRejected(to.sink, rejectedTo)
  const context = {
    pipeline,
    router: false,
    ports: noPorts,
    checkpoint: undefined,
    stdin: Readable.from([]),
    once: true,
  }
  return buildSink(sink, context)
}

/** The sink, keeping what it rejects. */
function keepingRejected(sink: SinkConfig, directory: string): SinkConfig {
  if (sink.type !== 'http_client' || sink.options.dead_letter !== undefined) return sink
  const dead_letter = { directory, max_size_mb: unbounded, when_full: 'block' } as const
  return { ...sink, options: { ...sink.options, dead_letter } }
}

/** It had room before it was replayed, and the configuration says of no bound. Unit: MB. */
const unbounded = 1_000_000_000

/** No sink that takes what is replayed listens anywhere. */
const noPorts: PortHost = {
  listeners: [],
  settle: async () => {},
  close: async () => {},
  acquire: () => Promise.reject(new Error('a replay opens no port')),
}

/** The first Ctrl-C lets out what is under way, for a while; the second ends it at once. */
function stopOnSignals(
  source: Replay,
  say: (text: string) => void,
): { readonly signal: AbortSignal; readonly end: () => void } {
  const stopping = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => {
    if (timer !== undefined) return stopping.abort()
    say(`stopping; what is under way has ${stopTakesMs / 1000} s`)
    source.stop()
    timer = setTimeout(() => stopping.abort(), stopTakesMs)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  const end = (): void => {
    clearTimeout(timer)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
  }
  return { signal: stopping.signal, end }
}

async function list(from: string, { json }: ReplayOptions, terminal: Terminal): Promise<number> {
  // A sink that has not rejected anything yet may never have run.
  const summary = (await isDirectory(from)) ? await summaryOf(from) : emptySummary
  await print(terminal.stdout, json ? `${JSON.stringify({ from, ...summary })}\n` : summaryText(from, summary))
  return exitCodes.ok
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}
