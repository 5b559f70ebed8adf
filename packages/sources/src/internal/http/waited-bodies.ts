/** The bodies that clients are waited for, and which of them keeps others out most. */

/** Whoever reads a body. */
export interface BodyHolder {
  /** About how much memory is taken by what came of it so far. */
  readonly heldBytes: number
  /** Gives that memory back: the body is not waited for any longer, and nothing of it will be used. */
  release(): void
}

/** One that sends more than this is never behind: 16 kB/s, less than a poor telephone line has. */
const leastBytesPerMs = 16

/** Of all places, the part that no waiting takes: rounded down, so that there is none among fewer than eight. */
const keptFree = 1 / 8

/** Beyond those, whoever is behind by less keeps its place: as long as a body's second packet may take. */
const keptForMs = 100

/** Those that wait for their clients. What is being given, or delivered, is not among them. */
export class WaitedBodies {
  readonly #waited = new Set<WaitedBody>()
  readonly #maxWaiting: number

  constructor(maxRequests: number) {
    this.#maxWaiting = maxRequests - Math.floor(maxRequests * keptFree)
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waited.size
  }

  /** One more is waited for; when that is one too many, the one that is furthest behind is cut, which may be this one. */
  add(body: WaitedBody): void {
    this.#waited.add(body)
    if (this.#waited.size > this.#maxWaiting) this.#slowest(performance.now(), 0, false)?.end()
  }

  delete(body: WaitedBody): void {
    this.#waited.delete(body)
  }

  /** All places are taken: cuts the body that is furthest behind. False: none is. */
  makePlace(nowMs: number): boolean {
    const slowest = this.#slowest(nowMs, keptForMs, false)
    slowest?.end()
    return slowest !== undefined
  }

  /** Memory lacks: cuts the body that is furthest behind of those that hold some. False: none is, or it is `own` itself. */
  makeMemory(nowMs: number, own: BodyHolder): boolean {
    const slowest = this.#slowest(nowMs, keptForMs, true)
    if (slowest === undefined || slowest.holder === own) return false
    slowest.end()
    return true
  }

  /** Looks at all of them, which are at most as many as there are places. */
  #slowest(nowMs: number, leastMs: number, mustHold: boolean): WaitedBody | undefined {
    let slowest: WaitedBody | undefined
    let mostMs = -1
    for (const body of this.#waited) {
      const behindMs = body.behindMs(nowMs)
      if (behindMs <= mostMs || behindMs < leastMs || (mustHold && body.holder.heldBytes === 0)) continue
      slowest = body
      mostMs = behindMs
    }
    return slowest
  }
}

/**
 * One of them. It falls behind for as long as its client is waited for, and catches up by what comes: so what counts is
 * neither when it began nor its last byte, which one that trickles can always have sent just now. Nothing is saved up.
 */
export class WaitedBody {
  readonly holder: BodyHolder
  readonly #all: WaitedBodies
  readonly #cut: () => void
  #behindMs = 0
  #sinceMs: number | undefined

  /** `cut` ends the reading. */
  constructor(all: WaitedBodies, holder: BodyHolder, cut: () => void) {
    this.#all = all
    this.holder = holder
    this.#cut = cut
  }

  /** For how long it was waited for, beyond what came in that time. */
  behindMs(nowMs: number): number {
    return this.#behindMs + (this.#sinceMs === undefined ? 0 : nowMs - this.#sinceMs)
  }

  /** The client is waited for from now on. */
  start(nowMs: number): void {
    this.#sinceMs = nowMs
    this.#all.add(this)
  }

  /** Bytes came, as they are sent. */
  came(bytes: number, nowMs: number): void {
    this.#behindMs = Math.max(0, this.behindMs(nowMs) - bytes / leastBytesPerMs)
    if (this.#sinceMs !== undefined) this.#sinceMs = nowMs
  }

  /** It is not the client that is waited for now. */
  stop(nowMs: number): void {
    this.#behindMs = this.behindMs(nowMs)
    this.#sinceMs = undefined
    this.#all.delete(this)
  }

  /** Somebody else needs what it has. */
  end(): void {
    this.#all.delete(this)
    this.holder.release()
    this.#cut()
  }
}
