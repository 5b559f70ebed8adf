/** What the tests of dead letters share: a directory of their own, and what stands in it. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogEntry } from '@logwisp/core'
import { onTestFinished } from 'vitest'

/** What a line says. */
export type LetterLine = Readonly<Record<string, unknown>> & {
  readonly message: string
  readonly 'logwisp.id': string
  readonly 'logwisp.rejected': Readonly<Record<string, unknown>>
}

/** A directory that is not there yet; removed after the test. */
export async function letterDirectory(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'logwisp-dead-letters-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  return join(parent, 'rejected')
}

/** The names of its files, sorted, but for locks. */
export async function namesIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => !name.startsWith('.')).sort()
}

/** What stands in its files, oldest first. */
export async function linesIn(directory: string): Promise<LetterLine[]> {
  const names = (await namesIn(directory)).filter((name) => name.endsWith('.ndjson'))
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
  return texts.flatMap((text) => text.split('\n').slice(0, -1)).map((line) => JSON.parse(line))
}

/** An entry, with whatever else is wanted. */
export function entry(message: string, more: Partial<LogEntry> = {}): LogEntry {
  return { time: 1000, source: 'app', message, ...more }
}

/** An entry whose origin has this id, and is acknowledged to nobody. */
export function entryWithId(message: string, id: string): LogEntry {
  return entry(message, { origin: { tracker: { acknowledge: () => {} }, sequence: 1, id } })
}
