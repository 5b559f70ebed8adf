/** One value that the environment or the command line gives to one place. */

import type { ValueOrigin } from './loaded-config.ts'

/** A text for a place; what it means depends on the place. */
export interface Assignment {
  /**
   * The place, from the outermost key inwards. Several when a name can be read in several ways, the likeliest first:
   * which one it is, is known once the types of the stages are.
   */
  readonly paths: readonly (readonly string[])[]
  readonly text: string
  readonly origin: Exclude<ValueOrigin, { from: 'file' | 'default' }>
}
