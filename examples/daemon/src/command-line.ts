/** What the words on the command line mean. */

import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { defaultStateDirectory } from './state-directory.ts'

/** What the daemon is to do. */
export interface Settings {
  /** The directory whose files are followed; absolute. */
  readonly directory: string
  /** Which of its files, as a glob. */
  readonly pattern: string
  /** The address to listen on. */
  readonly host: string
  /** The port to listen on; 0 for any free one. */
  readonly port: number
  /** Where positions are kept between runs. */
  readonly stateDirectory: string
  /** Whether files that were never followed before are read from their beginning, not from their end. */
  readonly fromBeginning: boolean
  /** Where to copy the lines to as well, if anywhere; absolute. */
  readonly output: string | undefined
}

function port(value: string): number {
  const parsed = Number(value)
  if (!/^\d+$/.test(value) || parsed > 65535) throw new InvalidArgumentError('A port is a number from 0 to 65535.')
  return parsed
}

const examples = `
Examples:
  logwisp                          follow ./*.log, page at http://127.0.0.1:8080/
  logwisp /var/log --pattern '*'   follow every file in /var/log
  logwisp --host 0.0.0.0           let other machines see it: anybody who reaches the port can read the lines

Exit codes:
  0  stopped by SIGINT or SIGTERM, everything read was delivered
  1  it could not start, or failed
  2  the command line is wrong`

/** The program's parser; makes `--help` and `--version` too. Throws a CommanderError where it would exit. */
export function commandLine(version: string, environment: NodeJS.ProcessEnv): Command {
  return new Command('logwisp')
    .description('Follows log files and shows their lines live in a browser.')
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .argument('[directory]', 'where the files are', '.')
    .option('-p, --port <number>', 'port to listen on; 0 for any free one', port, 8080)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--pattern <glob>', 'which files to follow', '*.log')
    .option('--from-beginning', 'read files that were never followed before from their beginning', false)
    .option('--output <directory>', 'also copy the lines into <directory>/logwisp.log, rotated')
    .addOption(
      new Option('--state-dir <directory>', 'where positions are kept between runs')
        .env('LOGWISP_STATE_DIR')
        .default(defaultStateDirectory(environment)),
    )
    .addHelpText('after', examples)
    .showHelpAfterError('(logwisp --help lists what there is)')
    .allowExcessArguments(false)
    .exitOverride()
}

/** Reads the words after the program's name. */
export function parseCommandLine(words: readonly string[], version: string, environment: NodeJS.ProcessEnv): Settings {
  const command = commandLine(version, environment).parse([...words], { from: 'user' })
  const flags = command.opts<{
    port: number
    host: string
    pattern: string
    fromBeginning: boolean
    output?: string
    stateDir: string
  }>()
  return {
    directory: resolve(command.args[0] ?? '.'),
    pattern: flags.pattern,
    host: flags.host,
    port: flags.port,
    stateDirectory: resolve(flags.stateDir),
    fromBeginning: flags.fromBeginning,
    output: flags.output === undefined ? undefined : resolve(flags.output),
  }
}
