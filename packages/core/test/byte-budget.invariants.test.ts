/**
 * A budget never lets more be held than it may, but for one item of a holder that holds nothing else; what is kept free for
 * a holder it gets at once; whoever waits is called as soon as there is room; and whatever is joined in whatever way, all
 * that goes in comes out: for any holders, sizes, arrivals and departures.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BudgetShare, type ByteBudget, byteBudget } from '../src/index.ts'

const microtasks = async (): Promise<void> => {
  // A call may lead to another one.
  for (let i = 0; i < 8; i++) await Promise.resolve()
}

type Kind = 'blocks' | 'drops the newest' | 'drops the oldest'

/** A holder as stages are, with the sizes of what it holds. */
class Holder {
  readonly kind: Kind
  readonly share: BudgetShare
  items: number[] = []
  /** What it waits with. */
  waiting: number | undefined
  /** How often it was called and did not get what it waits with. */
  calls = 0

  constructor(budget: ByteBudget, kind: Kind) {
    this.kind = kind
    this.share = budget.join({
      name: kind,
      ...(kind === 'blocks' && {
        onRoom: () => {
          this.calls++
          if (this.waiting !== undefined) this.put(this.waiting)
          // Who is called is not called in vain.
          if (this.waiting === undefined) this.calls--
        },
      }),
      ...(kind === 'drops the oldest' && {
        giveBack: (bytes) => {
          const target = this.held - bytes
          while (this.held > target) this.take()
        },
      }),
    })
  }

  get held(): number {
    return this.items.reduce((sum, size) => sum + size, 0)
  }

  put(size: number): void {
    this.waiting = undefined
    while (!this.share.take(size)) {
      if (this.kind === 'blocks') this.waiting = size
      if (this.kind !== 'drops the oldest') return
      this.take()
    }
    this.items.push(size)
  }

  take(): void {
    this.items.shift()
    this.share.setHeld(this.held)
  }
}

/** As `expect`, at a fraction of its cost: these are asked hundreds of thousands of times. */
function check(holds: boolean, what: string): void {
  if (!holds) expect.fail(what)
}

const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0)

const kind = fc.constantFrom<Kind>('blocks', 'drops the newest', 'drops the oldest')
const which = fc.nat(99)

const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('put' as const), which, size: fc.integer({ min: 1, max: 60 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('join' as const), kind }) },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

