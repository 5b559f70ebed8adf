/** A clock that a test turns: timers, `Date` and `performance.now` of everything in this thread. */

import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import type { install as installClock } from '@sinonjs/fake-timers'
import { LogwispError } from '../errors.ts'
import { checkArgument, checkOptions, option } from '../options.ts'
import { IdleWatch } from './idle-watch.ts'
import { sampleTime } from './recording-tracker.ts'

/** The options of {@link fakeClock}. */
export interface FakeClockOptions {
  /**
   * What the clock shows at first, in ms since the epoch.
   * @default 2026-11-21 12:00 UTC
   */
  readonly now?: number | undefined
  /**
   * How long real work (files, sockets of this process) may take before a call rejects instead of waiting for ever.
   *
   * Unit: ms of real time.
   * @default 10000
   */
  readonly realTimeoutMs?: number | undefined
}

/** The options of {@link FakeClock.until}. */
export interface UntilOptions {
  /**
   * How far the clock may be turned.
   *
   * Unit: ms of the fake clock.
   * @default 86400000, a day
   */
  readonly maxMs?: number | undefined
}

/** What {@link fakeClock} gives. One at a time: the clock is the process's. */
export interface FakeClock {
  /** What the clock shows, in ms since the epoch: what `Date.now()` says. */
  readonly now: number
  /** How far it was turned since it was made, in ms: what `performance.now()` says. */
  readonly elapsedMs: number
  /** Timers that wait; 0 when a stage has left none behind. */
  readonly timers: number
  /**
   * Lets time pass: each timer that comes due meanwhile runs at its own time, and whatever it set off (promises, streams,
   * files, sockets of this process) is done before the next one. Resolves once everything is at rest.
   */
  advance(ms: number): Promise<void>
  /**
   * Lets as much time pass as it takes, timer by timer, until the promise settles or the function returns true, and
   * resolves or rejects as the promise does.
   *
   * @throws AssertionError (rejects) when `maxMs` have passed without it, or no timer is left and nothing happens.
   */
  until<T>(done: PromiseLike<T>, options?: UntilOptions): Promise<T>
  until(done: () => boolean, options?: UntilOptions): Promise<void>
  /** Waits until everything that can go on without the time passing has gone on. */
  settle(): Promise<void>
  /** Sets `Date` forward or back, as an administrator or a time server does: no time passes, no timer is touched. */
  setDate(now: number): void
  /** Gives the process its own clock back. Timers that wait are forgotten. */
  restore(): void
  [Symbol.dispose](): void
}

const defaults = { now: sampleTime, realTimeoutMs: 10_000, maxMs: 86_400_000 } as const

const rules = { now: option.integer({ min: 0 }), realTimeoutMs: option.integer({ min: 1 }) }
const untilRules = { maxMs: option.number({ min: 0 }) }

/** More timers than this at one moment are taken for an endless loop. */
const maxTimersAtOnce = 10_000

type InstalledClock = ReturnType<typeof installClock>

class TurnedClock implements FakeClock {
  readonly #clock: InstalledClock
  readonly #realTimeoutMs: number
  readonly #idle = new IdleWatch()
  readonly #startedAt: number
  #isTurning = false
  #ranAtOnce = 0

  constructor(clock: InstalledClock, realTimeoutMs: number) {
    this.#clock = clock
    this.#realTimeoutMs = realTimeoutMs
    this.#startedAt = performance.now()
    // What imported a timer by its name sees the fake one from here on.
    syncBuiltinESMExports()
  }

  get now(): number {
    return Date.now()
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt
  }

  get timers(): number {
    return this.#clock.countTimers()
  }

