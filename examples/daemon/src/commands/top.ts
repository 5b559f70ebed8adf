/** `logwisp top`: the rates of a running daemon, stage by stage. */

import { setTimeout as pause } from 'node:timers/promises'
import { listeningStages } from '../config/checks/listening-stages.ts'
import { loadConfig } from '../config/load.ts'
import { exitCodes } from '../exit-codes.ts'
import type { ServiceStatus } from '../service/service-status.ts'
import { baseUrl } from './base-url.ts'
import { daemonStatus, daemonUrl, NoStatus } from './daemon-status.ts'
import type { Invocation, Terminal } from './invocation.ts'
import { type CredentialOptions, readCredentials, type ShownCredentials } from './shown-credentials.ts'
import { type LiveScreen, openScreen } from './terminal/live-screen.ts'
import { print } from './terminal/print.ts'
import { hasColors, type Styles, styles } from './terminal/styles.ts'
import { fitTo, visible } from './terminal/visible.ts'
import { bytesText, rateTable } from './top/rate-table.ts'
import { type Look, type Order, orders, type PipelineRates, ratesBetween, sorted } from './top/stage-rates.ts'
import { UsageError } from './usage-error.ts'

/** Its flags. */
export interface TopOptions extends CredentialOptions {
  readonly interval: string
  readonly once?: true
  readonly json?: true
}

/** Asking takes longer than this only when something is wrong. Unit: ms. */
const answerTimeoutMs = 10_000
/** Where it is no terminal that says how wide it is. Unit: columns. */
const usualWidth = 120

/** What is watched, and how. */
interface Watch {
  readonly base: URL
  readonly credentials: ShownCredentials
  readonly intervalMs: number
  readonly terminal: Terminal
  readonly style: Styles
  readonly signal: AbortSignal
}

