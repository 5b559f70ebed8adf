/** The file with the number of the daemon's process, for those who send signals to it. */

import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { lockFile } from '@logwisp/core'
import { StartError } from './start-error.ts'

/** How exactly `/proc/stat` says when the system started, twice over. Unit: ms. */
const bootTimePrecisionMs = 2000

/** Clock ticks of `/proc/<pid>/stat` per second: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** A file that is there. */
export interface PidFile {
  /** Removes it, if it is still ours; at once, so that it can be the last thing that a process does. */
  remove(): void
}

/**
 * Writes it. One that was left behind is replaced: its process is gone, or is another one that has got the same number,
 * which shows by its having started after the file was written.
 *
 * @throws StartError when it names a process that runs, when it is no such file, or cannot be written
 */
export async function writePidFile(path: string): Promise<PidFile> {
  const lockPath = join(dirname(path), `.${basename(path)}.lock`)
  try {
    const lock = await lockFile(lockPath, (pid) => `the PID file ${path} is being written by process ${pid ?? '?'}`)
    try {
      await refuseIfTaken(path)
      // Whole or not at all, for those who read it meanwhile; and through no link that somebody put in its way.
      const next = `${path}.${randomUUID()}`
      await writeFile(next, `${process.pid}\n`, { mode: 0o644, flag: 'wx' })
      await rename(next, path)
    } finally {
      await lock.release()
    }
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(
      `cannot write the PID file ${path} (${(error as Error).message}): give another in pid_file, or make its directory`,
    )
  }
  return {
    remove: () => {
      if (pidIn(path) === process.pid) rmSync(path, { force: true })
    },
  }
}

async function refuseIfTaken(path: string): Promise<void> {
  const pid = pidIn(path)
  if (pid === undefined || pid === process.pid) return
  if (Number.isNaN(pid)) throw new StartError(`${path} is no PID file: give another in pid_file, or remove it`)
  if (!isAlive(pid)) return
  const startedAt = await startOf(pid)
  const { mtimeMs } = await stat(path)
  if (startedAt === 'ended' || (startedAt !== undefined && startedAt > mtimeMs + bootTimePrecisionMs)) return
  throw new StartError(`${path} names process ${pid}, which runs: stop it first, or give another file in pid_file`)
}

/** The number in the file; undefined when there is none, NaN when it is something else. */
function pidIn(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'latin1').trim()
    return text === '' ? undefined : /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/**
 * When a process started, in ms since the epoch; undefined where /proc does not tell. `'ended'`: its parent has not asked
 * for it yet, and in a container without an init never will.
 */
async function startOf(pid: number): Promise<number | 'ended' | undefined> {
  try {
    const [own, system] = await Promise.all([readFile(`/proc/${pid}/stat`, 'latin1'), readFile('/proc/stat', 'latin1')])
    // The program's name, in parentheses, may itself hold blanks and parentheses; the start time is the 20th after it.
    const fields = own.slice(own.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return 'ended'
    const ticks = Number(fields[19])
    const bootSeconds = Number(/^btime (\d+)$/m.exec(system)?.[1])
    const startedAt = bootSeconds * 1000 + (ticks * 1000) / ticksPerSecond
    return Number.isNaN(startedAt) ? undefined : startedAt
  } catch {
    return undefined
  }
}
