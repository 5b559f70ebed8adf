/** How many connections are open, from one address and altogether. */

/** Bounds on open connections. */
export interface ConnectionBounds {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
}

/**
 * Counts what is open. Only a connection that was let in is ever taken off again, and that once: what was refused
 * must not make room for others.
 */
export class ConnectionCount {
  readonly #bounds: ConnectionBounds
  /** Has an address only while it has a connection, so it is as bounded as these are. */
  readonly #perAddress = new Map<string, number>()
  #open = 0

  constructor(bounds: ConnectionBounds) {
    this.#bounds = bounds
  }

  /** Connections that are open. */
  get open(): number {
    return this.#open
  }

  /** The bound that one more connection would break; without a network only the total counts. */
  fullFor(network: string | undefined): 'address' | 'total' | undefined {
    if (this.#open >= this.#bounds.maxConnections) return 'total'
    const own = network === undefined ? 0 : (this.#perAddress.get(network) ?? 0)
    return own >= this.#bounds.maxConnectionsPerAddress ? 'address' : undefined
  }

  /** Counts a connection; what it returns ends that, however often it is called. */
  add(network: string | undefined): () => void {
    this.#open++
    if (network !== undefined) this.#perAddress.set(network, (this.#perAddress.get(network) ?? 0) + 1)
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      this.#open--
      if (network !== undefined) this.#remove(network)
    }
  }

  #remove(network: string): void {
    const left = (this.#perAddress.get(network) ?? 0) - 1
    if (left > 0) this.#perAddress.set(network, left)
    else this.#perAddress.delete(network)
  }
}
