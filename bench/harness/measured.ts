/**
 * The inside of a measured process. It is told its task as JSON in its first argument, and answers with lines of JSON on
 * file descriptor 3, since what is measured may itself write to the standard streams.
 */

import { readFileSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** What a measured process tells of itself. */
export interface Measurement {
  /** From the start of the work to its end; neither Node's start nor that of the modules is in it. */
  readonly ms: number
  /** Processor time, user and system, of all threads, and of child processes that have ended. */
  readonly cpuMs: number
  /** The most memory the process ever had resident, Node's own 40 to 50 MB included. */
  readonly peakRssBytes: number
}

const channel = 3
/** Linux counts processor time in ticks of this length, wherever it shows it in /proc. */
const tickMs = 10

/** What this process was started to do. */
export function task<Task>(): Task {
  return JSON.parse(process.argv[2] as string) as Task
}

/** Tells the process that started this one. */
export function tell(message: object): void {
  writeSync(channel, `${JSON.stringify(message)}\n`)
}

/** The words that the process that started this one says, one at a time. The process lives until its input ends. */
export function listen(): AsyncIterator<string> {
  return createInterface({ input: process.stdin })[Symbol.asyncIterator]()
}

/**
 * Does the work, and tells how long it took and what it needed. An object that `run` returns is told too, and wins: one that has
 * to wait for the silence after the last line knows better when its work was done.
 */
export async function measured<Task>(run: (task: Task) => Promise<unknown>): Promise<void> {
  const cpuBefore = process.cpuUsage()
  const childrenBefore = cpuMsOfChildren()
  const startedMs = performance.now()
  const more = await run(task())
  const ms = performance.now() - startedMs
  const { user, system } = process.cpuUsage(cpuBefore)
  const cpuMs = (user + system) / 1000 + cpuMsOfChildren() - childrenBefore
  tell({ ms, cpuMs, peakRssBytes: peakRssBytes(), ...(more as object | undefined) })
}

/**
 * The peak of a process's resident memory, in bytes; 0 when it is gone.
 *
 * `resourceUsage().maxRSS` starts from what the process that forked this one had resident; Linux's `VmHWM` starts anew
 * with the program.
 */
export function peakRssBytes(pid: number | 'self' = 'self'): number {
  try {
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    if (found !== null) return Number(found[1]) * 1024
  } catch {
    // No /proc, or no such process any more.
  }
  return pid === 'self' ? process.resourceUsage().maxRSS * 1024 : 0
}

/** Processor time of a process itself, in ms; 0 when it is gone or the system cannot tell. */
export function cpuMsOf(pid: number): number {
  return ticks(String(pid), 11)
}

/** Processor time of the child processes that have ended and were waited for, in ms. */
function cpuMsOfChildren(): number {
  return ticks('self', 13)
}

/** Two neighbouring counts of /proc/…/stat, user and system, counted behind the command's name, which may have spaces. */
function ticks(pid: string, place: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[place]) + Number(fields[place + 1])) * tickMs
  } catch {
    return 0
  }
}