describe('with any holders that take, give back, come and go', () => {
  const run = async (maxBytes: number, kinds: readonly Kind[], steps: readonly Step[]) => {
    const budget = byteBudget({ maxBytes })
    let holders = kinds.map((kind) => new Holder(budget, kind))
    const share = (): number => budget.stats.shareBytes
    const keptFree = (): number => Math.floor(share() / 2)
    const committed = (): number => sum(holders.map(({ held }) => Math.max(held, keptFree())))
    for (const one of steps) {
      const holder = 'which' in one ? holders[one.which % Math.max(1, holders.length)] : undefined
      if (one.do === 'join') holders.push(new Holder(budget, one.kind))
      else if (holder === undefined) continue
      else if (one.do === 'leave') {
        holder.share.leave()
        holders = holders.filter((other) => other !== holder)
      } else if (one.do === 'take') {
        if (holder.items.length > 0) holder.take()
      } else if (holder.waiting === undefined) {
        const wasAlone = holder.held === 0
        const hadFree = committed() <= maxBytes && holder.held + one.size <= keptFree()
        const others = holders.filter((other) => other !== holder && other.held > share())
        const isOwed = holder.held + one.size <= share() && others.every(({ kind }) => kind === 'drops the oldest')
        const before = holder.items.length
        holder.put(one.size)
        const isIn = holder.items.length > before
        if (hadFree || isOwed || wasAlone) check(isIn, 'what is its own, or the first item, is granted')
        // Above the bound, or into what is kept free for others, only for who had nothing.
        if (isIn && !wasAlone) {
          check(sum(holders.map(({ held }) => held)) <= maxBytes, 'only a first item goes beyond the bound')
          if (holder.held > keptFree()) check(committed() <= maxBytes, 'what is kept free for others stays so')
        }
      }
      await microtasks()

      check(
        holders.every(({ calls }) => calls === 0),
        'who is called gets what it waits with',
      )
      const held = sum(holders.map(({ held }) => held))
      const { stats } = budget
      check(stats.bytesHeld === held, 'all is counted')
      check(
        stats.holders.every(({ bytesHeld }, index) => bytesHeld === holders[index]?.held),
        'of each',
      )
      // The largest that it has, to be on the safe side.
      const first = sum(holders.map(({ items }) => Math.max(0, ...items)))
      check(held <= maxBytes + first, 'beyond the bound is one item for each holder at most')

      // Nobody waits for what is there, even if all that others were denied of their own came first.
      const claims = holders.map(({ waiting = 0, held }) =>
        held + waiting <= share() ? Math.max(held + waiting, keptFree()) - Math.max(held, keptFree()) : 0,
      )
      // What a holder that drops was denied last, too: at most one item of each.
      const others = 60 * holders.filter(({ kind }) => kind !== 'blocks').length
      for (const [index, { waiting, held }] of holders.entries()) {
        if (waiting === undefined) continue
        check(held > 0, 'nobody waits with its first item')
        const more = Math.max(held + waiting, keptFree()) - Math.max(held, keptFree())
        const claimed = sum(claims.filter((_, other) => other !== index)) + others
        check(committed() + more + claimed > maxBytes, 'nobody waits for what is there')
      }
    }
  }

  test('the bound holds, what is kept free is there, and nobody is forgotten', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        fc.array(kind, { minLength: 1, maxLength: 6 }),
        fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }),
        run,
      ),
      {
        numRuns: 600,
        seed: 11,
      },
    )
  })
})

/** A stage with a queue, as a memory buffer is: does nothing by itself but when something comes, goes or is let in. */
class Stage {
  readonly #queue: number[] = []
  readonly #share: BudgetShare
  readonly #next: Stage | Sink
  #door: number | undefined
  /** Whom it made wait. */
  #before: () => void = () => {}

  constructor(budget: ByteBudget, next: Stage | Sink) {
    this.#next = next
    this.#share = budget.join({ name: 'stage', onRoom: () => this.#letIn() })
    next.whenReady(() => this.#giveOn())
  }

  whenReady(tell: () => void): void {
    this.#before = tell
  }

  get isReady(): boolean {
    return this.#door === undefined
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0 && this.#door === undefined
  }

  write(size: number): void {
    this.#door = size
    this.#letIn()
  }

  leave(): void {
    this.#share.leave()
  }

  #letIn(): void {
    if (this.#door === undefined || !this.#share.take(this.#door)) return
    this.#queue.push(this.#door)
    this.#door = undefined
    this.#giveOn()
    this.#before()
  }

  #giveOn(): void {
    while (this.#next.isReady && this.#queue.length > 0) {
      const size = this.#queue.shift() as number
      this.#share.setHeld(sum(this.#queue))
      this.#next.write(size)
    }
  }
}

/** Takes one item at a time, and has delivered it when it is told. */
class Sink {
  readonly delivered: number[] = []
  #item: number | undefined
  #before: () => void = () => {}

  whenReady(tell: () => void): void {
    this.#before = tell
  }

  get isReady(): boolean {
    return this.#item === undefined
  }

  write(size: number): void {
    this.#item = size
  }

