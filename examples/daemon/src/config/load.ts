/** From files, environment and command line to one checked configuration. */

import { checkWhole } from './check-whole.ts'
import { configFailure, inOrder, notToldYet } from './config-failure.ts'
import type { LoadedConfig, Problem } from './loaded-config.ts'
import { originsOf } from './origins.ts'
import { type LoadRequest, readLayers } from './read-layers.ts'
import { resolveSecrets } from './resolve-secrets.ts'
import type { Config } from './schema.ts'

export type { LoadRequest } from './read-layers.ts'

/** Looks for problems that only somebody else can see. */
export type FurtherCheck = (config: Config) => Promise<readonly Problem[]>

/**
 * Finds the configuration, reads it, and checks the whole of it.
 *
 * For each value by itself, the command line goes before the environment, that before the file, and that before the
 * defaults. Without a file, or without `pipelines` in it, the `*.log` files of a directory are followed.
 *
 * @param alsoCheck looks at it besides, with its secrets read as far as they could be; what it finds at a place that is
 *   known to be wrong is not said
 * @throws {ConfigError} with everything that is wrong, in the order of the file; a file that cannot be read or is not
 *   valid TOML, JSON or YAML is the only thing that is said then
 */
export async function loadConfig(
  request: LoadRequest,
  alsoCheck: FurtherCheck = async () => [],
): Promise<LoadedConfig> {
  const readAt = Date.now()
  const { sources, config, soundPart, problems, notices } = await readLayers(request)
  const { file, tree } = sources
  const looked = config ?? soundPart
  if (looked === undefined) throw configFailure(problems, tree)
  const origins = originsOf(looked, tree)
  const whole = checkWhole(looked, origins)
  const secrets = await resolveSecrets(looked, request)
  const all = [...problems, ...whole.problems, ...secrets.problems]
  all.push(...notToldYet(await alsoCheck(looked), all))
  if (config === undefined || all.length > 0) throw configFailure(all, tree)
  const said = inOrder([...notices, ...whole.notices, ...secrets.notices], tree)
  return { config, file: file?.path, origins, notices: said, namedFiles: secrets.namedFiles, sources, readAt }
}
