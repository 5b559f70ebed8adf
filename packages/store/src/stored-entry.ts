/** An entry as the store gives it back. */

import type { LogEntry } from '@logwisp/core'

/**
 * Where an entry stands in its store: opaque text, made of its time and its turn within that ms. Ids of one store sort as
 * its entries do with `compareEntryIds`, stay the same for as long as the entry is stored, and are also places to page from.
 */
export type EntryId = string

/** An entry of a store. Its `fields` are as `parseExact` reads them: numbers keep every digit. It has no `origin`. */
export interface StoredEntry extends Omit<LogEntry, 'origin'> {
  readonly id: EntryId
}
