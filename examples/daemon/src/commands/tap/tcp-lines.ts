/** Entries from a server that writes lines to whoever connects, such as `tcpSink`. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { decodeEntry, fullJitterMs, type LogEntry, LogwispError } from '@logwisp/core'
import { stdinSource } from '@logwisp/sources'
import type { ShownCredentials } from '../shown-credentials.ts'

/** What is told of, besides entries. */
export interface TapNotices {
  connected(): void
  /** The connection could not be made, or broke; it is made again after `delayMs`. */
  lost(reason: string | undefined, delayMs: number): void
  /** Entries are missing here: how many, and why, in words. */
  missed(words: string): void
}

const firstDelayMs = 500
const maxDelayMs = 10_000
/** A server that is there answers sooner. */
const connectTimeoutMs = 10_000
/** A connection that lived for so long was a good one. */
const goodAfterMs = 5000

/** Connects, again and again until the signal says stop, and gives each line as an entry. */
export async function* tcpLines(
  url: URL,
  { auth, tls }: ShownCredentials,
  notices: TapNotices,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const source = url.host
  let failures = 0
  while (!signal.aborted) {
    const began = Date.now()
    let reason: string | undefined
    let socket: Socket | undefined
    try {
      socket = await open(url, tls, signal)
      notices.connected()
      if (auth !== undefined) socket.write(`LOGWISP/1 ${JSON.stringify(auth)}\n`)
      for await (const line of stdinSource({ input: socket, source })) {
        const entry = entryOf(line, source, notices)
        if (entry !== undefined) yield entry
      }
    } catch (error) {
      if (error instanceof LogwispError && error.code === 'PEER_REFUSED') throw error
      reason = (error as Error).message
    } finally {
      socket?.destroy()
    }
    if (signal.aborted) return
    failures = Date.now() - began >= goodAfterMs ? 0 : failures + 1
    const delayMs = failures === 0 ? 0 : fullJitterMs(failures, firstDelayMs, maxDelayMs)
    notices.lost(reason, delayMs)
    await pause(delayMs, undefined, { signal }).catch(() => undefined)
  }
}

async function open(url: URL, tls: ShownCredentials['tls'], signal: AbortSignal): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port)
  const isTls = url.protocol === 'tls:'
  const socket = isTls ? connectTls({ host, port, servername: host, ...tls }) : connect({ host, port })
  const stop = (): void => void socket.destroy()
  signal.addEventListener('abort', stop, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', stop))
  try {
    await once(socket, isTls ? 'secureConnect' : 'connect', { signal: AbortSignal.timeout(connectTimeoutMs) })
  } catch (error) {
    socket.destroy()
    if ((error as Error).name === 'AbortError') throw new Error(`no answer within ${connectTimeoutMs / 1000} s`)
    throw error
  }
  // What ends later is told by the stream's own end.
  socket.on('error', () => undefined)
  return socket
}

/** Undefined for a line that is none. */
function entryOf(line: LogEntry, source: string, notices: TapNotices): LogEntry | undefined {
  const { message, time } = line
  if (message.startsWith('LOGWISP/1 ')) {
    const { ok, error } = objectIn(message.slice('LOGWISP/1 '.length)) ?? {}
    if (ok === true) return undefined
    if (ok === false)
      throw new LogwispError('PEER_REFUSED', `${source} refuses: ${error}. Give another --token or --user`)
  }
  if (!message.startsWith('{')) return line
  const object = objectIn(message)
  if (object === undefined) return line
  if (object['logwisp'] === 'dropped') {
    const { entries, reason } = object
    const count = typeof entries === 'number' ? entries : 'some'
    notices.missed(`${count} ${count === 1 ? 'entry is' : 'entries are'} missing here (${reason})`)
    return undefined
  }
  if (object['logwisp'] !== undefined) return undefined
  try {
    return decodeEntry(message, { source, time })
  } catch {
    // JSON, but no entry: its text is the message.
    return line
  }
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
