/** From an entry to the text that a sink writes, as plain functions. */

import type { LogEntry } from './entry.ts'
import { OptionError } from './errors.ts'
import { encodeEntry } from './wire.ts'

/**
 * How an entry becomes text, without a line ending:
 * - `'raw'`: its message, nothing else;
 * - `'json'`: the wire form, see `encodeEntry`;
 * - a function of your own, or one made by `textFormat`. It must return a text; what it throws kills the stage that calls it.
 */
export type Format = 'raw' | 'json' | ((entry: LogEntry) => string)

function raw(entry: LogEntry): string {
  return entry.message
}

/**
 * The function that a format stands for. `json` is always one line; `raw` has the line breaks that the message has.
 *
 * @throws OptionError `BAD_OPTION` when the format is neither a known name nor a function.
 */
export function formatter(format: Format): (entry: LogEntry) => string {
  if (typeof format === 'function') return format
  if (format === 'raw') return raw
  if (format === 'json') return encodeEntry
  throw new OptionError(
    'formatter',
    'format',
    `\`format\` must be 'raw', 'json' or a function such as textFormat('{time} {message}'), got ${JSON.stringify(format) ?? typeof format}`,
  )
}
