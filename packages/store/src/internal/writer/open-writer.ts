/** The program's end of the writer's thread: one for each database, told by a lock file. */

import { mkdir, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type FileLock, type LogEntry, LogwispError, lockFile } from '@logwisp/core'
import { unpackError } from '../thread/packed-error.ts'
import { startThread, type Thread, threadUrl } from '../thread/start-thread.ts'
import type { CheckpointCalls } from './checkpoint-thread.ts'
import { EntryPacker } from './entry-columns.ts'
import type { Written } from './entry-writer.ts'
import type { WriterCalls, WriterFacts, WriterNotice, WriterSettings } from './writer-calls.ts'

export interface WriterEvents {
  /** Readers see everything up to this row of commits. */
  readonly onCommitted: (seq: number) => void
  readonly onWarning: (error: LogwispError) => void
  readonly onFailed: (error: LogwispError) => void
}

export interface WriterOptions extends WriterSettings, WriterEvents {
  readonly maxWaitingBytes: number
}

/** How long closing waits for a disk that is full, or a database that another program has locked. Unit: ms. */
const closeGraceMs = 5_000

/** The one who writes to a database, until it is closed. */
export interface OpenWriter {
  /** Entries handed over and not committed. */
  readonly entriesWaiting: number
  append(entries: readonly LogEntry[]): Promise<Written>
  indexed(): Promise<void>
  /** While `use` runs the database's file is what was stored when it began. */
  whileFrozen(signal: AbortSignal, use: () => Promise<void>): Promise<void>
  facts(): Promise<WriterFacts>
  /** Commits what waits; a full disk or a locked database is waited for so many ms. @default 5000 */
  close(graceMs?: number): Promise<void>
}

/**
 * @throws LogwispError `FILE_IN_USE`, `STORE_CORRUPT`, `STORE_NEWER`, `STORE_BUSY`, `DISK_FULL`, `STORE_FAILED`.
 */
export async function openWriter(options: WriterOptions): Promise<OpenWriter> {
  const { onCommitted, onWarning, onFailed, maxWaitingBytes, ...settings } = options
  const lock = await lockDatabase(options.path)
  const checkpointer = new Checkpointer(options.path)
  let thread: Thread<WriterCalls> | undefined
  try {
    const started = startThread<WriterCalls, WriterNotice>(threadUrl('writer-thread', import.meta.url), {
      name: 'the writer of the store',
      onFailed,
      onNotice: async (notice) => {
        switch (notice.kind) {
          case 'committed':
            return onCommitted(notice.seq)
          case 'warning':
            return onWarning(unpackError(notice.error) as LogwispError)
          case 'failed':
            return onFailed(unpackError(notice.error) as LogwispError)
          case 'log-grown':
            await started.call('checkpointed', await checkpointer.checkpoint()).catch(() => {})
        }
      },
    })
    thread = started
    await thread.call('open', settings)
  } catch (error) {
    // What hindered the thread may hinder this too: it is the first error that tells.
    await thread?.close().catch(() => {})
    await lock.release().catch(() => {})
    throw error
  }
  return new WriterHandle({ thread, checkpointer, lock, maxWaitingBytes })
}

/** The thread that works off the write-ahead log, started when there is something to do. */
class Checkpointer {
  readonly #path: string
  #thread: Thread<CheckpointCalls> | undefined
  #isClosed = false

  constructor(path: string) {
    this.#path = path
  }

