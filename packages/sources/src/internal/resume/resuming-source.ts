/**
 * What sources that connect to a server are: one connection after the other, each asked to go on after the last id, and
 * what they bring as entries in one order.
 */

import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { AccountingTracker, Batch, type LogEntry, LogwispError, type Origin, type SourceAccount } from '@logwisp/core'
import { withOrigin } from '../receive/received-entry.ts'
import { ReceivingSource } from '../receive/receiving-source.ts'
import { tellableUrl } from './client-options.ts'
import { ReconnectDelay } from './reconnect-delay.ts'
import { RepeatedIds } from './repeated-ids.ts'
import type { ResumeSettings, ResumeStats } from './resume-options.ts'

/** The server cannot serve now, and may have said when it can. */
export class Unavailable extends Error {
  readonly askedMs: number

  constructor(message: string, askedMs: number) {
    super(message)
    this.askedMs = askedMs
  }
}

/** Where an entry came from; `lastEventId` is what to ask with for what comes after it. */
interface ResumeOrigin extends Origin {
  readonly lastEventId: string | undefined
}

export abstract class ResumingSource extends ReceivingSource {
  protected readonly url: URL
  /** The URL as it may be told. */
  protected readonly place: string
  protected readonly source: string
  readonly #settings: ResumeSettings
  readonly #key: string
  readonly #tracker: AccountingTracker<ResumeOrigin>
  readonly #repeated: RepeatedIds
  readonly #delay: ReconnectDelay
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined
  /** What the server sent last as an id, and what of it a marker was made of. */
  #lastId: string | undefined
  #markedId: string | undefined
  #sequence = 0
  #needsSave = false
  #openedAt: number | undefined
  #isEnd = false
  #newEntries = 0
  #bytesIn = 0
  #connections = 0
  #retries = 0
  #entriesMissed = 0
  #gaps = 0

  constructor(url: URL, settings: ResumeSettings) {
    super()
    const { source = url.host, retryDelayMs, maxRetryDelayMs, maxRetryAfterMs } = settings
    this.url = url
    this.place = tellableUrl(url)
    this.source = source
    this.#settings = settings
    this.#tracker = new AccountingTracker({ source })
    // Not the query itself, which may have secrets; but another query is another stream.
    const query = url.search === '' ? '' : `?${createHash('sha256').update(url.search).digest('hex').slice(0, 16)}`
    this.#key = `stream:${this.place}${query}`
    this.#repeated = new RepeatedIds(settings.maxRememberedIds)
    this.#delay = new ReconnectDelay({ baseMs: retryDelayMs, maxMs: maxRetryDelayMs, maxAskedMs: maxRetryAfterMs })
  }

  /**
   * Makes one connection and reads it to its end. Resolves to `'over'` when the server has no more and never will.
   * Rejects when it cannot be made or is cut; with a LogwispError, when trying again makes no sense. Must end soon once
   * the signal is aborted.
   */
  protected abstract connect(signal: AbortSignal): Promise<'over' | undefined>

  /** What to go on after. */
  protected get lastId(): string | undefined {
    return this.#lastId
  }

