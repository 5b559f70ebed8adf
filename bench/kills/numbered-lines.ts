/** Lines that tell whether they are whole, and which one they are. */

import { Batch, type LogEntry, type Origin, type OriginTracker } from '@logwisp/core'

/** All are of this length, line feed included: so that their places tell their numbers. */
export const lineBytes = 120

/** How many lines there are in all. */
export const lineCount = 24

/** The line of a number, from 1 on. */
export function lineOf(number: number): string {
  const digits = String(number).padStart(4, '0')
  return `${digits} ${'x'.repeat(lineBytes - 11)} ${digits}`
}

/** The number of a line; undefined when it is not whole. */
function numberOf(line: string): number | undefined {
  const number = Number(line.slice(0, 4))
  return line === lineOf(number) ? number : undefined
}

/** Takes acknowledgements of lines by their numbers, and wakes who waits for one. */
export class LineTracker implements OriginTracker {
  readonly #told: (number: number) => void
  readonly #waiting = new Map<number, () => void>()
  #acknowledged = 0
  #last = 0

  constructor(told: (number: number) => void = () => {}) {
    this.#told = told
  }

  acknowledge({ sequence }: Origin): void {
    if (sequence <= this.#acknowledged) return
    this.#acknowledged = sequence
    this.#told(sequence)
    for (const [number, resolve] of this.#waiting) {
      if (number > sequence) continue
      this.#waiting.delete(number)
      resolve()
    }
  }

  /** Resolves once this line, and all before it, are acknowledged. */
  until(number: number): Promise<void> {
    if (this.#acknowledged >= number) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.set(number, resolve))
  }

  /** Resolves once all that was made an item is acknowledged. */
  untilLast(): Promise<void> {
    return this.until(this.#last)
  }

  /** Some lines as an entry, when it is one, or a batch. */
  item(from: number, count: number): LogEntry | Batch {
    const at = (_start: number, end: number): Origin => this.#origin(from - 1 + end / lineBytes)
    this.#last = from + count - 1
    if (count === 1) return this.entry(from)
    const text = Array.from({ length: count }, (_, i) => `${lineOf(from + i)}\n`).join('')
    return Batch.of({ bytes: Buffer.from(text), source: 'kills', time: from, origins: { at } })
  }

  /** One line. */
  entry(number: number): LogEntry {
    return { time: number, source: 'kills', message: lineOf(number), origin: this.#origin(number) }
  }

  #origin(number: number): Origin {
    return { tracker: this, sequence: number, id: `kills:${number}` }
  }
}

/** What is wrong with lines that came out, in the order that they did. */
export interface LineCheck {
  /** Numbers that are missing. */
  readonly lost: number
  /** Lines that are none of ours, whole. */
  readonly torn: number
  /** Lines that came again. */
  readonly repeats: number
  /** Whether a line came before one that it stands behind, and was no repeat. */
  readonly isDisordered: boolean
}

/** Looks at everything that came out. */
export function checkLines(lines: readonly string[]): LineCheck {
  const seen = new Set<number>()
  let torn = 0
  let repeats = 0
  let isDisordered = false
  let last = 0
  for (const line of lines) {
    const number = numberOf(line)
    if (number === undefined) torn++
    else if (seen.has(number)) repeats++
    else {
      if (number < last) isDisordered = true
      last = number
      seen.add(number)
    }
  }
  return { lost: lineCount - seen.size, torn, repeats, isDisordered }
}
