/** Writes the sample log at a given rate, with bursts, and rotates it by renaming as logrotate does. */

import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { sampleLines } from './sample-lines.ts'

/** How the log is to be written. */
export interface LogGeneratorOptions {
  /** The file is `<name>.log`, and once rotated `<name>.log.1`, `.2`, … @default 'shop' */
  readonly name?: string | undefined
  /** Entries a second between bursts. @default 8 */
  readonly entriesPerSecond?: number | undefined
  /** How often a burst comes. Infinity: never. @default 15000 */
  readonly burstEveryMs?: number | undefined
  /** Entries in a burst. @default 120 */
  readonly burstEntries?: number | undefined
  /** The file is rotated when it has this many bytes. @default 1000000 */
  readonly maxFileBytes?: number | undefined
  /** Rotated files that are kept. @default 3 */
  readonly keepFiles?: number | undefined
  /** Stops after this many entries. @default Infinity */
  readonly maxEntries?: number | undefined
  /** Same seed, same lines. @default 1 */
  readonly seed?: number | undefined
  /** Stops when aborted. */
  readonly signal?: AbortSignal | undefined
}

/** How often due lines are written: often enough to look continuous. */
const tickMs = 50

/** Entries written at once at most, so that an unlimited rate holds no more than these in memory. */
const maxEntriesPerWrite = 100

/**
 * Writes lines into `<directory>/<name>.log` until it is aborted or has written enough. The directory is made when
 * it is missing; an existing file is appended to.
 *
 * @returns how many lines were written; an entry with a stack trace is several.
 */
export async function generateLog(directory: string, options: LogGeneratorOptions = {}): Promise<{ lines: number }> {
  const {
    name = 'shop',
    entriesPerSecond = 8,
    burstEveryMs = 15_000,
    burstEntries = 120,
    maxFileBytes = 1_000_000,
    keepFiles = 3,
    maxEntries = Infinity,
    seed = 1,
    signal,
  } = options
  const path = join(directory, `${name}.log`)
  const next = sampleLines(seed)
  const started = Date.now()
  let entries = 0
  let lines = 0

  await mkdir(directory, { recursive: true })
  let file = await open(path, 'a')
  let bytes = (await file.stat()).size
  try {
    while (entries < maxEntries && !signal?.aborted) {
      const elapsedMs = Date.now() - started
      const bursts = Math.floor(elapsedMs / burstEveryMs)
      const steady = entriesPerSecond === Infinity ? Infinity : (elapsedMs / 1000) * entriesPerSecond
      const due = Math.min(1 + steady + bursts * burstEntries, maxEntries)
      const count = Math.min(Math.floor(due - entries), maxEntriesPerWrite)
      if (count > 0) {
        const written = Array.from({ length: count }, () => next(new Date())).flat()
        const text = Buffer.from(`${written.join('\n')}\n`)
        await file.appendFile(text)
        entries += count
        lines += written.length
        bytes += text.length
        if (bytes >= maxFileBytes) {
          file = await rotate(file, path, keepFiles)
          bytes = 0
        }
      }
      if (due - entries < 1) await wait(tickMs, undefined, { signal }).catch(() => {})
    }
  } finally {
    await file.close()
  }
  return { lines }
}

/** `x.log` becomes `x.log.1`, that becomes `x.log.2`, and so on; what is over the number to keep goes. */
async function rotate(file: FileHandle, path: string, keepFiles: number): Promise<FileHandle> {
  await file.close()
  await rm(`${path}.${keepFiles}`, { force: true })
  for (let i = keepFiles - 1; i >= 1; i--) {
    if (await exists(`${path}.${i}`)) await rename(`${path}.${i}`, `${path}.${i + 1}`)
  }
  if (keepFiles > 0) await rename(path, `${path}.1`)
  else await rm(path)
  return open(path, 'a')
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
