/** An entry as the store gives it back. No import of Node: pages use it too. */

import type { LogEntry } from '@logwisp/core'

/**
 * Where an entry stands in its store: opaque text, made of its time and its turn within that ms. Ids of one store sort as
 * its entries do with `compareEntryIds`, stay the same for as long as the entry is stored, and are also places to page from.
 */
export type EntryId = string

/** An entry of a store. Its `fields` are as `parseExact` reads them: numbers keep every digit. It has no `origin`. */
export interface StoredEntry extends Omit<LogEntry, 'origin'> {
  /** Its place, and its name for links and cursors. */
  readonly id: EntryId
}

/**
 * The order of two ids: below 0 when `a` is of the older entry, above when of the newer, 0 when they are the same.
 *
 * @example
 * ```ts
 * import { compareEntryIds, openStore } from '@logwisp/store'
 *
 * const store = await openStore('./logs.db', { readOnly: true })
 * const { entries } = await store.page({})
 * const newestFirst = [...entries].sort((a, b) => compareEntryIds(b.id, a.id))
 * ```
 */
export function compareEntryIds(a: EntryId, b: EntryId): number {
  // An id is `<ms>-<turn>`, both in base 36: reading the first number ends at its hyphen.
  const byMs = Number.parseInt(a, 36) - Number.parseInt(b, 36)
  return byMs === 0 ? turnOf(a) - turnOf(b) : byMs
}

function turnOf(id: EntryId): number {
  return Number.parseInt(id.slice(id.indexOf('-', 1) + 1), 36)
}
