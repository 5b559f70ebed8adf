/** How long a piece of work may go on. */

/** Asked in every loop, at least every few ms of work. */
export interface Budget {
  /** Whether the time is up; the work then ends with what it has. @throws Error when whoever asked has left. */
  isSpent(): boolean
}

/** @param leave Throws when whoever asked has left. */
export function timeBudget(ms: number, leave: () => void = () => {}): Budget {
  const end = performance.now() + ms
  return {
    isSpent() {
      leave()
      return performance.now() >= end
    },
  }
}
