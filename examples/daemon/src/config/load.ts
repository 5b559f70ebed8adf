/** From files, environment and command line to one checked configuration. */

import type { FlagValues } from './flags.ts'
import { ConfigError, type LoadedConfig } from './loaded-config.ts'

/** What a configuration is made from. */
export interface LoadRequest {
  /** What the command line says of it, as `readFlags` reads it. */
  readonly argv: FlagValues
  /** The file that the command line names. */
  readonly configFile?: string | undefined
  readonly environment: NodeJS.ProcessEnv
  /** What relative paths count from. */
  readonly cwd: string
  /** The directory to follow when there is no file: `logwisp [directory]`. */
  readonly directory?: string | undefined
}

/**
 * Finds the configuration, reads it, and checks the whole of it.
 *
 * @throws {ConfigError} with everything that is wrong, in the order of the file
 */
export async function loadConfig(_request: LoadRequest): Promise<LoadedConfig> {
  throw new ConfigError([{ path: '', message: 'configurations cannot be read yet', origin: undefined }])
}
