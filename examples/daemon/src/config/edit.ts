/** One change of a configuration file, and the place in the file that it belongs to. */

import type { Plain } from './coerce.ts'
import { olderKeys } from './older-spelling.ts'

/** A value that is to be written at a place. */
export interface Edit {
  readonly path: readonly string[]
  readonly value: Plain
}

/** Whether a key of the file, in whatever spelling, is a key of the schema. */
export function isKey(written: string, key: string): boolean {
  const underscored = written.replaceAll('-', '_')
  return written === key || underscored === key || olderKeys.options[underscored] === key
}
