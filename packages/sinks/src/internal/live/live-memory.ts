/**
 * What a live sink holds, as a share of a budget: its ring, and the spans that it keeps for the viewers that come by next
 * or that wait in their connections. Whatever can be let go of is let go of when the budget has no room: at least the
 * newest entries and one span for each viewer stay, so that everybody is shown something.
 */

import type { BudgetShare, ByteBudget } from '@logwisp/core'
import type { SpanEncoder } from './encoded-span.ts'
import type { ReplayRing } from './replay-ring.ts'

/** Spans that are kept may be this much of the ring before they go first: without any, each viewer's would be written anew. */
const spansPart = 4

export class LiveMemory {
  readonly #ring: ReplayRing
  readonly #spans: SpanEncoder
  readonly #share: BudgetShare

  constructor(ring: ReplayRing, spans: SpanEncoder, name: string, budget: ByteBudget) {
    this.#ring = ring
    this.#spans = spans
    this.#share = budget.join({ name, giveBack: (bytes) => this.#giveBack(bytes) })
    // The newest entries are let in whatever happens, spans are not kept then.
    ring.makeRoom = (bytes) => void this.#makeRoom(bytes, 0)
    spans.makeRoom = (bytes) => this.#makeRoom(bytes, 1)
  }

  /** Something was added or let go of. */
  tell(): void {
    this.#share.setHeld(this.#ring.bytes + this.#spans.bytes)
  }

  leave(): void {
    this.#share.leave()
  }

  #makeRoom(bytes: number, chunksLeft: number): boolean {
    this.tell()
    while (!this.#share.take(bytes)) if (!this.#letGo(chunksLeft)) return false
    return true
  }

  #giveBack(bytes: number): void {
    const target = this.#share.bytesHeld - bytes
    while (this.#share.bytesHeld > target && this.#letGo(1));
  }

  #letGo(chunksLeft: number): boolean {
    const ring = this.#ring
    const spans = this.#spans
    const isGone =
      (spans.keptBytes * spansPart > ring.bytes && spans.dropOldest()) ||
      ring.dropOldest(chunksLeft) ||
      spans.dropOldest()
    if (isGone) this.tell()
    return isGone
  }
}
