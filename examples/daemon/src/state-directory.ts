/** Where the daemon keeps what it must remember: the XDG base directory specification's state directory. */

import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/** `$XDG_STATE_HOME/logwisp`, or `~/.local/state/logwisp` where that is unset or relative (as the specification says). */
export function defaultStateDirectory(environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_STATE_HOME']
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.local', 'state'), 'logwisp')
}

/** The checkpoint of one watched directory: a name of its own, so that daemons on different directories stay apart. */
export function checkpointPath(stateDirectory: string, watchedDirectory: string): string {
  const name = createHash('sha256').update(resolve(watchedDirectory)).digest('hex').slice(0, 16)
  return join(stateDirectory, `checkpoint-${name}.json`)
}
