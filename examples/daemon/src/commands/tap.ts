/** `logwisp tap`: a live stream in the terminal. */

import type { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { entryTransform, type LogEntry, type LogLevel, LogwispError, textPattern } from '@logwisp/core'
import { byLevel, exclude, include } from '@logwisp/filters'
import { consoleSink } from '@logwisp/sinks'
import { type ResumeOptions, type SseSource, sseSource, type WebSocketSource, webSocketSource } from '@logwisp/sources'
import { exitCodes } from '../exit-codes.ts'
import { daemonUrl } from './daemon-status.ts'
import type { Terminal } from './invocation.ts'
import { type CredentialOptions, readCredentials, type ShownCredentials } from './shown-credentials.ts'
import { entryLine } from './tap/entry-line.ts'
import { findStream } from './tap/find-stream.ts'
import { sinceTime } from './tap/since.ts'
import { type TapNotices, tcpLines } from './tap/tcp-lines.ts'
import { hasColors, styles } from './terminal/styles.ts'
import { visible } from './terminal/visible.ts'
import { UsageError } from './usage-error.ts'
import { wholeNumber } from './whole-number.ts'

/** Its flags. */
export interface TapOptions extends CredentialOptions {
  readonly pipeline?: string
  readonly grep?: readonly string[]
  readonly not?: readonly string[]
  readonly level?: LogLevel
  readonly since?: string
  readonly backlog?: string
  readonly count?: string
  readonly fields?: true | string
  readonly json?: true
  readonly color?: boolean
}

/** What a LogWisp keeps by default: with `--since` all of it is asked for. Unit: entries. */
const wholeRing = 100_000

/** Shows it until Ctrl-C, or `count` lines were shown. Resolves with the exit code. */
export async function tap(text: string, options: TapOptions, terminal: Terminal): Promise<number> {
  const count = wholeNumber('--count', options.count)
  const filters = filtersOf(options, Date.now())
  const fields = options.fields === true ? true : options.fields?.split(',').map((name) => name.trim())
  const sink = consoleSink({
    format: entryLine({ json: options.json === true, fields }),
    stdout: terminal.stdout,
    ...(options.json ? { colors: false } : options.color !== undefined && { colors: options.color }),
  })
  const credentials = await readCredentials(options, terminal)
  const url = await streamUrl(text, options, credentials, terminal)

  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  const source = openStream(url, credentials, noticesOn(terminal, url, stopping.signal), stopping.signal)
  if (count !== undefined) filters.push(firstOnes(count, stop))
  try {
    await pipeline([source, ...filters, sink] as [Readable, ...Transform[], NodeJS.WritableStream])
    return exitCodes.ok
  } catch (error) {
    if (stopping.signal.aborted) return exitCodes.ok
    if (error instanceof LogwispError && error.code === 'CONSOLE_CLOSED') return exitCodes.ok
    throw error
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
    stop()
  }
}

async function streamUrl(
  text: string,
  { pipeline: name, backlog, since }: TapOptions,
  credentials: ShownCredentials,
  terminal: Terminal,
): Promise<URL> {
  const entries = wholeNumber('--backlog', backlog) ?? (since === undefined ? undefined : wholeRing)
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? []
  if (scheme !== undefined && !['http', 'https', 'ws', 'wss', 'tcp', 'tls'].includes(scheme.toLowerCase())) {
    throw new UsageError(`${scheme}:// is nothing that can be shown: give http(s)://, ws(s)://, tcp:// or tls://`)
  }
  const given = scheme === undefined ? `http://${text}` : text
  if (!URL.canParse(given)) throw new UsageError(`\`${text}\` is no address: give http://…, ws://… or tcp://host:port`)
  let url = new URL(given)
  if (url.protocol === 'tcp:' || url.protocol === 'tls:') {
    if (url.port === '') throw new UsageError(`\`${text}\` lacks the port: give ${url.protocol}//host:port`)
    if (entries !== undefined)
      throw new UsageError('--backlog and --since are for http and ws: lines over TCP begin now')
    return url
  }
  const isDaemon = url.protocol.startsWith('http') && url.pathname.endsWith('/')
  if (isDaemon) url = await findStream(daemonUrl(given) as URL, name, credentials, terminal)
  else if (name !== undefined) throw new UsageError('--pipeline is for the address of a daemon: the URL names a stream')
  if (entries !== undefined) url.searchParams.set('backlog', String(entries))
  return url
}

function openStream(
  url: URL,
  credentials: ShownCredentials,
  notices: TapNotices,
  signal: AbortSignal,
): Readable | AsyncGenerator<LogEntry> {
  if (url.protocol === 'tcp:' || url.protocol === 'tls:') return tcpLines(url, credentials, notices, signal)
  const { auth, tls } = credentials
  const isSecure = url.protocol === 'https:' || url.protocol === 'wss:'
  if (tls !== undefined && !isSecure)
    throw new UsageError(`--ca, --cert and --key are for TLS, and ${url.protocol}// is plain`)
  const options: ResumeOptions = { ...(auth && { auth }), ...(tls && { tls }) }
  const source = url.protocol.startsWith('ws') ? webSocketSource(url, options) : sseSource(url, options)
  tellOf(source, notices)
  signal.addEventListener('abort', () => source.stop(), { once: true })
  return source
}

function tellOf(source: SseSource | WebSocketSource, notices: TapNotices): void {
  const events = source as SseSource
  events.on('open', () => notices.connected())
  events.on('retry', ({ delayMs, reason }) => notices.lost(reason?.message, delayMs))
  events.on('warning', ({ code, message }) => {
    if (code === 'ENTRIES_MISSED') notices.missed(message)
  })
}

/** Tells on standard error, so that it is not taken for a line of the log. */
function noticesOn({ stderr }: Terminal, url: URL, stopped: AbortSignal): TapNotices {
  const style = styles(hasColors(stderr, process.env))
  const say = (text: string): void => {
    // Who wants no more need not know.
    if (!stopped.aborted) stderr.write(`${style.yellow(`logwisp: ${visible(text)}`)}\n`)
  }
  let isLost = false
  return {
    connected() {
      if (isLost) say(`connected to ${url.host} again`)
      isLost = false
    },
    lost(reason, delayMs) {
      // Once for each time that it was there; not for each attempt.
      if (!isLost)
        say(
          `${reason ?? `the connection to ${url.host} ended`}; trying again${delayMs >= 1000 ? ` in ${Math.round(delayMs / 1000)} s` : ''}`,
        )
      isLost = true
    },
    missed: say,
  }
}

function filtersOf({ grep, not, level, since }: TapOptions, now: number): Transform[] {
  const filters: Transform[] = []
  if (level !== undefined) filters.push(byLevel(level))
  if (grep !== undefined)
    filters.push(
      include(
        grep.map((text) => pattern('--grep', text)),
        { text: 'message' },
      ),
    )
  if (not !== undefined)
    filters.push(
      exclude(
        not.map((text) => pattern('--not', text)),
        { text: 'message' },
      ),
    )
  if (since !== undefined) {
    const from = sinceTime(since, now)
    filters.push(entryTransform({ entry: (entry) => (entry.time >= from ? entry : undefined) }))
  }
  return filters
}

function pattern(flag: string, text: string): ReturnType<typeof textPattern> {
  if (text === '') throw new UsageError(`${flag} is empty: give what to look for`)
  try {
    return textPattern(text)
  } catch (error) {
    throw new UsageError(`${flag}: ${(error as Error).message}`)
  }
}

/** Lets so many pass, and then says stop. */
function firstOnes(count: number, stop: () => void): Transform {
  let left = count
  return entryTransform({
    entry: (entry) => {
      if (left === 0) return undefined
      left--
      if (left === 0) stop()
      return entry
    },
  })
}
