/** `limitSize`: drops the entries whose message is too large. */

import { checkArgument, type EntryFilter, entryTransform, option } from '@logwisp/core'

/**
 * Drops the entries whose message has more than `maxEntryBytes` bytes as UTF-8, under the reason `too-large`, and lets
 * the others pass. Order is kept. The line ending does not count, nor do fields.
 *
 * To keep the beginning of a line that is too long, let the source cut it: see its `whenLineTooLong`.
 *
 * @param maxEntryBytes An integer of at least 1.
 * @throws OptionError `BAD_OPTION`.
 * @example
 * ```ts
 * import { limitSize } from '@logwisp/filters'
 *
 * const noDumps = limitSize(16 * 1024)
 * ```
 */
export function limitSize(maxEntryBytes: number): EntryFilter {
  checkArgument('limitSize', 'maxEntryBytes', maxEntryBytes, option.integer({ min: 1 }))
  const fits = (message: string): boolean => Buffer.byteLength(message) <= maxEntryBytes
  return entryTransform({
    entry: (entry) => (fits(entry.message) ? entry : undefined),
    // Bytes that are no UTF-8 read as characters of three bytes: only more than there were.
    batch: (batch) =>
      batch.select((start, end) => end - start <= maxEntryBytes && (batch.ascii || fits(batch.message(start, end)))),
    dropReason: 'too-large',
  })
}
