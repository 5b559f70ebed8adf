/** What the parts of the program share while the command line is read. */

import type { Command } from 'commander'
import type { Terminal } from '../commands/invocation.ts'

/** What was read of the command line before commander sees it. */
export interface Call {
  readonly terminal: Terminal
  readonly version: string
  readonly words: readonly string[]
  argv: ReadonlyMap<string, string | true>
  configFile: string | undefined
}

/** What commands are added to. */
export interface ProgramParts {
  readonly program: Command
  readonly call: Call
  /** Says how the command ended. */
  readonly end: (exitCode: number) => void
}