  /** Whether there was something. */
  deliver(): boolean {
    if (this.#item === undefined) return false
    this.delivered.push(this.#item)
    this.#item = undefined
    this.#before()
    return true
  }
}

class Chain {
  readonly sink = new Sink()
  readonly stages: Stage[] = []
  readonly #items: number[]
  readonly #left: number[]

  constructor(budget: ByteBudget, length: number, items: readonly number[]) {
    this.#items = [...items]
    this.#left = [...items]
    let next: Stage | Sink = this.sink
    for (let i = 0; i < length; i++) {
      next = new Stage(budget, next)
      this.stages.push(next)
    }
    const [first] = this.stages.slice(-1) as [Stage]
    const feed = (): void => {
      while (first.isReady && this.#left.length > 0) first.write(this.#left.shift() as number)
    }
    first.whenReady(feed)
    feed()
  }

  check(): void {
    expect(this.sink.delivered).toEqual(this.#items)
    expect(this.#left).toEqual([])
    expect(this.stages.every(({ isEmpty }) => isEmpty)).toBe(true)
  }
}

const chain = fc.record({
  length: fc.integer({ min: 1, max: 4 }),
  items: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 25 }),
  /** Whose sink stands still until all others are done. */
  isStuck: fc.boolean(),
  comesLate: fc.boolean(),
})

describe('of stages that wait for each other', () => {
  test('nothing is stuck: all that goes in comes out, in order, whoever comes later or stands still', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        fc.array(chain, { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.nat(1000)),
        async (maxBytes, wanted, chance) => {
          const budget = byteBudget({ maxBytes })
          const make = ({ length, items, isStuck }: (typeof wanted)[number]) => ({
            isStuck,
            chain: new Chain(budget, length, items),
          })
          const chains = wanted.filter(({ comesLate }) => !comesLate).map(make)
          const late = wanted.filter(({ comesLate }) => comesLate)
          /** Delivers in any order, until nobody has anything to deliver. */
          const settle = async (moving: typeof chains): Promise<void> => {
            for (;;) {
              await microtasks()
              const start = chance.next().value
              const at = moving.findIndex((_, i) => moving[(i + start) % moving.length]?.chain.sink.isReady === false)
              if (at < 0) return
              moving[(at + start) % moving.length]?.chain.sink.deliver()
            }
          }
          const moving = () => chains.filter(({ isStuck }) => !isStuck)
          await settle(moving())
          for (const one of late) chains.push(make(one))
          await settle(moving())
          for (const { chain } of moving()) chain.check()
          // Those that are done go, and leave their share.
          for (const { chain } of moving()) for (const stage of chain.stages) stage.leave()
          await settle(chains)
          for (const { chain } of chains) chain.check()
          expect(budget.stats.bytesHeld).toBe(0)
        },
      ),
      { numRuns: 400, seed: 12 },
    )
  })

  test('nobody starves: who wants its own has it once those over their share have let go of as much', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 200, max: 2000 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 40 }),
        async (maxBytes, greedyCount, size) => {
          const budget = byteBudget({ maxBytes })
          const greedy = Array.from({ length: greedyCount }, () => new Holder(budget, 'blocks'))
          // They have all of it, and want more at any moment.
          const want = (): void => {
            for (const holder of greedy) while (holder.waiting === undefined) holder.put(size)
          }
          want()
          const before = greedy.map(({ held }) => held)
          const late = new Holder(budget, 'blocks')
          let letGo = 0
          while (late.held + size <= budget.stats.shareBytes) {
            if (late.waiting === undefined) late.put(size)
            await microtasks()
            want()
            if (late.waiting === undefined) continue
            const over = greedy.filter(({ held }) => held > budget.stats.shareBytes)
            expect(over).not.toEqual([])
            over[0]?.take()
            letGo += size
            await microtasks()
            want()
          }
          // Others of them may lack some of their own too, and asked first. In whole items, of each that had some of it.
          const toOthers = sum(greedy.map(({ held }, index) => Math.max(0, held - (before[index] as number))))
          expect(letGo).toBeLessThanOrEqual(late.held + toOthers + (greedyCount + 1) * size)
        },
      ),
      { numRuns: 200, seed: 13 },
    )
  })
})
