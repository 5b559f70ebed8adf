/** The stream behind `deadLetter`: from entries and reasons to lines, and back to acknowledgements. */

import { finished } from 'node:stream/promises'
import { Batch, isBatch } from '../../batch.ts'
import type { DeadLetter, DeadLetterStats, Rejection } from '../../dead-letter.ts'
import type { LogEntry } from '../../entry.ts'
import { EntryWritable } from '../../entry-writable.ts'
import { LogwispError } from '../../errors.ts'
import type { FileSystem } from '../file-system.ts'
import { encodeLetter, withoutRejection } from './letter.ts'
import { type LetterFate, LetterWriter, type LetterWriterSettings, maxGroupBytes } from './letter-writer.ts'

/** An entry on its way through the stream, with why it was rejected. Without its way back, which is not the stream's. */
class RejectedItem implements LogEntry {
  readonly time: number
  readonly source: string
  readonly message: string
  readonly entry: LogEntry
  readonly why: Rejection

  constructor(entry: LogEntry, why: Rejection) {
    this.time = entry.time
    this.source = entry.source
    this.message = entry.message
    this.entry = entry
    this.why = why
  }
}

export class DeadLetterStream extends EntryWritable implements DeadLetter {
  readonly #writer: LetterWriter
  #consuming: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined
  #warnings = 0

  constructor(directory: string, settings: LetterWriterSettings, fs: FileSystem) {
    super({ acknowledge: 'by-hand' })
    // Each of the sinks that share it listens.
    this.setMaxListeners(0)
    this.#writer = new LetterWriter(fs, directory, settings, (warning) => {
      this.#warnings++
      this.emit('warning', warning)
    })
  }

  get directory(): string {
    return this.#writer.directory
  }

  override get stats(): DeadLetterStats {
    return this.books({
      bytesOut: this.#writer.bytesOut,
      entriesRemoved: this.#writer.linesRemoved,
      warnings: this.#warnings,
      isWaitingForRoom: this.#writer.isWaitingForRoom,
    })
  }

  reject(entry: LogEntry, why: Rejection): Promise<void> {
    if (this.errored !== null) return Promise.reject(this.errored)
    if (this.writableEnded || this.destroyed) {
      const message = `the dead letters in ${this.directory} are closed: close them after those that use them are done`
      return Promise.reject(new LogwispError('DEAD_LETTERS_CLOSED', message))
    }
    return new Promise((resolve, reject) => {
      this.write(new RejectedItem(entry, why), (error) => (error == null ? resolve() : reject(error)))
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.errored !== null) throw this.errored
    if (this.closed) return
    const closed = finished(this)
    this.end()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  override _construct(callback: (error?: Error | null) => void): void {
    this.#writer.open().then(
      () => callback(),
      (error) => callback(this.#failed(error)),
    )
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): Promise<void> {
    this.#consuming = this.#keep(items)
    return this.#consuming
  }

  protected override async finish(): Promise<void> {
    await this.#writer.close().catch((error) => {
      throw this.#failed(error)
    })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#writer.stop()
    const closed = this.#consuming.catch(() => {}).then(() => this.#writer.close())
    closed.then(
      () => callback(error),
      (failure) => callback(error ?? this.#failed(failure)),
    )
  }

  async #keep(items: readonly (LogEntry | Batch)[]): Promise<void> {
    const now = Date.now()
    const fates: LetterFate[] = []
    let lines: Buffer[] = []
    let bytes = 0
    const write = async (): Promise<void> => {
      const told = await this.#writer.append(lines).catch((error) => {
        throw this.#failed(error)
      })
      if (told.length < lines.length) throw stopped()
      for (const fate of told) fates.push(fate)
      lines = []
      bytes = 0
    }
    for (const item of items) {
      for (const entry of isBatch(item) ? item : [item]) {
        const line = lineOf(entry, now)
        lines.push(line)
        bytes += line.length
        if (bytes >= maxGroupBytes) await write()
      }
    }
    await write()
    this.#settle(items, fates)
  }

  /** Everything is safe, or dropped: says so, in order. */
  #settle(items: readonly (LogEntry | Batch)[], fates: readonly LetterFate[]): void {
    let at = 0
    for (const item of items) {
      const count = isBatch(item) ? item.count : 1
      const own = fates.slice(at, at + count)
      at += count
      if (own.every((fate) => fate === 'kept')) this.delivered(item)
      else if (isBatch(item)) this.#settleBatch(item, own)
      else this.#drop(item, own[0] as LetterFate)
    }
  }

  #settleBatch(batch: Batch, fates: readonly LetterFate[]): void {
    for (const reason of new Set(fates)) if (reason !== 'kept') this.discard(reason, linesOf(batch, fates, reason))
    this.delivered(linesOf(batch, fates, 'kept'))
  }

  #drop(entry: LogEntry, reason: LetterFate): void {
    this.discard(reason, entry)
    if (entry.origin !== undefined) this.delivered(markOf(entry))
  }

  #failed(cause: unknown): LogwispError {
    if (cause instanceof LogwispError) return cause
    const advice = 'check the path, its permissions and the disk; what was not acknowledged comes again'
    const message = `cannot keep rejected entries in ${this.directory} (${(cause as Error).message}): ${advice}`
    return new LogwispError('WRITE_FAILED', message, { cause })
  }
}

function lineOf(entry: LogEntry, now: number): Buffer {
  if (entry instanceof RejectedItem) return encodeLetter(entry.entry, entry.why, now)
  const before = withoutRejection(entry)
  return encodeLetter(before.entry, before.why, now)
}

function linesOf(batch: Batch, fates: readonly LetterFate[], fate: LetterFate): Batch {
  let index = 0
  return batch.select(() => fates[index++] === fate)
}

/** A batch without lines that stands for what comes up to an entry that was dropped. */
function markOf({ origin, source, time }: LogEntry): Batch {
  return Batch.of({ bytes: Buffer.alloc(0), source, time, ...(origin && { origins: { at: () => origin } }) })
}

function stopped(): LogwispError {
  return new LogwispError('UNDELIVERED', 'the dead letters were destroyed before these entries were safe')
}
