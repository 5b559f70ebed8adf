/** What an API counts. */

/** Requests by operation and status, and entries that were sent. */
export class ApiCounts {
  readonly #requests = new Map<string, Map<number, number>>()
  /** Entries that viewers of the stream were sent. */
  entriesStreamed = 0
  /** Entries that were written to exports. */
  entriesExported = 0
  /** Exports under way. */
  exports = 0

  /** Counts an answer. Of a request whose client left before there was one the status is 499, as nginx has it. */
  answered(operation: string, status: number): void {
    let byStatus = this.#requests.get(operation)
    if (byStatus === undefined) this.#requests.set(operation, (byStatus = new Map()))
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
  }

  /** Answers, by operation and status. */
  get requests(): Readonly<Record<string, Readonly<Record<string, number>>>> {
    const entries = [...this.#requests].map(([operation, counts]) => [
      operation,
      Object.freeze(Object.fromEntries(counts)),
    ])
    return Object.freeze(Object.fromEntries(entries))
  }
}
