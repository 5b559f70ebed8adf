/** `logwisp`, from its words to its exit code. */

import { CommanderError } from 'commander'
import { NoStatus } from './commands/daemon-status.ts'
import type { Terminal } from './commands/invocation.ts'
import { ownVersion } from './commands/own-version.ts'
import { Interrupted } from './commands/terminal/ask-secret.ts'
import { print } from './commands/terminal/print.ts'
import { UsageError } from './commands/usage-error.ts'
import { ConfigError, problemText } from './config/loaded-config.ts'
import { exitCodes } from './exit-codes.ts'
import type { Call } from './program/call.ts'
import { createProgram } from './program/create-program.ts'
import { flagsOf } from './program/flags-of.ts'
import { commandOf, helpOf } from './program/help.ts'
import { StartError } from './service/start-error.ts'

/** These take no configuration: their flags are theirs alone. */
const withoutConfiguration: ReadonlySet<string> = new Set([
  'schema',
  'tap',
  'hash-password',
  'token',
  'cert',
  'completion',
  'help',
])

/**
 * Runs the program with the words after its name. Resolves with its exit code; has said what there was to say.
 *
 * `--help` anywhere prints help and `--version` the version, at once, whatever else is there.
 */
export async function main(words: readonly string[], terminal: Terminal = process): Promise<number> {
  const version = await ownVersion()
  const complain = (text: string): Promise<void> => print(terminal.stderr, `logwisp: ${text}\n`)
  let exitCode: number = exitCodes.ok
  const call: Call = { terminal, version, words, argv: new Map(), configFile: undefined }
  const program = createProgram(call, (code) => {
    exitCode = code
  })
  try {
    const asked = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined)
    const first = asked.find((word) => ['-h', '--help', '-v', '--version'].includes(word))
    if (first === '-v' || first === '--version') {
      await print(terminal.stdout, `${version}\n`)
      return exitCode
    }
    if (first !== undefined) {
      await print(terminal.stdout, helpOf(commandOf(program, asked)))
      return exitCode
    }
    let rest = words
    if (!withoutConfiguration.has(words[0] ?? '')) {
      // It knows every key of the configuration, which takes a while to learn.
      const { readFlags } = await import('./config/flags.ts')
      const flags = readFlags(words, flagsOf(program))
      if (flags.problems.length > 0) throw new ConfigError(flags.problems)
      rest = flags.rest
      call.argv = flags.values
      call.configFile = flags.configFile
    }
    await program.parseAsync([...rest], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has printed what is wrong.
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    }
    if (error instanceof ConfigError) {
      for (const problem of error.problems) await complain(problemText(problem))
      return exitCodes.usage
    }
    const known = error instanceof UsageError
    if (error instanceof Interrupted) return 130
    await complain(known || isExpected(error) ? (error as Error).message : String((error as Error).stack ?? error))
    if (known) await complain('--help lists what there is')
    return known ? exitCodes.usage : exitCodes.failed
  }
}

/** Whether an error is about the outside and says all there is: no stack trace is wanted. */
function isExpected(error: unknown): boolean {
  if (error instanceof StartError || error instanceof NoStatus) return true
  return typeof (error as { code?: unknown } | undefined)?.code === 'string'
}
