/** From what was typed to what a command with a configuration is called with. */

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type ShortCuts, shortCutOf, whyNoDirectory, withShortCuts } from '../commands/directory-mode.ts'
import type { Invocation } from '../commands/invocation.ts'
import { UsageError } from '../commands/usage-error.ts'
import { findFile } from '../config/find-file.ts'
import { suggest } from '../config/suggest.ts'
import type { ProgramParts } from './call.ts'

/**
 * What a command is to do, given the directory that was typed and the short-cuts.
 *
 * @throws {UsageError} when the directory is none, or a directory and a configuration file are given
 */
export async function invocationOf(
  { call, program }: ProgramParts,
  typed: string | undefined,
  shortCuts: ShortCuts,
): Promise<Invocation> {
  const { argv, configFile, version, words } = call
  const environment = process.env
  const cwd = process.cwd()
  const shortCut = shortCutOf(shortCuts)
  if (typed !== undefined && configFile !== undefined) {
    throw new UsageError(`\`${typed}\` and --config ${configFile}: give a directory, or a configuration file, not both`)
  }
  if (typed === undefined && shortCut !== undefined) {
    const file = await findFile({ configFile, environment, cwd })
    if (file !== undefined) {
      throw new UsageError(
        `${shortCut} is for following a directory, and ${file} is the configuration: name the directory, or say ` +
          'which value you mean, e.g. --pipelines.0.sinks.0.options.port',
      )
    }
  }
  let directory: string | undefined
  if (typed !== undefined || shortCut !== undefined) {
    directory = resolve(cwd, typed ?? '.')
    const why = await whyNoDirectory(directory)
    if (why !== undefined) throw new UsageError(`${why}${typed === undefined ? '' : commandLike(typed, program)}`)
  }
  return { argv: withShortCuts(argv, shortCuts, cwd), configFile, directory, environment, cwd, version, words }
}

/** A directory that is not there may be a command that was misspelled. */
function commandLike(word: string, program: Command): string {
  const name = suggest(
    word,
    program.commands.map((command) => command.name()),
  )
  return name === undefined ? '' : `. Did you mean the command \`${name}\`?`
}