  /** Says that a stream is open. */
  protected opened(url: URL): void {
    this.#openedAt = performance.now()
    this.#connections++
    this.emit('open', { url: tellableUrl(url), lastEventId: this.#lastId })
  }

  /** Counts bytes that were read. */
  protected countBytes(bytes: number): void {
    this.#bytesIn += bytes
  }

  /** The server's wish how long to wait before connecting again. */
  protected askedToWait(baseMs: number): void {
    this.#delay.askFor(baseMs)
  }

  /** The server says that this was all: `stopped`, or a reason that only says something of this connection. */
  protected toldEnd(reason: unknown): void {
    this.#isEnd = reason === undefined || reason === 'stopped'
  }

  /** An id to go on after; one that cannot go back to the server is as good as none. */
  protected takeId(id: string): void {
    this.#lastId = isUsableId(id) ? id : undefined
  }

  /** Takes an entry; without an id it cannot be asked for again, and is no other entry's repeat. */
  protected takeEntry(entry: LogEntry, id: string | undefined): void {
    this.took(1)
    if (
      id !== undefined &&
      this.#settings.whenRepeated === 'drop' &&
      this.#repeated.isRepeated(id, this.#connections)
    ) {
      this.discard('duplicate', 1)
      return
    }
    this.#newEntries++
    this.#sequence++
    if (id !== undefined) this.#tracker.read(this.#sequence, 1)
    this.receive(withOrigin(entry, id === undefined ? undefined : this.#originOf(id)))
  }

  #originOf(id: string): ResumeOrigin {
    return { tracker: this.#tracker, sequence: this.#sequence, id, lastEventId: this.#lastId }
  }

  /**
   * Behind what a read gave: a place that says how far the server has come, also where a filter drops all entries, and
   * where the server's own filter passes nothing on.
   */
  protected mark(): void {
    const id = this.#lastId
    if (id === this.#markedId) return
    this.#markedId = id
    if (id === undefined) return
    const origin = this.#originOf(id)
    if (!this.#isAllSafe) this.receive(Batch.of({ ...noLines, origins: { at: () => origin } }))
    if (this.#needsSave) this.#saveBeginning()
  }

  /** Whether all that was given is acknowledged: then ids that came behind it without entries count as well. */
  get #isAllSafe(): boolean {
    return (this.#tracker.acknowledged?.sequence ?? 0) >= this.#sequence
  }

  get #safeId(): string | undefined {
    return this.#isAllSafe ? this.#markedId : this.#tracker.acknowledged?.lastEventId
  }

  /** A crash before the first save by the clock would leave a restart with nothing to go on after. */
  #saveBeginning(): void {
    this.#needsSave = false
    this.#settings.checkpoint?.save().catch((error: LogwispError) => {
      if (!this.destroyed) this.emit('warning', error)
    })
  }

  /** The server says that entries are missing here. */
  protected missed(told: unknown): void {
    const { entries: count, reason } = (told ?? {}) as { readonly entries?: unknown; readonly reason?: unknown }
    const entries = Number.isSafeInteger(count) && (count as number) >= 0 ? (count as number) : undefined
    this.#gaps++
    this.#entriesMissed += entries ?? 0
    const meaning = (typeof reason === 'string' ? gapMeaning[reason] : undefined) ?? 'are missing here'
    this.emit('warning', new LogwispError('ENTRIES_MISSED', `${this.place}: ${entries ?? 'some'} entries ${meaning}`))
  }

  protected tooLarge(message: string): void {
    this.took(1)
    this.discard('entry-too-large', 1)
    this.emit('warning', new LogwispError('ENTRY_TOO_LARGE', `${this.place} ${message}`))
  }

  /** The account of the stream since this source began; entries without an id are not in it. */
  override get ledger(): readonly SourceAccount[] {
    return Object.freeze([this.#tracker.account])
  }

  override get stats(): ResumeStats {
    return this.books(this.entriesWaiting, {
      bytesIn: this.#bytesIn,
      connected: this.#openedAt !== undefined,
      connections: this.#connections,
      retries: this.#retries,
      entriesMissed: this.#entriesMissed,
      gaps: this.#gaps,
    })
  }

  override _construct(callback: (error?: Error | null) => void): void {
    const { checkpoint, lastEventId } = this.#settings
    try {
      const saved = savedId(checkpoint?.get(this.#key))
      this.#lastId = saved ?? lastEventId
      this.#needsSave = checkpoint !== undefined && saved === undefined
      checkpoint?.set(this.#key, () => {
        const id = this.#safeId
        return id === undefined ? undefined : { lastEventId: id }
      })
    } catch (error) {
      return callback(error as Error)
    }
    this.#running = this.#run()
    callback()
  }

  override stop(): void {
    this.#abort.abort()
    this.end()
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
      while (await this.#once(signal)) signal.throwIfAborted()
      this.end()
    } catch (error) {
      if (!signal.aborted) this.destroy(error as Error)
    }
  }

  /** One connection, and the wait behind it. False: there is no more. */
  async #once(signal: AbortSignal): Promise<boolean> {
    this.#newEntries = 0
    this.#isEnd = false
    let reason: Error | undefined
    try {
      if ((await this.connect(signal)) === 'over') return false
    } catch (error) {
      if (signal.aborted || error instanceof LogwispError) throw error
      reason = error as Error
    }
    const livedMs = this.#openedAt === undefined ? 0 : performance.now() - this.#openedAt
    this.#openedAt = undefined
    if (this.#isEnd && this.#settings.whenEnded === 'end') return false
    const delayMs = this.#waitAfter(reason, livedMs)
    // It holds the process: a pipeline that waits for its source is not done.
    if (delayMs > 0) await delay(delayMs, undefined, { signal })
    return true
  }

  /** How long to wait before the next connection, in ms; tells it. */
  #waitAfter(cause: Error | undefined, livedMs: number): number {
    const hasLived = livedMs >= this.#delay.baseMs && !this.#isEnd
    if (hasLived || this.#newEntries > 0) this.#delay.succeeded()
    const askedMs = cause instanceof Unavailable ? cause.askedMs : 0
    // A stream that lived was cut by a proxy, or its server restarts. One that is always short would make this a busy loop.
    const delayMs = hasLived ? 0 : this.#delay.failed(askedMs)
    const { failures } = this.#delay
    const told = cause === undefined ? undefined : lost(`${this.place}: ${reasonOf(cause)}`, cause)
    if (failures > this.#settings.maxRetries) {
      throw told ?? lost(`${this.place} ended ${failures} times without an entry: is it what is meant?`)
    }
    this.#retries++
    if (told !== undefined) this.emit('warning', told)
    this.emit('retry', { delayMs, failures, reason: told })
    return delayMs
  }
}

function lost(message: string, cause?: Error): LogwispError {
  return new LogwispError('PEER_LOST', message, { cause })
}

/** Several addresses that were tried have one error each and no text of their own. */
function reasonOf(error: Error): string {
  const { message, errors } = error as AggregateError
  if (message !== '' || !Array.isArray(errors)) return message
  return errors.map((each: Error) => each.message).join(', ')
}

const gapMeaning: Readonly<Record<string, string>> = {
  'not-kept': 'are missing here, since it keeps too few for those who were away: raise its ringEntries and ringBytes',
  restarted: 'may be missing here: it was restarted, does not know what came before, and sends all that it has',
  'too-slow': 'are missing here, since they are taken too slowly: buffer them here, or ask for less with a query',
}

const noLines = { bytes: Buffer.alloc(0), source: '', time: 0 } as const

/** Longer ids do not fit into the headers that servers take. */
const maxIdBytes = 4096

/** Whether an id can go back to the server, in a header. */
function isUsableId(id: string): boolean {
  return id !== '' && Buffer.byteLength(id) <= maxIdBytes && !/[\x00-\x08\x0a-\x1f\x7f]/.test(id)
}

function savedId(saved: unknown): string | undefined {
  const id = (saved as { lastEventId?: unknown } | null | undefined)?.lastEventId
  return typeof id === 'string' && isUsableId(id) ? id : undefined
}
