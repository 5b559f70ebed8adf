/** `byteBudget`: one bound on memory for all stages that hold entries, with a fair share for each. */

import { SharedBytes, type Sharer } from './internal/budget/shared-bytes.ts'
import { checkArgument, checkOptions, type OptionRule, option } from './options.ts'

/** What a {@link byteBudget} is made of. */
export interface ByteBudgetOptions {
  /** How many bytes all holders may hold together. An integer of at least 1, or `Infinity`, which only counts. */
  readonly maxBytes: number
}

/** Who holds entries, as a budget knows it. */
export interface BudgetHolder {
  /** What it is called in {@link ByteBudgetStats}. */
  readonly name: string
  /**
   * For a holder that can let go of entries at once, by dropping them or putting them elsewhere: lets go of at least
   * `bytes`, and says so with {@link BudgetShare.setHeld} before it returns. Called only while it is over its share and
   * another one wants its own. Must not throw, nor take.
   */
  readonly giveBack?: ((bytes: number) => void) | undefined
  /**
   * For a holder that waits: what it was denied last would be granted now, so it takes it at once, or leaves it to others.
   * Called in a microtask. Must not throw.
   */
  readonly onRoom?: (() => void) | undefined
}

/** A holder's part of a budget. */
export interface BudgetShare {
  /** What it holds. */
  readonly bytesHeld: number
  /**
   * Whether it may hold this many bytes more; it holds them then. One that holds nothing always may, so that it can go on.
   * When it may not, `onRoom` is called once it may; a later `take` stands in the place of the one that was denied.
   */
  take(bytes: number): boolean
  /**
   * It holds so many bytes now: fewer, since it let go of some; or more than it took, when what it took turned out larger,
   * which is counted and cannot be denied.
   */
  setHeld(bytes: number): void
  /** It holds nothing any more, and is no holder any more: call it when the stage is destroyed. */
  leave(): void
}

/** One holder at one moment. */
export interface BudgetHolderStats {
  /** Its name, behind those of {@link ByteBudget.within}. */
  readonly name: string
  /** What it holds. */
  readonly bytesHeld: number
  /** Whether it was denied some of its share, or more, and did not get it yet. */
  readonly isWaiting: boolean
  /** How often it was denied what it asked for. */
  readonly denied: number
}

/** A budget at one moment; frozen. */
export interface ByteBudgetStats {
  /** How many bytes all holders may hold together. */
  readonly maxBytes: number
  /** What they hold. */
  readonly bytesHeld: number
  /** The most that they ever held. */
  readonly peakBytes: number
  /** The share of each: `maxBytes` by the number of holders. */
  readonly shareBytes: number
  /** The holders, in the order in which they came. */
  readonly holders: readonly BudgetHolderStats[]
}

/** What {@link byteBudget} returns: the option `budget` of stages that hold entries. */
export interface ByteBudget {
  /** What is held, and by whom. */
  readonly stats: ByteBudgetStats
  /** The same budget, for a part of the program: its holders' names begin with this one, and a slash. */
  within(name: string): ByteBudget
  /** For a stage of your own: makes it a holder, until it leaves. */
  join(holder: BudgetHolder): BudgetShare
  /** From now on there are so many bytes to share. Who holds too much gives back, or gets nothing more until it has. */
  resize(maxBytes: number): void
}

const name = 'byteBudget'

const rules = { maxBytes: option.integer({ min: 1, orInfinity: true }) } as const satisfies Record<string, OptionRule>

const holderRules = { name: option.text, giveBack: option.function, onRoom: option.function } as const

/** One budget, and the holders that came to it by whatever name. */
interface Books {
  readonly bytes: SharedBytes
  readonly holders: Map<Sharer, string>
  peak: number
}

class SharedBudget implements ByteBudget {
  readonly #books: Books
  readonly #path: string

  constructor(books: Books, path: string) {
    this.#books = books
    this.#path = path
  }