/** Shows them until `q` or Ctrl-C, or once. Where the output is no terminal it prints a table for each look. */
export async function top(
  address: string | undefined,
  options: TopOptions,
  invocation: Invocation,
  terminal: Terminal,
): Promise<number> {
  const intervalMs = Number(options.interval) * 1000
  if (!(intervalMs >= 100 && intervalMs <= 3_600_000)) {
    throw new UsageError(`--interval must be a number of seconds from 0.1 to 3600, got \`${options.interval}\``)
  }
  const base = address === undefined ? await configuredUrl(invocation) : daemonUrl(address)
  if (base === undefined) throw new UsageError(`\`${address}\` is no address: give one such as http://127.0.0.1:8080`)
  const credentials = await readCredentials(options, terminal)
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.once(signal, stop)
  const style = styles(hasColors(terminal.stdout, invocation.environment))
  const watch: Watch = { base, credentials, intervalMs, terminal, style, signal: stopping.signal }
  const isLive = terminal.stdout.isTTY === true && options.once !== true && options.json !== true
  try {
    if (isLive) await showLive(watch, stop)
    else await printLooks(watch, options)
    return exitCodes.ok
  } catch (error) {
    if (stopping.signal.aborted) return exitCodes.ok
    throw error
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
}

/** The first HTTP port that the configuration opens. */
async function configuredUrl(invocation: Invocation): Promise<URL> {
  const { config } = await loadConfig(invocation)
  // The daemon's own port, the last one, knows of every pipeline.
  const places = listeningStages(config).filter(({ protocol, port }) => protocol === 'http' && port !== 0)
  const place = places.find(({ pipeline }) => pipeline === undefined) ?? places[0]
  if (place === undefined) throw new UsageError('the configuration opens no HTTP port: give the address of a daemon')
  return baseUrl({ host: place.host, port: place.port, isSecure: place.ssl.enabled })
}

async function look({ base, credentials, signal }: Watch): Promise<Look> {
  const status = await daemonStatus(base, { credentials, signal, timeoutMs: answerTimeoutMs })
  return { status, atMs: performance.now() }
}

/** For scripts and pipes: looks that fail end it. */
async function printLooks(watch: Watch, { once, json }: TopOptions): Promise<void> {
  const { terminal, intervalMs, signal, style } = watch
  let before = await look(watch)
  do {
    await pause(intervalMs, undefined, { signal })
    const now = await look(watch)
    const pipelines = sorted(ratesBetween(before, now), 'rate')
    const width = terminal.stdout.columns ?? usualWidth
    const text = json
      ? JSON.stringify(jsonOf(watch, now, pipelines))
      : [headLine(watch, now), ...rateTable(pipelines, width, style), ''].join('\n')
    await print(terminal.stdout, `${text}\n`)
    before = now
  } while (!once && terminal.stdout.writable)
}

async function showLive(watch: Watch, stop: () => void): Promise<void> {
  const { terminal, intervalMs, style, signal } = watch
  // What makes no sense to ask is said on the first screen.
  let latest: Look = await look(watch)
  let pipelines: readonly PipelineRates[] = ratesBetween(undefined, latest)
  let trouble: string | undefined
  let isPaused = false
  let order: Order = 'rate'
  let scrolled = 0

  const draw = (screen: LiveScreen): void => {
    const { columns, rows } = screen
    const [head = '', ...table] = rateTable(sorted(pipelines, order), columns, style)
    const room = Math.max(1, rows - 4)
    scrolled = Math.max(0, Math.min(scrolled, table.length - room))
    const more = table.length > room ? ` · ${scrolled + 1}–${scrolled + room} of ${table.length}` : ''
    const keys = `q quit · p ${isPaused ? 'go on' : 'pause'} · ←→ sorted by ${order} · ↑↓ scroll${more}`
    const first = fitTo(trouble === undefined ? headLine(watch, latest) : trouble, columns)
    screen.draw([
      trouble === undefined ? style.bold(first) : style.red(first),
      '',
      head,
      ...table.slice(scrolled, scrolled + room),
      ...Array.from({ length: Math.max(0, room - table.length) }, () => ''),
      style.dim(fitTo(isPaused ? `paused · ${keys}` : keys, columns)),
    ])
  }

  const screen: LiveScreen = openScreen(terminal, {
    onKey: (key) => {
      const turn = { left: orders.length - 1, right: 1 }[key]
      if (key === 'q' || key === 'Q' || key === 'interrupt') return stop()
      if (key === 'p' || key === ' ') isPaused = !isPaused
      else if (turn !== undefined) order = orders[(orders.indexOf(order) + turn) % orders.length] as Order
      else scrolled += { up: -1, down: 1, 'page-up': -10, 'page-down': 10 }[key] ?? 0
      draw(screen)
    },
    onResize: () => draw(screen),
  })
  try {
    while (!signal.aborted) {
      draw(screen)
      await pause(intervalMs, undefined, { signal })
      if (isPaused) continue
      try {
        const now = await look(watch)
        pipelines = ratesBetween(trouble === undefined ? latest : undefined, now)
        latest = now
        trouble = undefined
      } catch (error) {
        if (!(error instanceof NoStatus)) throw error
        trouble = error.message
      }
    }
  } finally {
    screen.close()
  }
}

function headLine({ base }: Watch, { status }: Look): string {
  const { version, state, uptime_seconds: uptime, pipelines } = status
  // Only told to those who may see every pipeline.
  const memory = status.memory as ServiceStatus['memory'] | undefined
  const count = Object.keys(pipelines).length
  return [
    `LogWisp ${visible(version)} at ${base.host}`,
    state,
    `up ${durationText(uptime)}`,
    ...(memory === undefined ? [] : [`${bytesText(memory.rss_bytes)} of memory`]),
    `${count} ${count === 1 ? 'pipeline' : 'pipelines'}`,
  ].join(' · ')
}

function jsonOf({ base }: Watch, { status }: Look, pipelines: readonly PipelineRates[]): object {
  return {
    time: new Date().toISOString(),
    url: base.href,
    version: status.version,
    state: status.state,
    pipelines: pipelines.map(({ pipeline, stages }) => ({ ...pipeline, stages })),
  }
}

function durationText(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`
}
