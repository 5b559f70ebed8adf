/** What could be written next in a query: names of sources, paths and values of fields. */

import type { Completion, CompletionsOf } from '../../query-results.ts'
import { walkFields } from '../words/field-nodes.ts'
import type { Budget } from './budget.ts'
import { parseFields } from './entry-row.ts'
import type { Reader } from './reader.ts'

/** The newest entries, whose sources and fields are offered first. */
const sampleEntries = 5_000

/** Different texts that are counted; further ones are not offered. */
const maxTexts = 10_000

/** Longer values are nothing to complete. */
const maxTextLength = 200

/** Completions of one query when it does not say how many. */
const defaultLimit = 20

export function complete(reader: Reader, of: CompletionsOf, budget: Budget): Completion[] {
  const prefix = (of.prefix ?? '').toLowerCase()
  const limit = of.limit ?? defaultLimit
  const texts =
    of.of === 'source' ? sources(reader, of.prefix ?? '', limit, budget) : fields(reader, of, prefix, budget)
  return texts.slice(0, limit).map((text) => ({ text }))
}

/** Those of recent entries first, the most frequent first; then the others whose name begins so, or a part of whose path does. */
function sources({ db, names }: Reader, prefix: string, limit: number, budget: Budget): string[] {
  const counts = new Map<number, number>()
  const recent = db.prepare<[number], number>('SELECT source FROM entries ORDER BY id DESC LIMIT ?').pluck(true)
  for (const id of recent.iterate(sampleEntries)) {
    counts.set(id, (counts.get(id) ?? 0) + 1)
    if (counts.get(id) === 1 && budget.isSpent()) break
  }
  const found = new Set<string>()
  const offer = (name: string | undefined): void => {
    if (name !== undefined && found.size < limit && hasPart(name, prefix.toLowerCase())) found.add(name)
  }
  for (const [id] of byCount(counts)) offer(names.nameOf(id))
  const beginning = 'SELECT name FROM sources WHERE name >= ? AND name < ? || char(0x10ffff) ORDER BY name LIMIT ?'
  if (found.size < limit) {
    for (const name of db.prepare<[string, string, number], string>(beginning).pluck(true).all(prefix, prefix, limit))
      offer(name)
  }
  if (found.size < limit && prefix !== '') {
    const all = db.prepare<[], string>('SELECT name FROM sources ORDER BY id DESC').pluck(true)
    for (const name of all.iterate()) {
      offer(name)
      if (found.size === limit || budget.isSpent()) break
    }
  }
  return [...found]
}

/** Whether the name, or what follows a slash in it, begins so. */
function hasPart(name: string, prefix: string): boolean {
  const lower = name.toLowerCase()
  return lower.startsWith(prefix) || lower.includes(`/${prefix}`) || lower.includes(`\\${prefix}`)
}

/** Paths, or values at a path, of recent entries; the most frequent first. */
function fields(
  { db }: Reader,
  of: Exclude<CompletionsOf, { of: 'source' }>,
  prefix: string,
  budget: Budget,
): string[] {
  const counts = new Map<string, number>()
  const offer = (text: string): void => {
    if (text.length > maxTextLength || !text.toLowerCase().startsWith(prefix)) return
    if (counts.size < maxTexts || counts.has(text)) counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  const recent = db.prepare<[number], string | null>('SELECT fields FROM entries ORDER BY id DESC LIMIT ?').pluck(true)
  for (const text of recent.iterate(sampleEntries)) {
    if (text !== null) {
      walkFields(parseFields(text, 'near the newest'), (path, leaf) => {
        // An object is on the way to its leaves, whose paths are offered.
        if (leaf !== undefined) {
          if (of.of === 'field') offer(path)
          else if (path === of.path) offer(leaf.text)
        }
        return false
      })
    }
    if (budget.isSpent()) break
  }
  return byCount(counts).map(([text]) => text)
}

function byCount<Key>(counts: ReadonlyMap<Key, number>): [Key, number][] {
  return [...counts].sort(([, a], [, b]) => b - a)
}
