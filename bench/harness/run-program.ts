/** Programs that are no Node: run from a measured process, which is idle meanwhile and watches them. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { patienceMs } from './arrivals.ts'
import { cpuMsOf, listen, peakRssBytes, tell } from './measured.ts'

/** Between two looks at a program. The peak is kept by the system, so only growth after the last look is missed. */
const lookEveryMs = 5

/** A program that runs, or did. */
export interface RunningProgram {
  readonly pid: number
  /** The most memory it had resident when it was last looked at. */
  readonly peakRssBytes: number
  /** Settles when it has ended; rejects unless it ended well, or by our signal. */
  readonly closed: Promise<void>
  stop(): Promise<void>
}

/** Starts a program. Its standard output goes to `output`, a descriptor; its complaints are told when it fails. */
export function runProgram(
  command: string,
  args: readonly string[],
  output: number | 'ignore' = 'ignore',
): RunningProgram {
  const child = spawn(command, args, { stdio: ['ignore', output, 'pipe'] })
  let complaints = ''
  let isStopped = false
  let peak = 0
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const pid = child.pid ?? 0
  const look = (): void => void (peak = Math.max(peak, peakRssBytes(pid)))
  const timer = setInterval(look, lookEveryMs)
  const closed = once(child, 'close').then(([status]) => {
    clearInterval(timer)
    if (status !== 0 && !isStopped) throw new Error(`${command} ended with status ${status}: ${complaints.trim()}`)
  })
  return {
    pid,
    closed,
    get peakRssBytes() {
      return peak
    },
    async stop() {
      isStopped = true
      child.kill()
      await closed
    },
  }
}

/** What is known of a daemon's work. */
export interface DaemonTask {
  /** Where it writes. */
  readonly output: string
  /** How long its output should get; absent when that cannot be said. */
  readonly outputBytes?: number
  readonly quick: boolean
}

/**
 * Runs a daemon until its output is complete, or has not grown for a while and nothing more will be written. Its start is
 * in its time: some 50 ms.
 */
export async function runDaemon(command: string, args: readonly string[], task: DaemonTask): Promise<object> {
  const { output, outputBytes = Infinity, quick } = task
  const startedMs = performance.now()
  const program = runProgram(command, args)
  let isOver = false
  let size = 0
  let lastMs = startedMs
  let isRunning = true
  const ended = program.closed.finally(() => (isRunning = false))
  ended.catch(() => {})
  while (isRunning) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    const now = performance.now()
    const { size: grown } = statSync(output, { throwIfNoEntry: false }) ?? { size: 0 }
    if (grown > size) {
      if (size === 0) {
        tell({ ready: true })
        void listen()
          .next()
          .then(() => (isOver = true))
      }
      size = grown
      lastMs = now
    }
    if (isOver && (size >= outputBytes || now - lastMs >= patienceMs(quick))) break
  }
  if (!isRunning) await ended
  const cpuMs = cpuMsOf(program.pid)
  const { peakRssBytes: peak } = program
  await program.stop()
  return { ms: lastMs - startedMs, cpuMs, peakRssBytes: peak }
}
