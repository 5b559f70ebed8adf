/**
 * The writer: appends lines at an even pace and rotates the file in between, as a logger and logrotate together do.
 * It never writes while it rotates, so a line that gets lost is lost by its reader.
 */

import { closeSync, copyFileSync, existsSync, openSync, renameSync, truncateSync, writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { stamp } from '../harness/arrivals.ts'
import { logLines } from '../harness/log-text.ts'
import { measured } from '../harness/measured.ts'

interface Task {
  readonly path: string
  /** The number of the first line; those before it are there already. */
  readonly first: number
  readonly lines: number
  readonly linesPerTick: number
  readonly tickMs: number
  readonly rotate?: 'rename' | 'copytruncate'
  readonly linesPerFile?: number
}

await measured(async ({ path, first, lines, linesPerTick, tickMs, rotate, linesPerFile = Infinity }: Task) => {
  const next = logLines(first)
  let file = openSync(path, 'a')
  let inFile = first
  const startedMs = performance.now()
  for (let number = first; number < lines; ) {
    if (inFile >= linesPerFile) {
      closeSync(file)
      if (rotate === 'rename') renameSync(path, makeRoom(path))
      else {
        copyFileSync(path, makeRoom(path))
        truncateSync(path)
      }
      file = openSync(path, 'a')
      inFile = 0
    }
    const end = Math.min(number + linesPerTick, lines)
    let text = ''
    for (; number < end; number++, inFile++) text += `${next()}${stamp(number)}\n`
    writeSync(file, text)
    const dueMs = startedMs + ((number - first) / linesPerTick) * tickMs
    await wait(Math.max(0, dueMs - performance.now()))
  }
  closeSync(file)
})

/** Moves `.1` to `.2` and so on, all of them kept; returns the name that is free now. */
function makeRoom(path: string): string {
  let last = 1
  while (existsSync(`${path}.${last}`)) last++
  for (let number = last; number > 1; number--) renameSync(`${path}.${number - 1}`, `${path}.${number}`)
  return `${path}.1`
}
