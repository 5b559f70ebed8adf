/** Remembers what was seen lately, within bounds of number, memory and time. */

export interface RememberedLimits {
  readonly maxEntries: number
  /** Of names, and what is kept with each; estimated. */
  readonly maxBytes: number
  /** A name is remembered for at least this long, and at most twice as long, unless there are too many. */
  readonly windowMs: number
}

/** What a name costs beside its characters: its place in the table and the string itself. */
const overheadBytes = 96

/**
 * Two generations, each with half of the limits: a name goes into the young one; when that is full, or old enough, it
 * becomes the old one, and the one before is forgotten as a whole. So nothing is ever looked for by age, and of the
 * limits at least the newer half is always remembered.
 */
export class Remembered<Value> {
  readonly #limits: RememberedLimits
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()
  #youngBytes = 0
  #oldBytes = 0
  #youngSince = -Infinity

  constructor(limits: RememberedLimits) {
    this.#limits = limits
  }

  /** How many names are remembered. */
  get entries(): number {
    return this.#young.size + this.#old.size
  }

  /** About how much memory they take. */
  get bytes(): number {
    return this.#youngBytes + this.#oldBytes
  }

  /** What is kept under a name; `nowMs` is a clock that never goes back. */
  get(name: string, nowMs: number): Value | undefined {
    this.#age(nowMs)
    return this.#young.get(name) ?? this.#old.get(name)
  }

  /** Remembers a name that is not known yet. */
  add(name: string, value: Value, nowMs: number): void {
    this.#age(nowMs)
    const { maxEntries, maxBytes } = this.#limits
    const bytes = overheadBytes + name.length
    if ((this.#young.size + 1) * 2 > maxEntries || (this.#youngBytes + bytes) * 2 > maxBytes) this.#turn(nowMs)
    this.#young.set(name, value)
    this.#youngBytes += bytes
  }

  #age(nowMs: number): void {
    const { windowMs } = this.#limits
    const ageMs = nowMs - this.#youngSince
    if (ageMs < windowMs) return
    // Counted from when it was due, not from when somebody looked. Both are too old when nobody did for long.
    if (ageMs < 2 * windowMs) return this.#turn(this.#youngSince + windowMs)
    this.#turn(nowMs)
    this.#turn(nowMs)
  }

  #turn(youngSince: number): void {
    this.#old = this.#young
    this.#oldBytes = this.#youngBytes
    this.#young = new Map()
    this.#youngBytes = 0
    this.#youngSince = youngSince
  }
}
