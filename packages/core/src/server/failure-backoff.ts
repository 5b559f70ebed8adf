/** Slows down whoever guesses: after some wrong credentials an address has to wait, twice as long each time. */

import { RecentTable } from './recent-table.ts'

/** How patient one is with wrong credentials. */
export interface FailureOptions {
  /** Failures of one address that have no consequence. @default 5 */
  readonly allowed?: number | undefined
  /** How long the address has to wait after the next one, in ms; doubled with each further one. @default 1000 */
  readonly firstDelayMs?: number | undefined
  /** The longest wait, in ms. In as much time without a failure one of them is forgiven. @default 900000 */
  readonly maxDelayMs?: number | undefined
}

interface Record {
  failures: number
  failedAt: number
  blockedUntil: number
}

/** The failures of each address, bounded: those that failed least recently are forgotten first. */
export class FailureBackoff {
  readonly #options: { readonly [Name in keyof FailureOptions]-?: number }
  readonly #records: RecentTable<Record>

  constructor(options: { readonly [Name in keyof FailureOptions]-?: number }, maxAddresses: number) {
    this.#options = options
    this.#records = new RecentTable(maxAddresses)
  }

  /** Addresses that have failed; bounded. */
  get addresses(): number {
    return this.#records.size
  }

  /** For how many ms nothing that this address shows is looked at. */
  waitMs(network: string): number {
    const record = this.#records.get(network)
    return record === undefined ? 0 : Math.max(0, record.blockedUntil - performance.now())
  }

  /** The address showed something that was wrong. A success forgives nothing: the guesser may have an account too. */
  fail(network: string): void {
    const { maxDelayMs } = this.#options
    const now = performance.now()
    const record = this.#records.get(network) ?? { failures: 0, failedAt: now, blockedUntil: 0 }
    record.failures = Math.max(0, record.failures - (now - record.failedAt) / maxDelayMs) + 1
    record.failedAt = now
    record.blockedUntil = Math.max(record.blockedUntil, now + this.#delayMs(record.failures))
    this.#records.set(network, record)
  }

  /** One failure of the address was none. */
  pardon(network: string): void {
    const record = this.#records.get(network)
    if (record === undefined) return
    record.failures = Math.max(0, record.failures - 1)
    record.blockedUntil = record.failedAt + this.#delayMs(record.failures)
  }

  #delayMs(failures: number): number {
    const { allowed, firstDelayMs, maxDelayMs } = this.#options
    const excess = Math.ceil(failures - allowed)
    return excess > 0 ? Math.min(maxDelayMs, firstDelayMs * 2 ** (excess - 1)) : 0
  }
}
