/** How many may look at once, in total and from one address. Counts whoever has a place until it is given back, once. */

import type { Refusal } from './access.ts'
import { addressFrom, networkOf } from './address.ts'

/** How many places there are. */
export interface PlaceLimits {
  /** In total. */
  readonly maxViewers: number
  /** From one IPv4 address, or IPv6 network of 64 bits. */
  readonly maxViewersPerAddress: number
}

/** A place; giving it back again does nothing. */
export type ReleasePlace = () => void

/** The places of a server's viewers, whatever they look at. */
export class ViewerPlaces {
  readonly #limits: PlaceLimits
  /** By network; it has no more of them than there are places taken. */
  readonly #taken = new Map<string, number>()
  #total = 0
  #refused = 0

  constructor(limits: PlaceLimits) {
    this.#limits = limits
  }

  /** Places taken. */
  get taken(): number {
    return this.#total
  }

  /** How many found none. */
  get refused(): number {
    return this.#refused
  }

  /** Takes a place for somebody from this address, or says why there is none. */
  take(address: string | undefined, retryAfterMs: number): ReleasePlace | Refusal {
    const { maxViewers, maxViewersPerAddress } = this.#limits
    const network = networkOf(addressFrom(address) ?? '')
    const ofNetwork = this.#taken.get(network) ?? 0
    if (this.#total >= maxViewers || ofNetwork >= maxViewersPerAddress) {
      this.#refused++
      const all = this.#total >= maxViewers
      return {
        reason: 'too-many-connections',
        status: all ? 503 : 429,
        message: all
          ? `there are ${maxViewers} viewers already, which is the most that are served at once`
          : `there are ${maxViewersPerAddress} viewers from this address already, which is the most that are served at once`,
        retryAfterMs,
      }
    }
    this.#total++
    this.#taken.set(network, ofNetwork + 1)
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#total--
      const left = (this.#taken.get(network) ?? 1) - 1
      if (left === 0) this.#taken.delete(network)
      else this.#taken.set(network, left)
    }
  }
}