  async advance(ms: number): Promise<void> {
    checkArgument('fakeClock', 'ms', ms, option.number({ min: 0 }))
    await this.#turn(async () => {
      await this.settle()
      // A timer of ours ends it: there is no way to see when the next of the others is due. It comes after all that are
      // due at its moment; what those made due at the same moment comes before another one of ours.
      for (let delayMs = ms, ran = 0; ran !== 1; delayMs = 0) {
        let isOver = false
        this.#clock.setTimeout(() => {
          isOver = true
        }, delayMs)
        for (ran = 0; !isOver; ran++) await this.#runNext()
      }
    })
  }

  until<T>(done: PromiseLike<T> | (() => boolean), options: UntilOptions = {}): Promise<T> {
    checkOptions('fakeClock', options, untilRules)
    const { maxMs = defaults.maxMs } = options
    if (typeof done === 'function') return this.#turnUntil(done, maxMs) as Promise<never>
    let isSettled = false
    const settled = (): void => {
      isSettled = true
    }
    done.then(settled, settled)
    return this.#turnUntil(() => isSettled, maxMs).then(() => done)
  }

  settle(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#idle.whenIdle(this.#realTimeoutMs, (isIdle) => {
        if (isIdle) resolve()
        else
          reject(
            failure(
              `things still happened after ${this.#realTimeoutMs} ms of real time without the clock turning: is something endless?`,
            ),
          )
      })
    })
  }

  setDate(now: number): void {
    checkArgument('fakeClock', 'now', now, rules.now)
    this.#clock.setSystemTime(now)
  }

  restore(): void {
    this.#idle.stop()
    this.#clock.uninstall()
    syncBuiltinESMExports()
  }

  [Symbol.dispose](): void {
    this.restore()
  }

  async #turnUntil(isDone: () => boolean, maxMs: number): Promise<void> {
    await this.#turn(async () => {
      await this.settle()
      let isOver = false
      const end = this.#clock.setTimeout(() => {
        isOver = true
      }, maxMs)
      try {
        while (!isDone()) {
          assert.ok(!isOver, `it did not happen within ${maxMs} ms of the fake clock`)
          // One timer is the one above.
          if (this.timers > 1) await this.#runNext()
          else await this.#waitReally(isDone)
        }
      } finally {
        this.#clock.clearTimeout(end)
      }
    })
  }

  /** Turns the clock to the timer that is due next, and lets happen what follows from it. */
  async #runNext(): Promise<void> {
    const before = this.elapsedMs
    this.#clock.next()
    await this.settle()
    this.#ranAtOnce = this.elapsedMs === before ? this.#ranAtOnce + 1 : 0
    if (this.#ranAtOnce > maxTimersAtOnce) {
      throw failure(`${maxTimersAtOnce} timers ran at one moment: one that waits for 0 ms sets itself again and again`)
    }
  }

  /** No timer to turn to: something outside of this thread may still come. */
  #waitReally(isDone: () => boolean): Promise<void> {
    const began = process.hrtime.bigint()
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const waitedMs = Number(process.hrtime.bigint() - began) / 1e6
        if (isDone() || this.timers > 1) resolve()
        else if (waitedMs < this.#realTimeoutMs) soon(look)
        else
          reject(
            failure(`it did not happen, no timer is left, and ${this.#realTimeoutMs} ms of real time brought nothing`),
          )
      }
      soon(look)
    })
  }

  async #turn(turning: () => Promise<void>): Promise<void> {
    assert.ok(!this.#isTurning, 'the clock is being turned: await the call before')
    this.#isTurning = true
    try {
      await turning()
    } finally {
      this.#isTurning = false
    }
  }
}

const soon = globalThis.setImmediate

function failure(message: string): assert.AssertionError {
  return new assert.AssertionError({ message })
}

/**
 * Puts a clock that a test turns in the place of the process's: `setTimeout` and `setInterval` (global, of `node:timers`
 * and of `node:timers/promises`), `Date` and `performance.now`. Hours of retries, batch delays, rate limits and rotations
 * then pass in milliseconds, always in the same way. Files, sockets and threads stay real and are waited for.
 *
 * Make it first, then the stages: some read the clock when they are made. Timeouts within Node (of sockets, servers,
 * `AbortSignal.timeout`) stay real. Needs the package `@sinonjs/fake-timers`, and no test runner.
 *
 * @throws OptionError `BAD_OPTION`.
 * @throws LogwispError (rejects) `PACKAGE_MISSING` when `@sinonjs/fake-timers` is not installed.
 * @throws TypeError (rejects) when timers are fake already.
 *
 * @example
 * ```ts
 * import { fakeClock } from '@logwisp/core/testing'
 *
 * const clock = await fakeClock()
 * const woken = new Promise((resolve) => setTimeout(resolve, 3_600_000))
 * await clock.until(woken)
 * console.log(clock.elapsedMs) // 3600000
 * clock.restore()
 * ```
 */
export async function fakeClock(options: FakeClockOptions = {}): Promise<FakeClock> {
  checkOptions('fakeClock', options, rules)
  const { now = defaults.now, realTimeoutMs = defaults.realTimeoutMs } = options
  const { install } = await import('@sinonjs/fake-timers').catch((cause: unknown) => {
    throw new LogwispError(
      'PACKAGE_MISSING',
      'fakeClock needs the package @sinonjs/fake-timers: npm install --save-dev @sinonjs/fake-timers',
      { cause },
    )
  })
  const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] as const
  return new TurnedClock(install({ now, toFake: [...toFake] }), realTimeoutMs)
}