  get stats(): ByteBudgetStats {
    const { bytes, holders, peak } = this.#books
    const each = [...holders].map(([{ held, wanted, denied }, name]) =>
      Object.freeze({ name, bytesHeld: held, isWaiting: wanted > 0, denied }),
    )
    const { maxBytes, held, share } = bytes
    return Object.freeze({
      maxBytes,
      bytesHeld: held,
      peakBytes: peak,
      shareBytes: share,
      holders: Object.freeze(each),
    })
  }

  within(part: string): ByteBudget {
    checkArgument(name, 'name', part, option.text)
    return new SharedBudget(this.#books, `${this.#path}${part}/`)
  }

  join(holder: BudgetHolder): BudgetShare {
    checkOptions(`${name}.join`, holder, holderRules)
    checkArgument(`${name}.join`, 'name', holder?.name, option.text)
    return new Share(this.#books, `${this.#path}${holder.name}`, holder)
  }

  resize(maxBytes: number): void {
    checkArgument(name, 'maxBytes', maxBytes, rules.maxBytes)
    this.#books.bytes.resize(maxBytes)
  }
}

class Share implements BudgetShare {
  readonly #books: Books
  readonly #sharer: Sharer

  constructor(books: Books, name: string, holder: BudgetHolder) {
    this.#books = books
    this.#sharer = books.bytes.join({
      giveBack: holder.giveBack && ((bytes) => holder.giveBack?.(bytes)),
      onRoom: holder.onRoom && (() => holder.onRoom?.()),
    })
    books.holders.set(this.#sharer, name)
  }

  get bytesHeld(): number {
    return this.#sharer.held
  }

  take(bytes: number): boolean {
    const isGranted = this.#books.bytes.take(this.#sharer, bytes)
    this.#notePeak()
    return isGranted
  }

  setHeld(bytes: number): void {
    this.#books.bytes.setHeld(this.#sharer, bytes)
    this.#notePeak()
  }

  leave(): void {
    this.#books.holders.delete(this.#sharer)
    this.#books.bytes.leave(this.#sharer)
  }

  #notePeak(): void {
    const books = this.#books
    if (books.bytes.held > books.peak) books.peak = books.bytes.held
  }
}

/**
 * One bound on memory for many stages: made once, and given as the option `budget` to all that hold entries.
 *
 * - Each holder has a **share**, `maxBytes` by the number of holders. Half of it is kept free for it, so that it gets it at
 *   once; the other half, and what is left of a share beyond, is lent to whoever wants more.
 * - Who is **over its share** gets nothing more while another one wants some of its own, and gives back: one that drops
 *   (`whenFull`, the ring of a live sink) drops its oldest at once, one that blocks does so as it delivers.
 * - Who is **denied** does as it does when it is full: makes what comes before it wait, or drops. Who waits is called as
 *   soon as there is room.
 * - A holder that holds nothing may hold **one item** whatever the others hold, so that everything goes on. So the bound is
 *   `maxBytes` and, for each holder, at most the one item that it had to take: a read block (64 KiB), or one line.
 *
 * The bounds of each stage (`maxBytes`, `maxEntries`) hold as they do without it. What is counted by whom, and what a process
 * holds besides, is in docs/memory.md.
 *
 * @throws OptionError `BAD_OPTION`
 *
 * @example
 * ```ts
 * import { byteBudget, fanOut, memoryBuffer } from '@logwisp/core'
 * import { httpClientSink, sseSink } from '@logwisp/sinks'
 *
 * const budget = byteBudget({ maxBytes: 64 * 1024 * 1024 })
 * const sinks = fanOut([
 *   sseSink({ port: 8080, budget }),
 *   [memoryBuffer({ budget: budget.within('archive') }), httpClientSink('https://logs.example/in', { budget })],
 * ])
 * setInterval(() => console.log(budget.stats.bytesHeld), 10_000).unref()
 * ```
 */
export function byteBudget(options: ByteBudgetOptions): ByteBudget {
  checkOptions(name, options, rules)
  checkArgument(name, 'maxBytes', options?.maxBytes, rules.maxBytes)
  return new SharedBudget({ bytes: new SharedBytes(options.maxBytes), holders: new Map(), peak: 0 }, '')
}
