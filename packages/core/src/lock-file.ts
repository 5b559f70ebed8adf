/**
 * A lock file: at most one holds it, of all threads and processes, and the next one learns whether the last one crashed.
 *
 * Node has no lock that the system takes back by itself, so the lock file says who made it, and one whose maker is
 * gone is taken over. Gone is: no such process, another process that has got the same id (told by its start time,
 * where /proc has it; in a container every run is process 1), or one of another machine (a container that was moved
 * to another host must start by itself; two hosts that share a directory over a network are not kept apart).
 */

import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { LogwispError } from './errors.ts'
import { isAbsent } from './internal/file-system.ts'

interface Maker {
  readonly pid: number
  readonly startTime: string | undefined
  readonly thread: number
  readonly host: string
  readonly token: string
}

/** A lock that is held. */
export interface FileLock {
  /** Whether somebody who did not let go of it, since it crashed, held it before. */
  readonly isTakenOver: boolean
  /** Lets go of it, and removes its file; a second time does nothing. */
  release(): Promise<void>
  /** Lets go of it as a crash does, leaving its file: what it stood for is not in order, and the next one is to know. */
  abandon(): void
}

/** A lock file that says nothing is being written this moment, or its maker crashed then; after this time, the latter. */
const writingTakesMs = 2_000

/** How often to look whether it is written. */
const writingLookMs = 20

/** How long to wait while another takes over: a few calls to the file system. */
const takeOverTakesMs = 5

/** The locks that this thread holds; in the global registry since this package may be loaded twice (ESM and CJS). */
const registry: unique symbol = Symbol.for('@logwisp/file-locks/1') as never
const held: Set<string> = ((globalThis as { [registry]?: Set<string> })[registry] ??= new Set())

/**
 * Makes a file that stands for having something to oneself, such as a file to write to or a directory. Its directory
 * must exist. It is removed by {@link FileLock.release}; what a crash leaves is taken over by the next one.
 *
 * One that another process is writing this moment is waited for; when nothing comes of it within two seconds, a crash
 * left it.
 *
 * @param describe the error's words: who has it (a process's number), what to do.
 * @throws LogwispError `FILE_IN_USE` when somebody has it; the system's errors when the file cannot be made.
 *
 * @example
 * ```ts
 * import { lockFile } from '@logwisp/core'
 *
 * const lock = await lockFile('./.spool.lock', (pid) => `./spool is used by process ${pid}: stop that one first`)
 * await lock.release()
 * ```
 */
export async function lockFile(path: string, describe: (pid: number) => string): Promise<FileLock> {
  const token = randomUUID()
  const startTime = await startTimeOf(process.pid)
  const maker: Maker = { pid: process.pid, startTime, thread: threadId, host: hostname(), token }
  const [lock, next] = [new Writing(path), new Writing(`${path}.next`)]
  let isTakenOver = false
  while (!(isTakenOver || (await make(path, maker)))) {
    const text = await readLock(path)
    if (text === undefined) continue
    const owner = parse(text)
    if (owner === undefined && (await lock.isUnderWay())) {
      // To give up here would fail a program that is started again right after it was killed while it wrote this.
      await setTimeout(writingLookMs)
      continue
    }
    if (owner !== undefined && (await isHeld(owner, maker))) throw new LogwispError('FILE_IN_USE', describe(owner.pid))
    isTakenOver = await takeOver(path, text, maker, next)
  }
  held.add(token)
  const own = await fileAt(path)
  return {
    isTakenOver,
    release: async () => {
      if (!held.delete(token)) return
      // Somebody may have taken it over, or away by hand, meanwhile: only our own is removed. It is not read for that:
      // where no descriptor is left, it would stay, and keep others away for as long as this process lives.
      if (own !== undefined && (await fileAt(path))?.identity === own.identity) await rm(path, { force: true })
    },
    abandon: () => void held.delete(token),
  }
}

/** False when there is one already. */
async function make(path: string, maker: Maker): Promise<boolean> {
  try {
    await writeFile(path, `${JSON.stringify(maker)}\n`, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    // Made but not written, e.g. on a full disk.
    if ((error as NodeJS.ErrnoException).syscall === 'write') await rm(path, { force: true })
    throw error
  }
}

/** Puts an own lock in the place of one that nobody holds; false when somebody else is at it, or was. */
async function takeOver(path: string, text: string, maker: Maker, writing: Writing): Promise<boolean> {
  // Of those who find the same old lock only the one who can make this file may replace it. The file is its lock
  // already, so that one rename both replaces the old lock and opens the way for others.
  const next = writing.path
  if (!(await make(next, maker))) {
    if (await writing.isUnderWay()) await setTimeout(takeOverTakesMs)
    else await rm(next, { force: true })
    return false
  }
  if ((await readLock(path)) === text) {
    await rename(next, path)
    return true
  }
  await rm(next, { force: true })
  return false
}

async function isHeld(owner: Maker, self: Maker): Promise<boolean> {
  if (owner.host !== self.host) return false
  if (owner.pid !== self.pid) return isAlive(owner.pid, owner.startTime)
  if (owner.startTime !== self.startTime) return false
  return owner.thread === self.thread ? held.has(owner.token) : self.startTime !== undefined
}

async function isAlive(pid: number, startTime: string | undefined): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const found = await processStat(pid)
  if (found === undefined) return startTime === undefined
  return !found.hasEnded && (startTime === undefined || found.startTime === startTime)
}

/** A file that another process may be writing this moment, or that a crash left. */
class Writing {
  readonly path: string
  #seen: { readonly identity: string; readonly sinceMs: number } | undefined

  constructor(path: string) {
    this.path = path
  }

  /**
   * Whether it may still come to something. What is old by the clock is not; what is young is watched for as long: where the
   * clock was set back, a crash's file stays young for hours.
   */
  async isUnderWay(): Promise<boolean> {
    const found = await fileAt(this.path)
    if (found === undefined || Date.now() - found.modifiedMs >= writingTakesMs) return false
    const now = performance.now()
    if (this.#seen?.identity !== found.identity) this.#seen = { identity: found.identity, sinceMs: now }
    return now - this.#seen.sinceMs < writingTakesMs
  }
}

/** When a process started, in clock ticks since the system did; undefined where /proc does not tell. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  return (await processStat(pid))?.startTime
}

/** `hasEnded`: its parent has not asked for it yet, and in a container without an init never will. */
async function processStat(pid: number): Promise<{ startTime: string | undefined; hasEnded: boolean } | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'latin1')
    // The program's name, in parentheses, may itself hold blanks and parentheses; the start time is the 20th after it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { startTime: fields[19], hasEnded: fields[0] === 'Z' || fields[0] === 'X' }
  } catch {
    return undefined
  }
}

/** Which file stands there, and when it was written; undefined when there is none. */
async function fileAt(path: string): Promise<{ readonly identity: string; readonly modifiedMs: number } | undefined> {
  try {
    const { dev, ino, mtimeNs, mtimeMs } = await stat(path, { bigint: true })
    return { identity: `${dev} ${ino} ${mtimeNs}`, modifiedMs: Number(mtimeMs) }
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

async function readLock(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

function parse(text: string): Maker | undefined {
  try {
    const maker = JSON.parse(text)
    return Number.isInteger(maker?.pid) && maker.pid > 0 ? maker : undefined
  } catch {
    return undefined
  }
}
