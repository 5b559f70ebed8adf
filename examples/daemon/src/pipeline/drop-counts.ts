/** Entries dropped, by reason, added up over stages that come and go. */

export class DropCounts {
  readonly #byReason = new Map<string, number>()

  add(dropped: Readonly<Record<string, number>>): this {
    for (const [reason, count] of Object.entries(dropped)) {
      if (count > 0) this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + count)
    }
    return this
  }

  /** Together with what stages that still run have dropped. */
  with(...running: readonly Readonly<Record<string, number>>[]): DropCounts {
    const all = new DropCounts().add(this.byReason)
    for (const dropped of running) all.add(dropped)
    return all
  }

  get total(): number {
    return [...this.#byReason.values()].reduce((sum, count) => sum + count, 0)
  }

  get byReason(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byReason)
  }
}
