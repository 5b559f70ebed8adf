/** The entry: one log record, as every stage of LogWisp takes it and gives it. */

import type { Origin } from './origin.ts'

/** The levels from the least to the most urgent; a level's place in this list is its rank. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

/** How urgent an entry is. */
export type LogLevel = (typeof logLevels)[number]

/**
 * One log record. Plain and flat; treat it as immutable and derive a changed one with spread, so that
 * `origin`, the way back to its source, comes along.
 */
export interface LogEntry {
  /** When it happened, in ms since the epoch; when its text tells no time, when it was read. */
  readonly time: number
  /** Who said it: a file's path, `stdin`, a peer's name. */
  readonly source: string
  /** How urgent it is, when that is known. */
  readonly level?: LogLevel | undefined
  /** The text, without its line ending. */
  readonly message: string
  /** What else is known of it, by name. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined
  /** Where it came from and the way back; only entries of a source that can read again have one. */
  readonly origin?: Origin | undefined
}

/** What a stage of your own iterates: `async function* (entries: Entries) { for await (const entry of entries) … }`. */
export type Entries = AsyncIterable<LogEntry>

const ranks: Readonly<Record<LogLevel, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, fatal: 5 }

/** A level's rank, 0 (`trace`) to 5 (`fatal`): compare two levels by it. */
export function levelRank(level: LogLevel): number {
  return ranks[level]
}

/** Whether `value` is one of {@link logLevels}. */
export function isLogLevel(value: unknown): value is LogLevel {
  return typeof value === 'string' && Object.hasOwn(ranks, value)
}

/**
 * Whether `value` can travel as an entry: an object with a number `time` and strings `source` and `message`.
 * Looks at these three only, so it is cheap enough to ask of every chunk.
 */
export function isLogEntry(value: unknown): value is LogEntry {
  if (typeof value !== 'object' || value === null) return false
  const { time, source, message } = value as Partial<LogEntry>
  return typeof message === 'string' && typeof source === 'string' && typeof time === 'number'
}
