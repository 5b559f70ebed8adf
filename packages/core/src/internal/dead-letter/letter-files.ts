/**
 * The files of a directory of dead letters, by their names.
 *
 * ```
 *   20261121T100000.123Z-4f3a9c.ndjson             written by one sink and by nobody after it
 *   20261121T100000.123Z-4f3a9c.replay.ndjson      taken by a replay; how far that has come is in replay.json
 *   20261121T100000.123Z-4f3a9c.unreadable.ndjson  replayed, but for lines that are none; for a person to look at
 * ```
 */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type FileSystem, isAbsent } from '../file-system.ts'

/** What has become of a file. */
export type LetterFileState = 'written' | 'replay' | 'unreadable'

/** One of the files. */
export interface LetterFile {
  readonly path: string
  /** What stays the same when its state changes. Sorts by the time at which it was begun. */
  readonly stem: string
  readonly state: LetterFileState
  readonly bytes: number
}

const pattern = /^(\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{6})(?:\.(replay|unreadable))?\.ndjson$/

/** The path of a file in a state. */
export function letterPath(directory: string, stem: string, state: LetterFileState): string {
  return join(directory, state === 'written' ? `${stem}.ndjson` : `${stem}.${state}.ndjson`)
}

/** A name that no other file has, of this process or another. Sorts behind `last`, even when the clock went back. */
export function nextStem(now: number, last: string | undefined): string {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]/g, '')
  const stem = `${stamp}-${randomBytes(3).toString('hex')}`
  return last === undefined || stem > last ? stem : nextStem(timeOf(last) + 1, undefined)
}

/** The day, UTC, on which a file was begun: `20261121`. */
export function dayOf(stem: string): string {
  return stem.slice(0, 8)
}

/** All of them, oldest first. */
export async function listLetters(fs: FileSystem, directory: string): Promise<LetterFile[]> {
  const found = await Promise.all(
    (await fs.readdir(directory)).map(async (name): Promise<LetterFile | undefined> => {
      const [, stem, state = 'written'] = pattern.exec(name) ?? []
      if (stem === undefined) return undefined
      const path = join(directory, name)
      try {
        return { path, stem, state: state as LetterFileState, bytes: (await fs.stat(path)).size }
      } catch (error) {
        // Replayed and removed meanwhile.
        if (isAbsent(error)) return undefined
        throw error
      }
    }),
  )
  return found.filter((file) => file !== undefined).sort((a, b) => (a.stem < b.stem ? -1 : 1))
}

function timeOf(stem: string): number {
  const [, year, month, day, hours, minutes, rest] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)([\d.]+Z)/.exec(stem) ?? []
  return Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${rest}`)
}
