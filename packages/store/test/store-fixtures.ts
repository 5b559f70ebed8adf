/** What the tests of the store need: directories, entries, and a look into the database. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogEntry, OriginTracker } from '@logwisp/core'
import Database from 'better-sqlite3'
import { onTestFinished } from 'vitest'
import { openStore, type Store, type StoreOptions } from '../src/open-store.ts'

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-store-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export async function temporaryDatabase(): Promise<string> {
  return join(await temporaryDirectory(), 'logs.db')
}

/** A store with one reader that does not wait for the disk; closed with the test. */
export async function open(path: string, options: StoreOptions = {}): Promise<Store> {
  const store = await openStore(path, { safeAfter: 'commit', readers: 1, ...options })
  onTestFinished(() => store.close())
  return store
}

/** A moment of the tests' own. */
export const moment = 1_782_467_222_000

export function entryAt(time: number, message: string, more: Partial<LogEntry> = {}): LogEntry {
  return { time, source: 'app', message, ...more }
}

const tracker: OriginTracker = { acknowledge: () => {} }

/** An entry that its source would give again after a crash. */
export function repeatable(id: string, entry: LogEntry): LogEntry {
  return { ...entry, origin: { tracker, sequence: 1, id } }
}

/** `count` entries, one ms after the other, `line <n>` from `first` on. */
export function numbered(count: number, first = 1): LogEntry[] {
  return Array.from({ length: count }, (_, n) => entryAt(moment + first + n, `line ${first + n}`))
}

/** Rows of a query, by a connection of its own that only reads. */
export function rows<Row>(path: string, sql: string): Row[] {
  const database = new Database(path, { readonly: true })
  try {
    return database.prepare(sql).all() as Row[]
  } finally {
    database.close()
  }
}

/** The messages in the order of their entries. */
export function messages(path: string): string[] {
  return rows<{ message: string }>(path, 'SELECT message FROM entries ORDER BY id').map(({ message }) => message)
}

/** What SQLite and the words index find wrong; nothing is good. */
export function integrity(path: string): string[] {
  const found = rows<{ integrity_check: string }>(path, 'PRAGMA integrity_check').map((row) => row.integrity_check)
  const counted = rows<{ n: number }>(path, 'SELECT total(entries) AS n FROM counts WHERE unit = 1000')[0]?.n
  const stored = rows<{ n: number }>(path, 'SELECT count(*) AS n FROM entries')[0]?.n
  if (counted !== stored) found.push(`counts say ${counted}, there are ${stored}`)
  return found.filter((text) => text !== 'ok')
}
