/** Numbered lines: written at a rate, and looked for at the other end. */

/** `name-000000042 …`: fixed width, so that what is read can be counted without parsing. */
export function numberedLine(name: string, number: number, time: number = usualTime): string {
  return `${new Date(time).toISOString()} INFO ${name}-${String(number).padStart(9, '0')} ${filler}`
}

/** What the lines tell when nobody says otherwise. */
const usualTime = Date.UTC(2026, 10, 21, 12)

const filler = 'GET /api/orders/1234?page=2 200 17ms worker=3'

const numbered = /\b([a-z]+)-(\d{9})\b/

/** Of which series a line is, and which number it has; undefined for anything else. */
function numberOf(line: string): { readonly name: string; readonly number: number } | undefined {
  const found = numbered.exec(line)
  return found === null ? undefined : { name: found[1] as string, number: Number(found[2]) }
}

/** What came of a series of numbers that should be 0 to `written - 1`. */
export interface Arrived {
  readonly lost: number
  readonly repeated: number
}

/** Which numbers came, and how often. */
export class Tally {
  readonly #counts = new Map<string, Uint8Array>()

  /** Notes what one line says, if it has a number. */
  add(line: string): void {
    const found = numberOf(line)
    if (found === undefined) return
    let counts = this.#counts.get(found.name)
    if (counts === undefined || found.number >= counts.length) {
      const larger = new Uint8Array(Math.max(65_536, found.number * 2))
      larger.set(counts ?? [])
      counts = larger
      this.#counts.set(found.name, counts)
    }
    counts[found.number] = Math.min(255, (counts[found.number] as number) + 1)
  }

  /** How many different numbers of a series came. */
  distinct(name: string): number {
    return this.#counts.get(name)?.reduce((sum, count) => sum + Math.min(1, count), 0) ?? 0
  }

  /** What became of the first `written` numbers of a series. */
  arrived(name: string, written: number, isWanted: (number: number) => boolean = () => true): Arrived {
    const counts = this.#counts.get(name) ?? new Uint8Array()
    let lost = 0
    let repeated = 0
    for (let number = 0; number < written; number++) {
      const count = counts[number] ?? 0
      if (count === 0 && isWanted(number)) lost++
      if (count > 1) repeated += count - 1
    }
    return { lost, repeated }
  }
}

/** Calls `write` with the next numbers, so that they come to `perSecond`. */
export class LineClock {
  readonly #timer: NodeJS.Timeout
  readonly #startedMs = performance.now()
  #next = 0

  constructor(perSecond: number, write: (from: number, to: number) => void) {
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - this.#startedMs) * perSecond) / 1000)
      if (due > this.#next) write(this.#next, due)
      this.#next = Math.max(this.#next, due)
    }, 10)
  }

  /** Stops; gives how many there were. */
  stop(): number {
    clearInterval(this.#timer)
    return this.#next
  }
}

/** The lines of numbers `from` to before `to`, each with its line feed. */
export function numberedLines(
  name: string,
  from: number,
  to: number,
  timeOf: (number: number) => number = () => usualTime,
): string {
  let text = ''
  for (let number = from; number < to; number++) text += `${numberedLine(name, number, timeOf(number))}\n`
  return text
}
