/**
 * How a number of bytes is shared by holders that come and go. A pure machine: who holds what is told to it, and it says
 * who may hold more. The one thing it does by itself is to call those who wait, in a microtask.
 *
 * ```
 *   maxBytes = 12, four holders: each has a share of 3, of which 1 is kept free for it while it holds less
 *
 *   a  ████████          8, over its share: gets nothing more while another one wants its own, and gives back if it can
 *   b  ██                2, within its share
 *   c  ░                 0, and 1 kept free
 *   d  ░                 0, and 1 kept free                                      committed 8 + 2 + 1 + 1 = 12
 * ```
 *
 * - A holder that holds nothing may always hold one item, whatever its size. So whoever waits for what is behind it,
 *   waits for something that moves, and nothing waits for itself: there is no deadlock.
 * - What is kept free for a holder (half of its share) it gets at once.
 * - The other half may be lent to others. Who was denied some of its own share has a claim to it, in the order of asking:
 *   holders over their share get nothing before that.
 */

/** What a holder of {@link SharedBytes} is told. */
export interface SharerListeners {
  /** Let go of at least so many bytes now, if you can, or of as many as you can. */
  readonly giveBack?: ((bytes: number) => void) | undefined
  /** What was denied would be granted now. */
  readonly onRoom?: (() => void) | undefined
}

/** One holder. */
export interface Sharer extends SharerListeners {
  held: number
  /** What it asked for and was not given; 0 when it waits for nothing. */
  wanted: number
  /** How often it was denied what it asked for. */
  denied: number
}

/** One part of this many of a share is kept free for its holder. */
const keptFreePart = 2

export class SharedBytes {
  #maxBytes: number
  readonly #sharers = new Set<Sharer>()
  /** Those that were denied, in the order of asking. */
  readonly #waiting = new Set<Sharer>()
  #held = 0
  /** What is held, and what is kept free for those that hold less. */
  #committed = 0
  #share = 0
  #keptFree = 0
  #isWaking = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#share = maxBytes
  }

  get maxBytes(): number {
    return this.#maxBytes
  }

  /** What all hold together. */
  get held(): number {
    return this.#held
  }

  /** What each may hold whatever the others do. */
  get share(): number {
    return this.#share
  }

  /** A new holder, which holds nothing. All shares shrink. */
  join({ giveBack, onRoom }: SharerListeners): Sharer {
    const sharer: Sharer = { held: 0, wanted: 0, denied: 0, giveBack, onRoom }
    this.#sharers.add(sharer)
    this.#divide()
    return sharer
  }

  /** A holder is gone, with what it held. All shares grow. */
  leave(sharer: Sharer): void {
    if (!this.#sharers.delete(sharer)) return
    this.#forget(sharer)
    this.#held -= sharer.held
    sharer.held = 0
    this.#divide()
  }

  /** There are more or fewer bytes to share. When fewer than are held, those over their share that can give back at once. */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes
    this.#divide()
    this.#reclaim(undefined, () => this.#held - maxBytes)
  }

  /** Whether a holder may hold this many more; it holds them then. One that has left may, and nothing is counted. */
  take(sharer: Sharer, bytes: number): boolean {
    if (!this.#sharers.has(sharer)) return true
    if (!this.#grants(sharer, bytes)) {
      sharer.denied++
      const mayClaim = sharer.held + bytes <= this.#share
      if (mayClaim || sharer.onRoom !== undefined) {
        sharer.wanted = bytes
        this.#waiting.add(sharer)
      } else this.#forget(sharer)
      return false
    }
    this.#forget(sharer)
    this.setHeld(sharer, sharer.held + bytes)
    return true
  }

  /** A holder holds so many now, whatever it was granted. */
  setHeld(sharer: Sharer, bytes: number): void {
    if (!this.#sharers.has(sharer)) return
    const { held } = sharer
    sharer.held = bytes
    this.#held += bytes - held
    this.#committed += Math.max(bytes, this.#keptFree) - Math.max(held, this.#keptFree)
    if (bytes < held) this.#wakeSoon()
  }

  #grants(sharer: Sharer, bytes: number): boolean {
    const isFirst = sharer.held === 0
    if (this.#shortfall(sharer, bytes) <= 0) return true
    const isOwn = sharer.held + bytes <= this.#share
    if (isFirst || isOwn) this.#reclaim(sharer, () => this.#shortfall(sharer, bytes))
    return isFirst || this.#shortfall(sharer, bytes) <= 0
  }

  /** How much is missing for a holder to hold this many more; at most 0 when nothing is. */
  #shortfall(sharer: Sharer, bytes: number): number {
    const after = sharer.held + bytes
    if (after <= this.#keptFree) return this.#held + bytes - this.#maxBytes
    const isOwn = after <= this.#share
    let needed = after - Math.max(sharer.held, this.#keptFree)
    for (const other of this.#waiting) {
      if (other !== sharer) needed += this.#claim(other)
      else if (isOwn) break
    }
    return this.#committed + needed - this.#maxBytes
  }

  /** What must be left for one that was denied a part of its own share. */
  #claim({ held, wanted }: Sharer): number {
    const after = held + wanted
    return after > this.#share ? 0 : Math.max(0, after - Math.max(held, this.#keptFree))
  }

  /** Lets those that are over their share give back what is missing, the one with the most first. */
  #reclaim(taker: Sharer | undefined, missing: () => number): void {
    const over = [...this.#sharers].filter(
      (sharer) => sharer !== taker && sharer.giveBack !== undefined && sharer.held > this.#share,
    )
    over.sort((one, other) => other.held - one.held)
    for (const sharer of over) {
      const short = missing()
      if (short <= 0) return
      sharer.giveBack?.(Math.min(short, sharer.held - this.#share))
    }
  }

  /** Shares change: with the number of holders, and of bytes. */
  #divide(): void {
    this.#share = this.#sharers.size === 0 ? this.#maxBytes : Math.floor(this.#maxBytes / this.#sharers.size)
    this.#keptFree = Math.floor(this.#share / keptFreePart)
    this.#committed = 0
    for (const { held } of this.#sharers) this.#committed += Math.max(held, this.#keptFree)
    this.#wakeSoon()
  }

  #forget(sharer: Sharer): void {
    if (!this.#waiting.delete(sharer)) return
    sharer.wanted = 0
    // Others may have what it had a claim to.
    this.#wakeSoon()
  }

  /** Later: who gives back is in the middle of something, and so is who wants it. */
  #wakeSoon(): void {
    if (this.#isWaking || this.#waiting.size === 0) return
    this.#isWaking = true
    queueMicrotask(() => {
      this.#isWaking = false
      for (const sharer of [...this.#waiting]) {
        if (sharer.onRoom === undefined || !this.#waiting.has(sharer) || !this.#grants(sharer, sharer.wanted)) continue
        sharer.wanted = 0
        // In its place while it takes: those behind it come after it.
        sharer.onRoom()
        // What it did not take, the next one may have.
        if (sharer.wanted === 0) this.#forget(sharer)
      }
    })
  }
}