  /** False when nothing could be worked off. */
  async checkpoint(): Promise<boolean> {
    if (this.#isClosed) return false
    this.#thread ??= startThread<CheckpointCalls>(threadUrl('checkpoint-thread', import.meta.url), {
      name: 'the checkpoints of the store',
      data: { path: this.#path },
    })
    try {
      return await this.#thread.call('checkpoint', undefined)
    } catch {
      // What stands in its way (a full disk, a lock) the writer will meet, too, and tell of.
      return false
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#thread?.close()
  }
}

/** Beside the database, under the name that it really has. */
async function lockDatabase(path: string): Promise<FileLock> {
  try {
    await mkdir(dirname(path), { recursive: true })
    const directory = await realpath(dirname(path))
    const file = await realpath(path).catch(() => join(directory, basename(path)))
    return await lockFile(
      `${file}.lock`,
      (pid) => `${path} is written to by process ${pid ?? '?'}: close that store first, or open this one with readOnly`,
    )
  } catch (cause) {
    if (cause instanceof LogwispError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new LogwispError('DISK_FULL', `no space for the lock of ${path} (${message}): free some`, { cause })
    }
    throw new LogwispError('STORE_FAILED', `${path} could not be opened (${message})`, { cause })
  }
}

interface HandleParts {
  readonly thread: Thread<WriterCalls>
  readonly checkpointer: Checkpointer
  readonly lock: FileLock
  readonly maxWaitingBytes: number
}

interface Held {
  readonly bytes: number
  readonly begin: () => void
}

class WriterHandle implements OpenWriter {
  readonly #thread: Thread<WriterCalls>
  readonly #checkpointer: Checkpointer
  readonly #lock: FileLock
  readonly #maxWaitingBytes: number
  readonly #held: Held[] = []
  #bytes = 0
  #entries = 0
  #closing: Promise<void> | undefined
  #frozen: Promise<void> | undefined

  constructor({ thread, checkpointer, lock, maxWaitingBytes }: HandleParts) {
    this.#thread = thread
    this.#checkpointer = checkpointer
    this.#lock = lock
    this.#maxWaitingBytes = maxWaitingBytes
  }

  get entriesWaiting(): number {
    return this.#entries
  }

  async append(entries: readonly LogEntry[]): Promise<Written> {
    const packer = new EntryPacker()
    const now = Date.now()
    for (const entry of entries) packer.add(entry, now)
    if (this.#closing !== undefined) throw closedError()
    if (entries.length === 0) return { inserted: 0, repeated: 0 }
    this.#entries += entries.length
    try {
      return await this.#send(packer, packer.bytes)
    } finally {
      this.#entries -= entries.length
    }
  }

  indexed(): Promise<void> {
    return this.#thread.call('indexed', undefined)
  }

  async whileFrozen(signal: AbortSignal, use: () => Promise<void>): Promise<void> {
    // One after the other: each wants the moment when it was asked for, or a later one.
    while (this.#frozen !== undefined) await this.#frozen.catch(() => {})
    this.#frozen = this.#whileFrozen(signal, use)
    try {
      await this.#frozen
    } finally {
      this.#frozen = undefined
    }
  }

  facts(): Promise<WriterFacts> {
    return this.#thread.call('facts', undefined)
  }

  close(graceMs: number = closeGraceMs): Promise<void> {
    this.#closing ??= this.#close(graceMs)
    return this.#closing
  }

  async #whileFrozen(signal: AbortSignal, use: () => Promise<void>): Promise<void> {
    try {
      await this.#thread.call('freeze', undefined, { signal })
      await use()
    } finally {
      // Also when the signal came while it was being frozen.
      await this.#thread.call('thaw', undefined).catch(() => {})
    }
  }

  /** At once, or when what was handed over before has made room for it. */
  #send(packer: EntryPacker, bytes: number): Promise<Written> {
    const isHeld = this.#held.length > 0 || (this.#bytes > 0 && this.#bytes + bytes > this.#maxWaitingBytes)
    if (!isHeld) return this.#begin(packer, bytes)
    return new Promise((resolve) => this.#held.push({ bytes, begin: () => resolve(this.#begin(packer, bytes)) }))
  }

  async #begin(packer: EntryPacker, bytes: number): Promise<Written> {
    this.#bytes += bytes
    try {
      return await this.#thread.call('append', packer.finish())
    } finally {
      this.#bytes -= bytes
      for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
        if (this.#bytes > 0 && this.#bytes + next.bytes > this.#maxWaitingBytes) break
        this.#held.shift()
        next.begin()
      }
    }
  }

  async #close(graceMs: number): Promise<void> {
    try {
      // The thread takes calls in order, so that it closes after the last of them.
      for (const { begin } of this.#held.splice(0)) begin()
      await this.#checkpointer.close()
      await this.#thread.call('close', graceMs).catch(() => {})
    } finally {
      await this.#thread.close()
      await this.#lock.release()
    }
  }
}

function closedError(): LogwispError {
  return new LogwispError('STORE_CLOSED', 'the store is closed: append before you close it')
}
