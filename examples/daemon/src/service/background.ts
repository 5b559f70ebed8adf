/**
 * `--background`: the daemon goes on without the terminal. The program starts itself again in a session of its own, and
 * answers only once that one serves, or says why it does not.
 *
 * The child's standard input and output are /dev/null. Its standard error is a pipe to the parent, so that whatever it
 * says until it serves is seen, Node's own last words too; what its stages write there goes to /dev/null all the same.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { exitCodes } from '../exit-codes.ts'
import { type StopSignal, signalExitCode } from './signals.ts'

/** Says to the child that it is one; it has no prefix of ours, since it configures nothing. */
const marker = '_LOGWISP_IN_BACKGROUND'

/** How long a child may take until it serves. */
const startTimeoutMs = 30_000

/** How long one that is told to end may take. */
const endTimeoutMs = 5000

/** What the child sends. */
interface Serving {
  readonly serving: true
  /** How much it has written to standard error: so much is to be read before the parent leaves. */
  readonly errorBytes: number
}

/** The one who waits for a child of `--background`. */
export interface BackgroundParent {
  /** Where words for whoever started it go. */
  readonly stderr: Writable
  /** Tells the parent, which then ends. */
  serving(): void
}

/** In a child: its parent, once, and its standard streams as they stay. Undefined in a process that is none. */
export function claimBackgroundParent(): BackgroundParent | undefined {
  const isChild = process.env[marker] !== undefined && process.send !== undefined
  delete process.env[marker]
  if (!isChild) return undefined
  const stderr = process.stderr
  // The parent leaves: nobody reads then.
  stderr.on('error', () => {})
  Object.defineProperty(process, 'stderr', { value: createWriteStream('/dev/null'), configurable: true })
  return {
    stderr,
    serving: () => {
      const message: Serving = { serving: true, errorBytes: stderr.bytesWritten ?? 0 }
      // The parent may have been killed.
      process.send?.(message, () => process.disconnect?.())
    },
  }
}

/** Where the parent speaks. */
export interface BackgroundConsole {
  readonly stdout: Writable
  readonly stderr: Writable
}

/** Starts the program again with the same words; resolves with the parent's exit code. */
export async function startInBackground(words: readonly string[], console: BackgroundConsole): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] as string, ...words], {
    // A session of its own: no Ctrl-C of the terminal, and no hang-up when it is closed.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, [marker]: '1' },
  })
  let errorBytes = 0
  child.stderr?.on('data', (chunk: Buffer) => {
    errorBytes += chunk.length
    console.stderr.write(chunk)
  })
  const outcome = await firstOf(child)
  switch (outcome.kind) {
    case 'serving':
      await until(child, () => errorBytes >= outcome.errorBytes)
      child.stderr?.destroy()
      child.unref()
      console.stdout.write(`Started LogWisp in background (PID: ${child.pid})\n`)
      return exitCodes.ok
    case 'ended':
      if (outcome.signal === null) return outcome.code ?? exitCodes.failed
      console.stderr.write(`logwisp: ${outcome.signal} ended it before it served\n`)
      return exitCodes.failed
    case 'failed':
      console.stderr.write(`logwisp: cannot start a process (${outcome.error.message})\n`)
      return exitCodes.failed
    case 'late':
      console.stderr.write(`logwisp: it did not serve within ${startTimeoutMs / 1000} s, and is stopped\n`)
      await end(child)
      return exitCodes.failed
    case 'signal':
      await end(child)
      return signalExitCode(outcome.signal)
  }
}

type Outcome =
  | { readonly kind: 'serving'; readonly errorBytes: number }
  | { readonly kind: 'ended'; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'late' }
  | { readonly kind: 'signal'; readonly signal: StopSignal }

function firstOf(child: ChildProcess): Promise<Outcome> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle({ kind: 'late' }), startTimeoutMs)
    const onSignal = (signal: NodeJS.Signals): void => settle({ kind: 'signal', signal: signal as StopSignal })
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal)
      resolve(outcome)
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
    child.once('error', (error) => settle({ kind: 'failed', error }))
    child.once('message', ({ errorBytes }: Serving) => settle({ kind: 'serving', errorBytes }))
    // Not 'exit': by 'close' all that it said was read.
    child.once('close', (code, signal) => settle({ kind: 'ended', code, signal }))
  })
}

/** Waits for the child's words to arrive; not for ever, since something else may have written there too. */
function until(child: ChildProcess, isDone: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(settle, 1000)
    function settle(): void {
      clearTimeout(timer)
      child.stderr?.off('data', look)
      resolve()
    }
    function look(): void {
      if (isDone()) settle()
    }
    child.stderr?.on('data', look)
    look()
  })
}

/** Ends a child that is not to go on. */
async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs)
  await ended
  clearTimeout(timer)
}
