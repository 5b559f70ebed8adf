/** When a count last grew, for stages that tell how much came but not when: as exact as it is looked at. */

export class GrowthClock {
  #count = 0
  #grewAt: number | undefined

  /** Looks at the count; the time, in RFC 3339, at which it was first seen to be what it is, undefined as long as it is 0. */
  look(count: number): string | undefined {
    if (count !== this.#count) {
      this.#count = count
      this.#grewAt = Date.now()
    }
    return this.#grewAt === undefined ? undefined : new Date(this.#grewAt).toISOString()
  }
}
