/** How the program was called: what every command that needs a configuration is given. */

import type { Readable, Writable } from 'node:stream'

/** What loading takes, and what a later loading takes again. */
export interface Invocation {
  /** The configuration's flags on the command line, by dotted path with underscores. */
  readonly argv: ReadonlyMap<string, string | true>
  /** The file that `--config` names. */
  readonly configFile?: string | undefined
  /** The directory of directory mode. */
  readonly directory?: string | undefined
  readonly environment: NodeJS.ProcessEnv
  readonly cwd: string
  /** The program's own version. */
  readonly version: string
  /** Everything after the program's name, as it was typed. */
  readonly words: readonly string[]
}

/** Where a command reads and writes. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown }
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }
  readonly stderr: Writable & { readonly isTTY?: boolean }
}
