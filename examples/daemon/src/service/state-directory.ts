/** Where the daemon keeps what it must remember: the XDG base directory specification's state directory. */

import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { LoadedConfig } from '../config/loaded-config.ts'

/** `$XDG_STATE_HOME/logwisp`, or `~/.local/state/logwisp` where that is unset or relative (as the specification says). */
export function defaultStateDirectory(environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_STATE_HOME']
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.local', 'state'), 'logwisp')
}

/**
 * What tells daemons on one machine apart: the configuration's file; without one, the first directory or file that is
 * followed, or else where the daemon was started.
 */
export function identityOf({ file, config }: Pick<LoadedConfig, 'file' | 'config'>): string {
  if (file !== undefined) return resolve(file)
  const followed = config.pipelines
    .flatMap(({ sources }) => sources)
    .find((source) => source.type === 'directory' || source.type === 'file')
  return resolve(followed !== undefined && 'path' in followed.options ? followed.options.path : '.')
}

/** The checkpoint of one pipeline: a name of its own, so that daemons and pipelines stay apart. */
export function checkpointPath(stateDirectory: string, identity: string, pipeline: string): string {
  return join(stateDirectory, `checkpoint-${pipeline}-${hashOf(`${identity}\0${pipeline}`)}.json`)
}

/** The list of the directories that a daemon's buffers have had. */
export function bufferListPath(stateDirectory: string, identity: string): string {
  return join(stateDirectory, `buffers-${hashOf(identity)}.json`)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
