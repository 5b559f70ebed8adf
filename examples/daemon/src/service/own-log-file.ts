/** The file of the daemon's own log: a file sink that the daemon never waits for, and that comes back after it failed. */

import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { LogLevel } from '@logwisp/core'
import { type FileSink, fileSink } from '@logwisp/sinks/file-sink'
import { bytesOf } from '../config/schema/primitives.ts'
import type { Config } from '../config/schema.ts'

/** Where it is, and how much of it is kept. */
export type OwnLogFileSettings = Config['logging']['file']

/** Lines that wait for a slow or full disk; further ones are dropped and counted, since the log may not stop the work. */
const maxWaitingLines = 10_000

/** How long after a failure the file is tried again. */
const retryDelayMs = 5000

/** How long the end waits for a disk. */
const closeTimeoutMs = 2000

const msPerHour = 3_600_000

/** A file that lines are appended to. */
export class OwnLogFile {
  readonly settings: OwnLogFileSettings
  /** Tells what goes wrong with the file to where there is no file. */
  readonly #complain: (words: string) => void
  #sink: FileSink | undefined
  #dropped = 0
  #failedAt = 0
  #isClosed = false

  private constructor(settings: OwnLogFileSettings, complain: (words: string) => void) {
    this.settings = settings
    this.#complain = complain
  }

  /** Opens the file. Rejects as `fileSink` fails: `BAD_OPTION`, `FILE_IN_USE`, `WRITE_FAILED`. */
  static async open(settings: OwnLogFileSettings, complain: (words: string) => void): Promise<OwnLogFile> {
    const file = new OwnLogFile(settings, complain)
    const sink = sinkFor(settings)
    // Rejects when the sink fails first.
    await once(sink, 'open')
    file.#use(sink)
    return file
  }

  /** Appends a line, as soon as the disk takes it. */
  write(message: string, level: LogLevel, time: number): void {
    if (this.#isClosed) return
    const sink = this.#sink ?? this.#again(time)
    if (sink === undefined || sink.writableLength >= maxWaitingLines) {
      this.#dropped++
      return
    }
    if (this.#dropped > 0) {
      const words = `${this.#dropped} lines of this log are missing here: its file could not take them`
      sink.write({ time, source: 'logwisp', level: 'warn', message: `${new Date(time).toISOString()} WARN  ${words}` })
      this.#dropped = 0
    }
    sink.write({ time, source: 'logwisp', level, message })
  }

  /** For a rotator that moved the file; renamed or cut files are noticed without, at the next line. */
  async reopen(): Promise<void> {
    await this.#sink?.reopen()
  }

  /** Resolves once everything is in the file, or the disk has taken too long. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const sink = this.#sink
    if (sink === undefined || sink.closed) return
    const timer = new AbortController()
    const closed = once(sink, 'close').catch(() => {})
    sink.end()
    await Promise.race([closed, wait(closeTimeoutMs, undefined, timer)])
    timer.abort()
    sink.destroy()
  }

  #use(sink: FileSink): void {
    this.#sink = sink
    sink.on('warning', ({ message }) => this.#complain(message))
    sink.on('error', ({ message }: Error) => {
      this.#complain(`the log file failed, and is tried again: ${message}`)
      this.#failedAt = Date.now()
      this.#sink = undefined
    })
  }

  #again(now: number): FileSink | undefined {
    if (now - this.#failedAt < retryDelayMs) return undefined
    this.#use(sinkFor(this.settings))
    return this.#sink
  }
}

function sinkFor(settings: OwnLogFileSettings): FileSink {
  const { directory, name, max_size_mb, max_total_size_mb, retention_hours } = settings
  return fileSink(directory, {
    name,
    maxFileBytes: bytesOf(max_size_mb),
    ...(max_total_size_mb > 0 && { maxTotalBytes: bytesOf(max_total_size_mb) }),
    ...(retention_hours > 0 && { maxAgeMs: Math.round(retention_hours * msPerHour) }),
  })
}
