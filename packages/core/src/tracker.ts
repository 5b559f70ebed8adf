/** Keeps how far the acknowledgements of one source's entries have come. */

import type { Origin, OriginTracker } from './origin.ts'

/**
 * The low-water mark of one source: the greatest origin that was acknowledged. Because an acknowledgement covers
 * everything before it from the same source, one origin is all there is to remember, however much is in flight.
 *
 * Make one for each thing that is read in order (a file and its rotations, a connection), give its entries origins of
 * growing `sequence`, and save what {@link acknowledged} says.
 */
export class Tracker<Place extends Origin = Origin> implements OriginTracker {
  #acknowledged: Place | undefined
  readonly #onAdvance: ((acknowledged: Place) => void) | undefined

  /** `onAdvance` is called at each acknowledgement that says something new; it must be quick and not throw. */
  constructor(onAdvance?: (acknowledged: Place) => void) {
    this.#onAdvance = onAdvance
  }

  /** The greatest origin acknowledged so far: everything up to it is safe. */
  get acknowledged(): Place | undefined {
    return this.#acknowledged
  }

  /** Takes an acknowledgement; one that says nothing new, late or repeated, changes nothing. */
  acknowledge(origin: Origin): void {
    if (this.#acknowledged !== undefined && origin.sequence <= this.#acknowledged.sequence) return
    // Only origins that carry this tracker come here, and the source that owns the tracker made those.
    this.#acknowledged = origin as Place
    this.#onAdvance?.(origin as Place)
  }
}
