/** Keeps two daemons from the same positions: each would save its own over the other's. */

import { createHash } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type FileLock, LogwispError, lockFile } from '@logwisp/core'
import { StartError } from './start-error.ts'

/**
 * Has to itself what belongs to an identity (see `identityOf`) in a state directory, which is made if need be. A lock
 * that a crash left is taken over.
 *
 * @throws StartError when another daemon has it, with the number of its process, or when it cannot be made
 */
export async function lockInstance(stateDirectory: string, identity: string): Promise<FileLock> {
  const name = createHash('sha256').update(identity).digest('hex').slice(0, 16)
  const path = join(stateDirectory, `.daemon-${name}.lock`)
  try {
    // What is followed, and how far, is nobody else's business.
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
    await refuseIfOpenToAll(stateDirectory)
    return await lockFile(path, (pid) => {
      const who = pid === undefined ? 'another daemon that is starting' : `process ${pid}`
      const advice = 'stop it first, or give this one another state_directory'
      return `${identity} runs already, as ${who}: ${advice} (the lock is ${path})`
    })
  } catch (error) {
    if (error instanceof StartError) throw error
    if (error instanceof LogwispError) throw new StartError(error.message)
    const advice = 'give another in state_directory (--state-dir, LOGWISP_STATE_DIR), or make it writable'
    throw new StartError(`cannot use the state directory ${stateDirectory} (${(error as Error).message}): ${advice}`)
  }
}

/** Whoever may write there could have the daemon read files again, or not at all. */
async function refuseIfOpenToAll(stateDirectory: string): Promise<void> {
  const { mode } = await stat(stateDirectory)
  if (process.geteuid === undefined || (mode & 0o002) === 0) return
  throw new StartError(
    `everybody may write to the state directory ${stateDirectory}: chmod 700 ${stateDirectory}, or give another in state_directory`,
  )
}
