/** Sees whether this thread has anything left to do but to wait for a timer. */

import { type AsyncHook, createHook } from 'node:async_hooks'

/**
 * Turns of the event loop without a callback after which nothing more is on its way: what goes to this thread's own
 * sockets and back is there at the next turn, or the one after.
 */
const quietTurns = 4

/**
 * Real time without a callback after which nothing more is on its way, where there is work that cannot be looked at:
 * compression, other threads, child processes.
 */
const quietMs = 100

/** Calls under way that call back by themselves: to files, and for the addresses of names. Those to sockets may never. */
const isRequest = (name: string): boolean => name.startsWith('FSReq') || otherRequests.has(name)

const otherRequests: ReadonlySet<string> = new Set(['CloseReq', 'GetAddrInfoReqWrap'])

/** Work of which the process does not say whether it is under way. */
const hiddenWork: ReadonlySet<string> = new Set(['ZLIB', 'WORKER', 'PROCESSWRAP'])

/** The real one, whatever a test makes of the global one. */
const soon = globalThis.setImmediate

/** Counts what is called back. */
export class IdleWatch {
  #callbacks = 0
  readonly #hidden = new Set<number>()
  readonly #hook: AsyncHook

  constructor() {
    this.#hook = createHook({
      init: (id, type) => void (hiddenWork.has(type) && this.#hidden.add(id)),
      before: () => {
        this.#callbacks++
      },
      destroy: (id) => void this.#hidden.delete(id),
    }).enable()
  }

  /** Calls back once nothing is left to do, or after `timeoutMs` of real time with false. */
  whenIdle(timeoutMs: number, done: (isIdle: boolean) => void): void {
    const began = process.hrtime.bigint()
    let quietSince = began
    let quiet = 0
    const look = (): void => {
      const now = process.hrtime.bigint()
      // This call itself is one; what it does makes no other.
      const isQuiet = this.#callbacks <= 1 && !process.getActiveResourcesInfo().some(isRequest)
      this.#callbacks = 0
      if (!isQuiet) {
        quiet = 0
        quietSince = now
      } else quiet++
      const isLong = this.#hidden.size === 0 || msBetween(quietSince, now) >= quietMs
      if (quiet >= quietTurns && isLong) done(true)
      else if (msBetween(began, now) > timeoutMs) done(false)
      else soon(look)
    }
    soon(look)
  }

  /** Ends the counting. */
  stop(): void {
    this.#hook.disable()
  }
}

function msBetween(from: bigint, to: bigint): number {
  return Number(to - from) / 1e6
}
