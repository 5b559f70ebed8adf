/** One clause of a contract, and how long a stage may take to keep it. */

import { AssertionError } from 'node:assert'
import { setTimeout } from 'node:timers/promises'

/** One clause of a stage's contract. */
export interface ContractCheck {
  /** What the stage must do, as a sentence: a name for the test that runs it. */
  readonly name: string
  /** Tries it on a fresh stage. Rejects with an `AssertionError` that says what the stage did instead. */
  run(): Promise<void>
}

/** What all contracts can be told. */
export interface ContractOptions {
  /**
   * How long anything may take that a stage must do by itself (end, close, take a chunk), in ms. Real time: with faked
   * timers too.
   * @default 5_000
   */
  readonly timeoutMs?: number | undefined
  /**
   * Chooses the random cuts of the input; the same seed cuts the same.
   * @default 1
   */
  readonly seed?: number | undefined
}

/** The contracts' defaults. */
export const contractDefaults = { timeoutMs: 5_000, seed: 1 } as const satisfies ContractOptions

/** Waits for `promise` for at most so long; `what` ends the sentence "the stage did not …". */
export async function within<T>(timeoutMs: number, what: string | (() => string), promise: Promise<T>): Promise<T> {
  const timer = new AbortController()
  const late = setTimeout(timeoutMs, undefined, { signal: timer.signal }).then(() => {
    const wanted = typeof what === 'string' ? what : what()
    throw new AssertionError({ message: `the stage did not ${wanted} within ${timeoutMs} ms`, stackStartFn: within })
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    timer.abort()
    late.catch(() => {})
  }
}
