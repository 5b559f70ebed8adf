/**
 * The generations of a log: which names in its directory are rotated forms of it, and in what order they were written.
 *
 * ```
 *   app.log.3.gz   app.log.2.gz   app.log.1   app.log
 *   oldest ───────────────────────────────────▶ newest
 * ```
 */

import type { BigIntStats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type FileSystem, isMissing, systemCode } from './file-system.ts'

/** What a rotated name says of its place among the others. */
export interface RotatedName {
  /** Numbers usually grow with age, dates shrink with it; `word` (`app.log.old`) says nothing. */
  readonly scheme: 'number' | 'date' | 'word'
  /** The digits of the number or date. */
  readonly digits: string
}

const endings = /\.(?:gz|gzip)$/i
// .1  -20261121  -20261121-1792484  .2026-11-21T10-00-00.000Z  .old
const rotatedPart = /^[._-](\d[\d._:TZ-]*|old|bak|prev)$/i

/** The name without the ending of a compressed file. */
function plainName(name: string): string {
  return name.replace(endings, '')
}

/** What `name` says as a rotated form of `base`; undefined when it is none: another log, say. */
export function rotatedName(base: string, name: string): RotatedName | undefined {
  const plain = plainName(name)
  if (plain === base) return name === base ? undefined : { scheme: 'word', digits: '' }
  const part = addedPart(base, plain)
  const matched = part === undefined ? undefined : rotatedPart.exec(part)?.[1]
  if (matched === undefined) return undefined
  const digits = matched.replace(/\D/g, '')
  if (digits === '') return { scheme: 'word', digits }
  // Six digits are the shortest date (261121); nobody keeps that many numbered generations.
  return { scheme: digits.length >= 6 ? 'date' : 'number', digits }
}

/** Every name that `name` may be a rotated form of. */
export function possibleBases(name: string): string[] {
  const plain = plainName(name)
  const bases = plain === name ? [] : [plain]
  const separators = /[._-]/g
  for (let found = separators.exec(plain); found !== null; found = separators.exec(plain)) {
    const before = plain.slice(0, found.index)
    if (before === '') continue
    bases.push(before)
    // `app.1.log`: the extension comes after what was added.
    const extension = plain.lastIndexOf('.')
    if (extension > found.index) bases.push(before + plain.slice(extension))
  }
  return bases.filter((base) => rotatedName(base, name) !== undefined)
}

/** What `name` has more than `base`: at its end (`app.log.1`) or before its extension (`app.1.log`, `app-2026.log`). */
function addedPart(base: string, name: string): string | undefined {
  if (name.startsWith(base)) return name.slice(base.length)
  const dot = base.lastIndexOf('.')
  if (dot <= 0) return undefined
  const stem = base.slice(0, dot)
  const extension = base.slice(dot)
  if (!name.startsWith(stem) || !name.endsWith(extension) || name.length <= base.length) return undefined
  return name.slice(stem.length, -extension.length)
}

/** A rotated generation as it stands in the directory. */
export interface Sibling {
  readonly path: string
  readonly stat: BigIntStats
  readonly name: RotatedName
}

/** The rotated forms of the log at `path`, oldest first. Empty when its directory is gone. */
export async function findSiblings(fileSystem: FileSystem, path: string): Promise<Sibling[]> {
  const directory = dirname(path)
  const base = basename(path)
  const siblings: Sibling[] = []
  try {
    const entries = await fileSystem.readdir(directory)
    const names = new Set(entries.map((entry) => entry.name))
    for (const entry of entries) {
      const name = rotatedName(base, entry.name)
      if (name === undefined || entry.isDirectory()) continue
      // As long as the plain file is there, the compressed one is being written.
      const plain = plainName(entry.name)
      if (plain !== entry.name && plain !== base && names.has(plain)) continue
      const sibling = join(directory, entry.name)
      const stat = await statOf(fileSystem, sibling)
      if (stat?.isFile()) siblings.push({ path: sibling, stat, name })
    }
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  return oldestFirst(siblings)
}

/** What is at the path; undefined when that is nothing. */
async function statOf(fileSystem: FileSystem, path: string): Promise<BigIntStats | undefined> {
  try {
    return await fileSystem.stat(path)
  } catch (error) {
    // A generation that can't be looked at now must not be taken for one that is not there, and passed over.
    if (isMissing(error) || systemCode(error) === 'ELOOP') return undefined
    throw error
  }
}

/**
 * Orders generations by what their names say, when all of them say it in the same way, for a copy or a compression may
 * have changed a file's time; otherwise by when they were last written to.
 */
export function oldestFirst<Item extends Pick<Sibling, 'name' | 'stat'>>(siblings: readonly Item[]): Item[] {
  const scheme = siblings[0]?.name.scheme
  const byName = namesTellOrder(siblings)
  const byRank = (a: Item, b: Item): number =>
    scheme === 'number' ? Number(b.name.digits) - Number(a.name.digits) : compare(a.name.digits, b.name.digits)
  const byTime = (a: Item, b: Item): number => Number(a.stat.mtimeNs - b.stat.mtimeNs)
  const ordered = siblings.toSorted((a, b) => (byName ? byRank(a, b) || byTime(a, b) : byTime(a, b) || byRank(a, b)))
  return byName && scheme === 'number' && countsUp(ordered) ? ordered.reverse() : ordered
}

/**
 * What a rotated file was copied from, when it is a copy that was made before a log was cut: the file that the path
 * showed then, which goes on with other lines. It is the first of the newer ones that was made before the copy, for a file
 * that is renamed keeps the time at which it was made. Undefined for what is no copy, and where it can't be told: where
 * names don't tell the order, or the system not when a file was made.
 */
export function originalOf(
  index: number,
  siblings: readonly Pick<Sibling, 'name' | 'stat'>[],
  shown: BigIntStats | undefined,
): BigIntStats | undefined {
  const copy = siblings[index]?.stat
  if (copy === undefined || !namesTellOrder(siblings)) return undefined
  const newer = siblings.slice(index + 1).map(({ stat }) => stat)
  if (shown !== undefined) newer.push(shown)
  return newer.find(({ birthtimeNs }) => birthtimeNs > 0n && birthtimeNs < copy.birthtimeNs)
}

/** Whether the order of these generations is told by their names, and not by times, which late writers change. */
function namesTellOrder(siblings: readonly Pick<Sibling, 'name'>[]): boolean {
  const scheme = siblings[0]?.name.scheme
  return scheme !== 'word' && siblings.every(({ name }) => name.scheme === scheme)
}

/**
 * Whether the highest number is the newest, as some loggers count, and not the oldest, as logrotate does. Then files
 * were made, and last written to, in the order of their numbers. A stale writer or a copy can change when a file was
 * written to, and a `touch` too, but not when it was made.
 */
function countsUp(highestFirst: readonly Pick<Sibling, 'stat'>[]): boolean {
  const last = highestFirst.at(-1)
  const first = highestFirst[0]
  if (first === undefined || last === undefined || first.stat.birthtimeNs <= last.stat.birthtimeNs) return false
  return highestFirst.every(({ stat }, i) => {
    const next = highestFirst[i + 1]?.stat
    return next === undefined || (stat.birthtimeNs >= next.birthtimeNs && stat.mtimeNs >= next.mtimeNs)
  })
}

/** Dates of different length compare as text: 20261121 is before 20261121-1530, and that before 20261122. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
