/** What goes to the clipboard. */

import { stringifyExact } from '@logwisp/core/stringify-exact'
import type { ShownEntry } from '../data/shown-entry.ts'

/**
 * The entry as one line of JSON, as LogWisp writes entries everywhere: it can be sent to any source that takes NDJSON.
 * Its place in this store is not part of it.
 */
export function entryJson({ time, source, level, message, fields }: ShownEntry): string {
  return stringifyExact({ time: new Date(time).toISOString(), source, level, message, fields })
}
