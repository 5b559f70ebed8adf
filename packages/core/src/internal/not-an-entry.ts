/** What a stage says to a chunk that is no entry. */

import { LogwispError } from '../errors.ts'

/** The error for a chunk that is no entry; its message says what one looks like. Code `NOT_AN_ENTRY`. */
export function notAnEntry(value: unknown): LogwispError {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
  return new LogwispError(
    'NOT_AN_ENTRY',
    `expected an entry such as { time: Date.now(), source: 'app', message: 'text' }, got ${kind}: ` +
      'give each chunk these three properties before it enters a stage',
  )
}
