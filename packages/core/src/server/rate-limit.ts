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
  /** For each name that credentials have proved; who has shown none counts by address. @default no limit */
  readonly perName?: Rate | undefined
  /** For all of them together. @default no limit */
  readonly total?: Rate | undefined
}

/** The buckets of all addresses and names that came lately, and the one of all together. */
export class RateLimit {
  readonly #perAddress: Rate | undefined
  readonly #addresses: RecentTable<LazyBucket>
  readonly #perName: Rate | undefined
  readonly #names: RecentTable<LazyBucket>
  readonly #total: LazyBucket | undefined

  constructor(rates: Rates | undefined, maxAddresses: number) {
    this.#perAddress = rates?.perAddress
    this.#addresses = new RecentTable(maxAddresses)
    this.#perName = rates?.perName
    this.#names = new RecentTable(maxAddresses)
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

  /** Takes one from the bucket of somebody whose name is known by now, or none and says for how many ms there is none. */
  takeOfName(name: string | undefined, network: string): { waitMs: number; whose: 'name' } | undefined {
    const own = this.#bucketOfName(name, network)
    if (own === undefined || own.take(1)) return undefined
    return { waitMs: own.waitMs(1), whose: 'name' }
  }

  /** Takes what has come already; for how many ms nothing more should. */
  charge(network: string, name: string | undefined, amount: number): number {
    for (const bucket of this.#bucketsOf(network, name)) bucket.overdraw(amount)
    return this.owedMs(network, name)
  }

  /** For how many ms nothing more should come. Takes nothing. */
  owedMs(network: string, name: string | undefined): number {
    return Math.ceil(Math.max(0, ...this.#bucketsOf(network, name).map((bucket) => bucket.waitMs(0))))
  }

  #bucketsOf(network: string, name: string | undefined): LazyBucket[] {
    const all = [this.#bucketOf(network), this.#bucketOfName(name, network), this.#total]
    return all.filter((bucket) => bucket !== undefined)
  }

  #bucketOf(network: string | undefined): LazyBucket | undefined {
    return network === undefined ? undefined : bucketIn(this.#addresses, network, this.#perAddress)
  }

  #bucketOfName(name: string | undefined, network: string): LazyBucket | undefined {
    // No name can pass for an address: nobody but the configuration gives names, and those have their own mark.
    return bucketIn(this.#names, name === undefined ? `from ${network}` : `name ${name}`, this.#perName)
  }
}

function bucketIn(table: RecentTable<LazyBucket>, key: string, rate: Rate | undefined): LazyBucket | undefined {
  if (rate === undefined) return undefined
  const known = table.get(key)
  if (known !== undefined) return known
  const bucket = bucketOf(rate)
  table.set(key, bucket)
  return bucket
}

/** One for all buckets, and looked up each time. */
const now = (): number => performance.now()

/** As `tokenBucket` makes them, but for its checks: the options were checked once for all. */
function bucketOf({ ratePerSecond, burst = Math.max(1, ratePerSecond) }: Rate): LazyBucket {
  return new LazyBucket(ratePerSecond, burst, now)
}
