/** Entries as answers have them. */

import { encodeEntry } from '@logwisp/core'
import type { StoredEntry } from '@logwisp/store'

/** An entry as JSON: its id, and then the wire form. */
export function entryJson(entry: StoredEntry): string {
  return `{"id":${JSON.stringify(entry.id)},${encodeEntry(entry).slice(1)}`
}
