/** How often something may happen, from one address and altogether. */

import { LazyBucket } from '../internal/lazy-bucket.ts'
import { RecentTable } from './recent-table.ts'

/** A rate. */
export interface Rate {
  /** A number above 0. */
  readonly ratePerSecond: number
  /** How much may come at once after a pause. @default the greater of `ratePerSecond` and 1 */
  readonly burst?: number | undefined
}

/** Rates of one kind of thing. */
export interface Rates {
  /** For each IPv4 address and each IPv6 /64. @default no limit */
  readonly perAddress?: Rate | undefined
  /** For all of them together. @default no limit */
  readonly total?: Rate | undefined
}

/** The buckets of all addresses that came lately, and the one of all together. */
export class RateLimit {
  readonly #perAddress: Rate | undefined
  readonly #addresses: RecentTable<LazyBucket>
  readonly #total: LazyBucket | undefined

  constructor(rates: Rates | undefined, maxAddresses: number) {
    this.#perAddress = rates?.perAddress
    this.#addresses = new RecentTable(maxAddresses)
    this.#total = rates?.total && bucketOf(rates.total)
  }

  /** Addresses with a bucket; bounded. */
  get addresses(): number {
    return this.#addresses.size
  }

  /** Takes one, or none and says for how many ms there is none; `whose` is the limit that was reached. */
  take(network: string | undefined): { waitMs: number; whose: 'address' | 'total' } | undefined {
    const own = this.#bucketOf(network)
    const ownMs = own?.waitMs(1) ?? 0
    if (ownMs > 0) return { waitMs: ownMs, whose: 'address' }
    const totalMs = this.#total?.waitMs(1) ?? 0
    if (totalMs > 0) return { waitMs: totalMs, whose: 'total' }
    own?.take(1)
    this.#total?.take(1)
    return undefined
  }

  /** Takes what has come already; for how many ms nothing more should. */
  charge(network: string | undefined, amount: number): number {
    const own = this.#bucketOf(network)
    own?.overdraw(amount)
    this.#total?.overdraw(amount)
    return this.owedMs(network)
  }

  /** For how many ms nothing more should come. Takes nothing. */
  owedMs(network: string | undefined): number {
    return Math.ceil(Math.max(this.#bucketOf(network)?.waitMs(0) ?? 0, this.#total?.waitMs(0) ?? 0))
  }

  #bucketOf(network: string | undefined): LazyBucket | undefined {
    if (this.#perAddress === undefined || network === undefined) return undefined
    const known = this.#addresses.get(network)
    if (known !== undefined) return known
    const bucket = bucketOf(this.#perAddress)
    this.#addresses.set(network, bucket)
    return bucket
  }
}

/** One for all buckets, and looked up each time. */
const now = (): number => performance.now()

/** As `tokenBucket` makes them, but for its checks: the options were checked once for all. */
function bucketOf({ ratePerSecond, burst = Math.max(1, ratePerSecond) }: Rate): LazyBucket {
  return new LazyBucket(ratePerSecond, burst, now)
}
