/** From files, environment and command line to one checked configuration. */

import { checkWhole } from './check-whole.ts'
import { ConfigError, type LoadedConfig, type Notice, type Problem, type ValueOrigin } from './loaded-config.ts'
import { originAt, originsOf } from './origins.ts'
import { type LoadRequest, readLayers } from './read-layers.ts'
import { resolveSecrets } from './resolve-secrets.ts'
import type { WrittenTable } from './written.ts'

export type { LoadRequest } from './read-layers.ts'

/**
 * Finds the configuration, reads it, and checks the whole of it.
 *
 * For each value by itself, the command line goes before the environment, that before the file, and that before the
 * defaults. Without a file, or without `pipelines` in it, the `*.log` files of a directory are followed.
 *
 * @throws {ConfigError} with everything that is wrong, in the order of the file; a file that cannot be read or is not
 *   valid TOML, JSON or YAML is the only thing that is said then
 */
export async function loadConfig(request: LoadRequest): Promise<LoadedConfig> {
  const { sources, config, problems, notices } = await readLayers(request)
  const { file, tree } = sources
  if (config === undefined) throw failure(problems, tree)
  const origins = originsOf(config, tree)
  const whole = checkWhole(config, origins)
  const secrets = await resolveSecrets(config, request)
  const all = [...problems, ...whole.problems, ...secrets.problems]
  if (all.length > 0) throw failure(all, tree)
  const said = inOrder([...notices, ...whole.notices, ...secrets.notices], tree)
  return { config, file: file?.path, origins, notices: said, sources }
}

/** More than anybody reads; a file that is something else altogether has one for every line. */
const maxProblems = 200

function failure(problems: readonly Problem[], tree: WrittenTable): ConfigError {
  const all = inOrder(problems, tree)
  const rest = all.length - maxProblems
  if (rest <= 0) return new ConfigError(all)
  const more = { path: '', message: `and ${rest} more problems`, origin: undefined }
  return new ConfigError([...all.slice(0, maxProblems), more])
}

/** By their place in the file; then what came from elsewhere, in the order in which it was found. Each once. */
function inOrder<Said extends Problem | Notice>(said: readonly Said[], tree: WrittenTable): readonly Said[] {
  const once = new Map(said.map((each) => [`${each.path}: ${each.message}`, each]))
  return [...once.values()]
    .map((each) => ({ ...each, origin: each.origin ?? originAt(tree, each.path) }))
    .toSorted((left, right) => compareOrigins(left.origin, right.origin))
}

function compareOrigins(left: ValueOrigin | undefined, right: ValueOrigin | undefined): number {
  if (left?.from !== 'file' || right?.from !== 'file') {
    return Number(right?.from === 'file') - Number(left?.from === 'file')
  }
  return left.line - right.line || left.column - right.column
}
