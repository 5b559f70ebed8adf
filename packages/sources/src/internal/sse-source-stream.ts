/** The stream of `sseSource`: one connection after the other, and what their events become. */

import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Batch, LogwispError, type Origin, Tracker } from '@logwisp/core'
import type { EventSourceMessage } from 'eventsource-parser'
import type { SseSourceOptions, SseSourceStats } from '../sse-source.ts'
import { authHeader, tellableUrl } from './client-options.ts'
import { EventReader } from './event-reader.ts'
import { decoded, type HttpReply, openHttpStream, textOf } from './http-stream.ts'
import { receivedEntry, withOrigin } from './received-entry.ts'
import { ReceivingSource } from './receiving-source.ts'
import { ReconnectDelay, retryAfterMs } from './reconnect-delay.ts'
import { RepeatedIds } from './repeated-ids.ts'

export const sseDefaults = {
  eventTypes: ['message'],
  whenEnded: 'reconnect',
  whenRepeated: 'drop',
  maxRememberedIds: 16_384,
  maxEventBytes: 1_048_576,
  compression: false,
  connectTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  retryDelayMs: 1000,
  maxRetryDelayMs: 30_000,
  maxRetryAfterMs: 300_000,
  maxRetries: Infinity,
  maxRedirects: 5,
} as const satisfies SseSourceOptions

type Settings = Omit<SseSourceOptions, keyof typeof sseDefaults> & {
  readonly [Name in keyof typeof sseDefaults]: NonNullable<SseSourceOptions[Name]>
}

/** Where an entry came from; `lastEventId` is what to ask with for what comes after it. */
interface EventOrigin extends Origin {
  readonly lastEventId: string | undefined
}

/** The server cannot serve now, and may have said when it can. */
class Unavailable extends Error {
  readonly askedMs: number

  constructor(message: string, askedMs: number) {
    super(message)
    this.askedMs = askedMs
  }
}

/** How a connection ended: what to tell of it, and how long to wait. */
interface Ending {
  readonly reason: Error | undefined
  /** Whether anything came that had not come before. */
  readonly gaveNew: boolean
  readonly livedMs: number
}

export class SseSourceStream extends ReceivingSource {
  readonly #url: URL
  readonly #settings: Settings
  readonly #source: string
  readonly #key: string
  readonly #types: ReadonlySet<string> | undefined
  readonly #headers: Readonly<Record<string, string>>
  readonly #secretHeaders: ReadonlySet<string>
  readonly #tracker = new Tracker<EventOrigin>()
  readonly #seen: RepeatedIds
  readonly #delay: ReconnectDelay
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined
  #body: Readable | undefined
  /** What the server sent last as an id, and what of it a marker was made of. */
  #lastId: string | undefined
  #markedId: string | undefined
  #sequence = 0
  #lastEntrySequence = 0
  #needsSave = false
  #toldEnd = false
  #bytesIn = 0
  #connections = 0
  #retries = 0
  #entriesMissed = 0
  #gaps = 0
  #newInConnection = 0

