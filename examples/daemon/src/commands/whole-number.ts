/** A number on the command line that counts something. */

import { UsageError } from './usage-error.ts'

/** The value of a flag; undefined when it is not given. */
export function wholeNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && Number.isSafeInteger(value)) return value
  throw new UsageError(`${flag} must be a whole number from 1, got \`${text}\``)
}
