/**
 * Tells systemd how the daemon is: `READY=1` and the like, as sd_notify(3) says.
 *
 * Node has no datagram sockets of the Unix kind, and an addon that has would have to be compiled where the daemon is
 * installed. `systemd-notify` is on every machine that has systemd; it also waits until systemd has read what it said, so
 * that systemd still finds out whose child it was. So the unit needs `NotifyAccess=all`.
 */

import { spawn } from 'node:child_process'
import type { Logger } from 'pino'

/** What it needs. */
export interface ReadinessOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly log: Logger
  /** Whether the daemon does its work; while it does not, the watchdog hears nothing and systemd restarts it. */
  isAlive(): boolean
}

/** What can be told; each returns at once. Nothing happens when nobody listens. */
export interface Readiness {
  ready(status: string): void
  reloading(): void
  /** `timeoutMs`: how long the end may take. */
  stopping(timeoutMs: number): void
  /** Resolves once all was told, or systemd has not listened for a second. */
  close(): Promise<void>
}

/** How long one telling may take: systemd-notify itself waits up to 5 s for systemd. */
const tellTimeoutMs = 10_000

/** How long the end waits for what was not told yet. */
const closeTimeoutMs = 1000

/** Tells systemd, if the environment says that it listens. */
export function readinessOf(options: ReadinessOptions): Readiness {
  const { environment } = options
  if (!environment['NOTIFY_SOCKET']) {
    const nothing = (): void => {}
    return { ready: nothing, reloading: nothing, stopping: nothing, close: async () => {} }
  }
  return new Notifier(options)
}

class Notifier implements Readiness {
  readonly #options: ReadinessOptions
  readonly #watchdog: NodeJS.Timeout | undefined
  #told: Promise<void> = Promise.resolve()
  #isPinging = false
  #hasComplained = false

  constructor(options: ReadinessOptions) {
    this.#options = options
    const intervalMs = watchdogIntervalMs(options.environment)
    if (intervalMs !== undefined) this.#watchdog = setInterval(() => this.#ping(), intervalMs).unref()
  }

  ready(status: string): void {
    this.#tell('READY=1', `STATUS=${status}`)
  }

  reloading(): void {
    // systemd compares it with when it asked for the reload: CLOCK_MONOTONIC, as hrtime has it.
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`, 'STATUS=Reloading')
  }

  stopping(timeoutMs: number): void {
    // Beyond TimeoutStopSec= systemd would kill what is within its own deadline.
    const microseconds = Math.ceil(timeoutMs + 5000) * 1000
    this.#tell('STOPPING=1', `EXTEND_TIMEOUT_USEC=${microseconds}`, 'STATUS=Delivering what was read')
  }

  async close(): Promise<void> {
    clearInterval(this.#watchdog)
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, closeTimeoutMs)))
    await Promise.race([this.#told, timeout])
    clearTimeout(timer)
  }

  #ping(): void {
    if (this.#isPinging || !this.#options.isAlive()) return
    this.#isPinging = true
    void this.#tell('WATCHDOG=1').then(() => (this.#isPinging = false))
  }

  /** One after the other: READY before its RELOADING would end the wrong one. */
  #tell(...assignments: string[]): Promise<void> {
    this.#told = this.#told.then(() => this.#spawn(assignments))
    return this.#told
  }

  #spawn(assignments: readonly string[]): Promise<void> {
    const { NOTIFY_SOCKET, PATH } = this.#options.environment
    return new Promise((resolve) => {
      const child = spawn('systemd-notify', assignments, {
        stdio: 'ignore',
        timeout: tellTimeoutMs,
        env: { NOTIFY_SOCKET, ...(PATH !== undefined && { PATH }) },
      })
      child.once('error', (error) => {
        this.#complain(`systemd-notify cannot be run (${error.message}): install it, or use Type=exec in the unit`)
        resolve()
      })
      child.once('exit', (code, signal) => {
        if (code !== 0) this.#complain(`systemd-notify ended with ${code ?? signal}: systemd may not know how we are`)
        resolve()
      })
    })
  }

  #complain(words: string): void {
    if (!this.#hasComplained) this.#options.log.warn(words)
    this.#hasComplained = true
  }
}

/** Half of what systemd waits for, as it recommends; undefined when it does not, or waits for another process. */
function watchdogIntervalMs({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const microseconds = Number(WATCHDOG_USEC)
  if (!Number.isFinite(microseconds) || microseconds <= 0) return undefined
  if (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== process.pid) return undefined
  return Math.max(1, Math.floor(microseconds / 2000))
}
