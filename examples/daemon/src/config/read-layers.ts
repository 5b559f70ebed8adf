/** Lays file, environment and command line over each other, and checks the result against the schema. */

import type { Assignment } from './assignment.ts'
import { checkWritten } from './check-written.ts'
import { configShape } from './config-shape.ts'
import { defaultPipelines } from './default-config.ts'
import { readEnvironment } from './environment.ts'
import { findFile } from './find-file.ts'
import { type FlagValues, flagFor, keysOf } from './flags.ts'
import type { ConfigSources, Notice, Problem } from './loaded-config.ts'
import { aimConsoles, merge } from './merge.ts'
import { modernise } from './older-spelling.ts'
import { parseFile } from './parse-file.ts'
import { readFile } from './read-file.ts'
import type { Config } from './schema.ts'
import { parseConfig } from './schema-problems.ts'
import { soundPartOf } from './sound-part.ts'
import type { WrittenTable } from './written.ts'

/** What a configuration is made from. */
export interface LoadRequest {
  /** What the command line says of it, as `readFlags` reads it. */
  readonly argv: FlagValues
  /** The file that the command line names. */
  readonly configFile?: string | undefined
  readonly environment: NodeJS.ProcessEnv
  /** What relative paths count from. */
  readonly cwd: string
  /** The directory to follow: `logwisp [directory]`. No file is looked for then. */
  readonly directory?: string | undefined
}

/** The layers as one. */
export interface Layers {
  readonly sources: ConfigSources
  /** Undefined when the schema does not allow it; then there are problems. */
  readonly config: Config | undefined
  /** When it does not: what can be looked at all the same, see {@link soundPartOf}. */
  readonly soundPart: Config | undefined
  /** In no order, and some without their origin. */
  readonly problems: readonly Problem[]
  readonly notices: readonly Notice[]
}

/**
 * For each value by itself, the command line goes before the environment, that before the file, and that before the
 * defaults. Without `pipelines` in a file, the `*.log` files of a directory are followed.
 *
 * @throws {ConfigError} when the file is not there, cannot be read, or is not valid TOML, JSON or YAML
 */
export async function readLayers(request: LoadRequest): Promise<Layers> {
  const { environment, cwd, directory } = request
  const path = directory === undefined ? await findFile(request) : undefined
  const file = path === undefined ? undefined : await readFile(path, cwd)
  const parsedFile = file === undefined ? undefined : await parseFile({ text: file.text, file: file.shown })
  const problems: Problem[] = []
  const notices: Notice[] = []
  const tree = modern(parsedFile?.tree ?? emptyTree(), problems, notices)
  if (!tree.entries.has('pipelines')) {
    const node = defaultPipelines(directory ?? './')
    tree.entries.set('pipelines', { keyOrigin: node.origin, node })
  }
  const fromEnvironment = readEnvironment(environment)
  const misplaced = merge(tree, [...fromEnvironment.assignments, ...flagsOf(request.argv)])
  aimConsoles(tree, fromEnvironment.consoleTarget)
  const merged = modern(tree, problems, notices)

  const { plain, problems: strangers } = checkWritten(merged, configShape)
  const parsed = parseConfig(plain)
  const refused = 'problems' in parsed ? parsed.problems : []
  const config = 'config' in parsed ? parsed.config : undefined
  return {
    sources: { file, language: parsedFile?.language, tree: merged },
    config,
    soundPart: config === undefined ? soundPartOf(plain, refused) : undefined,
    problems: [
      ...problems,
      ...fromEnvironment.problems,
      ...misplaced,
      ...strangers,
      ...refused.map(({ path: place, message }) => ({ path: place, message, origin: undefined })),
    ],
    notices,
  }
}

function emptyTree(): WrittenTable {
  return { kind: 'table', entries: new Map(), origin: { from: 'default' } }
}

function modern(tree: WrittenTable, problems: Problem[], notices: Notice[]): WrittenTable {
  const modernised = modernise(tree)
  // One by one: a file of 10 MB can have more of them than a call has room for arguments.
  for (const problem of modernised.problems) problems.push(problem)
  for (const notice of modernised.notices) notices.push(notice)
  return modernised.tree
}

function flagsOf(argv: FlagValues): readonly Assignment[] {
  return [...argv].map(([path, value]) => ({
    paths: [keysOf(path)],
    text: value === true ? 'true' : value,
    origin: { from: 'command-line', flag: flagFor(path) },
  }))
}