  constructor(url: URL, settings: Settings) {
    super()
    const { eventTypes, headers = {}, auth, retryDelayMs, maxRetryDelayMs, maxRetryAfterMs } = settings
    this.#url = url
    this.#settings = settings
    this.#source = settings.source ?? url.host
    // Not the query itself, which may have secrets; but another query is another stream.
    const query = url.search === '' ? '' : `?${createHash('sha256').update(url.search).digest('hex').slice(0, 16)}`
    this.#key = `sse:${tellableUrl(url)}${query}`
    this.#types = eventTypes === 'any' ? undefined : new Set(eventTypes)
    this.#headers = {
      Accept: 'text/event-stream',
      'Cache-Control': 'no-cache',
      'Accept-Encoding': settings.compression ? 'gzip, deflate, br' : 'identity',
      ...headers,
      ...(auth && { Authorization: authHeader(auth) }),
    }
    this.#secretHeaders = new Set(['authorization', ...Object.keys(headers).map((name) => name.toLowerCase())])
    this.#seen = new RepeatedIds(settings.maxRememberedIds)
    this.#delay = new ReconnectDelay({ baseMs: retryDelayMs, maxMs: maxRetryDelayMs, maxAskedMs: maxRetryAfterMs })
  }

  override _construct(callback: (error?: Error | null) => void): void {
    const { checkpoint, lastEventId } = this.#settings
    try {
      const saved = savedId(checkpoint?.get(this.#key))
      this.#lastId = saved ?? lastEventId
      this.#needsSave = checkpoint !== undefined && saved === undefined
      checkpoint?.set(this.#key, () => {
        const id = this.#tracker.acknowledged?.lastEventId
        return id === undefined ? undefined : { lastEventId: id }
      })
    } catch (error) {
      return callback(error as Error)
    }
    this.#running = this.#run()
    callback()
  }

  protected override readOn(): void {
    this.#body?.resume()
  }

  override stop(): void {
    this.#abort.abort()
    this.end()
  }

  override get stats(): SseSourceStats {
    return this.books(this.entriesWaiting, {
      bytesIn: this.#bytesIn,
      connected: this.#body !== undefined,
      connections: this.#connections,
      retries: this.#retries,
      entriesMissed: this.#entriesMissed,
      gaps: this.#gaps,
    })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#abort.abort()
    const done = (): void => callback(error)
    if (this.#running === undefined) done()
    else this.#running.then(done)
  }

  /** Connects again and again. Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#abort
    try {
      for (;;) {
        const ending = await this.#connection()
        if (ending === undefined) return this.end()
        const delayMs = this.#waitAfter(ending)
        if (delayMs > 0) await delay(delayMs, undefined, { signal })
        signal.throwIfAborted()
      }
    } catch (error) {
      if (!signal.aborted) this.destroy(error as Error)
    }
  }

  /** One connection, from the request to its end. Undefined: the server has no more, and never will. */
  async #connection(): Promise<Ending | undefined> {
    this.#newInConnection = 0
    this.#toldEnd = false
    let openedAt = Infinity
    let reason: Error | undefined
    try {
      const body = await this.#open()
      if (body === undefined) return undefined
      openedAt = performance.now()
      await this.#read(body)
    } catch (error) {
      if (this.#abort.signal.aborted || error instanceof LogwispError) throw error
      reason = error as Error
    }
    if (this.#toldEnd && this.#settings.whenEnded === 'end') return undefined
    return { reason, gaveNew: this.#newInConnection > 0, livedMs: Math.max(0, performance.now() - openedAt) }
  }

  /** How long to wait before the next connection, in ms; tells it. */
  #waitAfter({ reason: cause, gaveNew, livedMs }: Ending): number {
    const hasLived = livedMs >= this.#delay.baseMs && !this.#toldEnd
    if (hasLived || gaveNew) this.#delay.succeeded()
    const askedMs = cause instanceof Unavailable ? cause.askedMs : 0
    // A stream that lived was cut by a proxy, or its server restarts. One that is always short would make this a busy loop.
    const delayMs = hasLived ? 0 : this.#delay.failed(askedMs)
    const { failures } = this.#delay
    let reason: LogwispError | undefined
    if (cause !== undefined) {
      const advice = failures > 1 ? '; is the server up, and is the URL right?' : ''
      reason = new LogwispError('PEER_LOST', `${tellableUrl(this.#url)}: ${cause.message}${advice}`, { cause })
    }
    if (failures > this.#settings.maxRetries) {
      throw (
        reason ?? new LogwispError('PEER_LOST', `${tellableUrl(this.#url)} ended ${failures} times without an entry`)
      )
    }
    this.#retries++
    if (reason !== undefined) this.emit('warning', reason)
    this.emit('retry', { delayMs, failures, reason })
    return delayMs
  }

  async #open(): Promise<Readable | undefined> {
    const { tls, connectTimeoutMs, maxRedirects } = this.#settings
    const lastEventId = this.#lastId
    const headers = { ...this.#headers, ...(lastEventId !== undefined && { 'Last-Event-ID': asHeader(lastEventId) }) }
    const reply = await openHttpStream({
      url: this.#url,
      headers,
      secretHeaders: this.#secretHeaders,
      tls,
      connectTimeoutMs,
      maxRedirects,
      signal: this.#abort.signal,
    })
    const body = await this.#accepted(reply)
    if (body === undefined) return undefined
    this.#connections++
    this.emit('open', { url: tellableUrl(reply.url), lastEventId })
    return body
  }

  /** The stream of an answer; undefined for 204, which is how a server says that there is no more. */
  async #accepted({ status, headers, url, body }: HttpReply): Promise<Readable | undefined> {
    if (status === 204) {
      body.destroy()
      return undefined
    }
    if (status === 200) return this.#streamOf(headers, url, body)
    const text = await textOf(body, this.#settings.connectTimeoutMs)
    const answer = `answered ${status}${text === '' ? '' : `: ${text}`}`
    if (temporary.has(status) || status >= 500) {
      throw new Unavailable(`it ${answer}`, retryAfterMs(headers['retry-after'], Date.now()))
    }
    throw new LogwispError('PEER_REFUSED', `${tellableUrl(url)} ${answer}. Check the URL, and the option auth`)
  }

  #streamOf(headers: HttpReply['headers'], url: URL, body: HttpReply['body']): Readable {
    const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() || 'no media type'
    const stream = type === 'text/event-stream' ? decoded(body) : undefined
    if (stream !== undefined) return stream
    body.destroy()
    const what =
      type === 'text/event-stream'
        ? `compresses with ${headers['content-encoding']}, which is not known here: leave compression off`
        : `sends ${type} and not text/event-stream: give the URL of a stream of events`
    throw new LogwispError('PEER_REFUSED', `${tellableUrl(url)} ${what}`)
  }

  /** Reads a stream to its end. Rejects when it is cut, or quiet for too long. */
  #read(body: Readable): Promise<void> {
    const { maxEventBytes, idleTimeoutMs } = this.#settings
    const reader = new EventReader(maxEventBytes, {
      event: (event) => this.#event(event),
      id: (id) => this.#takeId(id),
      retry: (delayMs) => this.#delay.askFor(delayMs),
      tooLarge: () => this.#tooLarge(),
    })
    let quietLooks = 0
    const look = (): void => {
      // While nobody reads, nothing can come.
      if (body.isPaused()) quietLooks = 0
      else if (++quietLooks > looksPerTimeout) body.destroy(new Error(`nothing came for ${idleTimeoutMs} ms`))
    }
    const clock = idleTimeoutMs === Infinity ? undefined : setInterval(look, idleTimeoutMs / looksPerTimeout).unref()
    const { signal } = this.#abort
    const cut = (): void => void body.destroy()
    signal.addEventListener('abort', cut)
    this.#body = body
    return new Promise<void>((resolve, reject) => {
      body.on('data', (chunk: Buffer) => {
        if (signal.aborted) return
        quietLooks = 0
        this.#bytesIn += chunk.length
        reader.feed(chunk)
        this.#mark()
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
    if (id !== undefined) this.#takeId(id)
    if (this.#types?.has(type) ?? true) this.#entry(type, id, data)
    else if (type === 'dropped') this.#missed(data)
    else if (type === 'end') this.#toldEnd = true
    else if (type !== 'heartbeat') {
      this.took(1)
      this.discard('other-type', 1)
    }
  }

  #takeId(id: string): void {
    this.#lastId = isUsableId(id) ? id : undefined
  }

  #entry(type: string, eventId: string | undefined, data: string): void {
    const { entry, wireId } = receivedEntry(data, { time: Date.now(), source: this.#source })
    this.took(1)
    // Without an id of its own it cannot be asked for again, and is no other entry's repeat.
    const id = wireId ?? (eventId === this.#lastId ? eventId : undefined)
    if (id !== undefined && this.#settings.whenRepeated === 'drop' && this.#seen.isRepeated(id, this.#connections)) {
      this.discard('repeated', 1)
      return
    }
    this.#newInConnection++
    const typed = type === 'message' ? entry : { ...entry, fields: { event: type, ...entry.fields } }
    this.#lastEntrySequence = ++this.#sequence
    const origin = id === undefined ? undefined : this.#originOf(id)
    this.receive(withOrigin(typed, origin))
  }

  #originOf(id: string): EventOrigin {
    return { tracker: this.#tracker, sequence: this.#sequence, id, lastEventId: this.#lastId }
  }

  /**
   * Behind what a read gave: a place that says how far the server has come, also where a filter drops all entries, and
   * where the server's own filter passes nothing on.
   */
  #mark(): void {
    const id = this.#lastId
    if (id === this.#markedId) return
    this.#markedId = id
    if (id === undefined) return
    const isAllSafe = (this.#tracker.acknowledged?.sequence ?? 0) >= this.#lastEntrySequence
    this.#sequence++
    const origin = this.#originOf(id)
    if (isAllSafe) this.#tracker.acknowledge(origin)
    else this.receive(Batch.of({ ...noLines, origins: { at: () => origin } }))
    if (this.#needsSave) this.#saveBeginning()
  }

  /** A crash before the first save by the clock would leave a restart with nothing to go on after. */
  #saveBeginning(): void {
    this.#needsSave = false
    this.#settings.checkpoint?.save().catch((error: LogwispError) => {
      if (!this.destroyed) this.emit('warning', error)
    })
  }

  #missed(data: string): void {
    let told: { entries?: unknown; reason?: unknown } | null = null
    try {
      told = JSON.parse(data)
    } catch {
      // Somebody else's event of this name; that something was dropped is all that it says.
    }
    const entries = Number.isSafeInteger(told?.entries) ? (told?.entries as number) : undefined
    this.#gaps++
    this.#entriesMissed += Math.max(0, entries ?? 0)
    const advice =
      told?.reason === 'not-kept'
        ? 'the server keeps too few for those who were away: raise its ringEntries and ringBytes'
        : 'entries are not taken here as quickly as they come: buffer them, or ask for less with a query'
    const text = `${tellableUrl(this.#url)} says that ${entries ?? 'some'} entries are missing here; ${advice}`
    this.emit('warning', new LogwispError('ENTRIES_MISSED', text))
  }

  #tooLarge(): void {
    this.took(1)
    this.discard('event-too-large', 1)
    const text = `${tellableUrl(this.#url)} sent an event of more than ${this.#settings.maxEventBytes} bytes: raise maxEventBytes`
    this.emit('warning', new LogwispError('ENTRY_TOO_LARGE', text))
  }
}

const looksPerTimeout = 4

/** What makes sense to try again, besides every 5xx. */
const temporary: ReadonlySet<number> = new Set([408, 425, 429])

const noLines = { bytes: Buffer.alloc(0), source: '', time: 0 } as const

/** Longer ids do not fit into the headers that servers take. */
const maxIdBytes = 4096

/** Whether an id can go back to the server, in a header. */
function isUsableId(id: string): boolean {
  return id !== '' && Buffer.byteLength(id) <= maxIdBytes && !/[\x00-\x08\x0a-\x1f\x7f]/.test(id)
}

/** Headers have bytes; browsers send the UTF-8 of an id, and Node writes characters below 256 as one byte each. */
function asHeader(id: string): string {
  return Buffer.from(id).toString('latin1')
}

function savedId(saved: unknown): string | undefined {
  const id = (saved as { lastEventId?: unknown } | null | undefined)?.lastEventId
  return typeof id === 'string' && isUsableId(id) ? id : undefined
}
