/** The stream of `sseSource`: how a stream of events is asked for, and what its events are. */

import type { Readable } from 'node:stream'
import { LogwispError } from '@logwisp/core'
import type { EventSourceMessage } from 'eventsource-parser'
import type { SseSourceOptions } from '../../sse-source.ts'
import { receivedEntry } from '../receive/received-entry.ts'
import { authHeader, tellableUrl } from '../resume/client-options.ts'
import { decoded, type HttpReply, openHttpStream, textOf } from '../resume/http-stream.ts'
import { refusal } from '../resume/refusal.ts'
import { type ResumeSettings, resumeDefaults } from '../resume/resume-options.ts'
import { ResumingSource } from '../resume/resuming-source.ts'
import { EventReader } from './event-reader.ts'

export const sseDefaults = {
  ...resumeDefaults,
  eventTypes: ['message'],
  maxEventBytes: 1_048_576,
  compress: false,
  maxRedirects: 5,
} as const satisfies SseSourceOptions

type Settings = ResumeSettings &
  SseSourceOptions & {
    readonly [Name in keyof typeof sseDefaults]: NonNullable<SseSourceOptions[Name]>
  }

export class SseSourceStream extends ResumingSource {
  readonly #settings: Settings
  readonly #types: ReadonlySet<string> | undefined
  readonly #headers: Readonly<Record<string, string>>
  readonly #secretHeaders: ReadonlySet<string>
  #body: Readable | undefined

  constructor(url: URL, settings: Settings) {
    super(url, settings)
    const { eventTypes, headers = {}, auth } = settings
    this.#settings = settings
    this.#types = eventTypes === 'any' ? undefined : new Set(eventTypes)
    this.#headers = {
      Accept: 'text/event-stream',
      'Cache-Control': 'no-cache',
      'Accept-Encoding': settings.compress ? 'gzip, deflate, br' : 'identity',
      ...headers,
      ...(auth && { Authorization: authHeader(auth) }),
    }
    this.#secretHeaders = new Set(['authorization', ...Object.keys(headers).map((name) => name.toLowerCase())])
  }

  protected override readOn(): void {
    this.#body?.resume()
  }

  protected override async connect(signal: AbortSignal): Promise<'over' | undefined> {
    const { tls, connectTimeoutMs, maxRedirects } = this.#settings
    const id = this.lastId
    const reply = await openHttpStream({
      url: this.url,
      headers: { ...this.#headers, ...(id !== undefined && { 'Last-Event-ID': asHeader(id) }) },
      secretHeaders: this.#secretHeaders,
      tls,
      connectTimeoutMs,
      maxRedirects,
      signal,
    })
    const body = await this.#accepted(reply)
    if (body === undefined) return 'over'
    this.opened(reply.url)
    await this.#readAll(body, signal)
    return undefined
  }

  /** The stream of an answer; undefined for 204, which is how a server says that there is no more. */
  async #accepted({ status, headers, url, body }: HttpReply): Promise<Readable | undefined> {
    if (status === 204) {
      body.destroy()
      return undefined
    }
    if (status === 200) return streamOf(headers, url, body)
    const text = await textOf(body, this.#settings.connectTimeoutMs)
    throw refusal(status, headers['retry-after'], url, text)
  }

  /** Reads a stream to its end. Rejects when it is cut, or quiet for too long. */
  #readAll(body: Readable, signal: AbortSignal): Promise<void> {
    const { maxEventBytes, idleTimeoutMs } = this.#settings
    const reader = new EventReader(maxEventBytes, {
      event: (event) => this.#event(event),
      id: (id) => this.takeId(id),
      retry: (delayMs) => this.askedToWait(delayMs),
      tooLarge: () => this.tooLarge(`sent an event of more than ${maxEventBytes} bytes: raise maxEventBytes`),
    })
    let quietLooks = 0
    const look = (): void => {
      // While nobody reads, nothing can come.
      if (body.isPaused()) quietLooks = 0
      else if (++quietLooks > looksPerTimeout) body.destroy(new Error(`nothing came for ${idleTimeoutMs} ms`))
    }
    const clock = idleTimeoutMs === Infinity ? undefined : setInterval(look, idleTimeoutMs / looksPerTimeout).unref()
    const cut = (): void => void body.destroy()
    signal.addEventListener('abort', cut)
    this.#body = body
    return new Promise<void>((resolve, reject) => {
      body.on('data', (chunk: Buffer) => {
        if (signal.aborted) return
        quietLooks = 0
        this.countBytes(chunk.length)
        reader.feed(chunk)
        this.mark()
        if (!this.isWanted) body.pause()
      })
      body.on('end', resolve)
      body.on('error', reject)
      body.on('close', resolve)
      if (!this.isWanted) body.pause()
      if (signal.aborted) cut()
    }).finally(() => {
      clearInterval(clock)
      signal.removeEventListener('abort', cut)
      this.#body = undefined
      body.destroy()
    })
  }

  #event({ event: type = 'message', id, data }: EventSourceMessage): void {
    if (id !== undefined) this.takeId(id)
    if (this.#types?.has(type) ?? true) this.#entry(type, id, data)
    else if (type === 'dropped') this.missed(jsonOf(data))
    else if (type === 'end') this.toldEnd(jsonOf(data)?.reason)
    else if (type !== 'heartbeat') {
      this.took(1)
      this.discard('other-type', 1)
    }
  }

  #entry(type: string, eventId: string | undefined, data: string): void {
    const { entry, wireId } = receivedEntry(data, { time: Date.now(), source: this.source })
    const id = wireId ?? (eventId === this.lastId ? eventId : undefined)
    this.takeEntry(type === 'message' ? entry : { ...entry, fields: { event: type, ...entry.fields } }, id)
  }
}

const looksPerTimeout = 4

function streamOf(headers: HttpReply['headers'], url: URL, body: HttpReply['body']): Readable {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() || 'no media type'
  const stream = type === 'text/event-stream' ? decoded(body) : undefined
  if (stream !== undefined) return stream
  body.destroy()
  const what =
    type === 'text/event-stream'
      ? `compresses with ${headers['content-encoding']}, which is not known here: leave compress off`
      : `sends ${type} and not text/event-stream: give the URL of a stream of events`
  throw new LogwispError('PEER_REFUSED', `${tellableUrl(url)} ${what}`)
}

/** What one of LogWisp's own events says; undefined when it is somebody else's of the same name. */
function jsonOf(data: string): { readonly reason?: unknown } | undefined {
  try {
    return JSON.parse(data) ?? undefined
  } catch {
    return undefined
  }
}

/** Headers have bytes; browsers send the UTF-8 of an id, and Node writes characters below 256 as one byte each. */
function asHeader(id: string): string {
  return Buffer.from(id).toString('latin1')
}
