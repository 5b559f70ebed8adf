/** Which words of the command line belong to the configuration. */

import type { Problem } from './loaded-config.ts'

/** By dotted path, dashes as underscores, e.g. `pipelines.0.name`: what the command line gives it; true for a bare flag. */
export type FlagValues = ReadonlyMap<string, string | true>

/** The words of a command line, sorted. */
export interface ReadFlags {
  readonly values: FlagValues
  /** Everything that is not about the configuration, in its order and as it was typed. */
  readonly rest: readonly string[]
  /** The file of `-c` or `--config`. */
  readonly configFile: string | undefined
  readonly problems: readonly Problem[]
}

/**
 * Splits the words after the program's name into what configures and the rest.
 *
 * @param others the program's own flags as typed (`--once`, `-h`) and whether each takes a value; these go to `rest`
 */
export function readFlags(words: readonly string[], others: ReadonlyMap<string, boolean>): ReadFlags {
  void others
  return { values: new Map(), rest: words, configFile: undefined, problems: [] }
}
