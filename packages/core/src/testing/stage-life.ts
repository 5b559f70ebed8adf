/** The part of the contracts that is the same for every stage: how it is destroyed, fails, and keeps its books. */

import assert from 'node:assert/strict'
import type { Readable, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { LogEntry } from '../entry.ts'
import type { StageStats } from '../stats.ts'
import { within } from './contract-check.ts'

/** A stream that a contract tries; those of LogWisp have `stats` too. */
export type Stage = Readable | Writable

/** Counts what a stream says of its end. */
export class EndWatch {
  readonly errors: Error[] = []
  #closes = 0
  readonly #closed: Promise<void>

  constructor(stage: Stage) {
    stage.on('error', (error: Error) => this.errors.push(error))
    this.#closed = new Promise((resolve) => {
      stage.on('close', () => {
        this.#closes++
        resolve()
      })
    })
  }

  /** Whether `close` came. */
  get closed(): boolean {
    return this.#closes > 0
  }

  /** Waits for `close`, and a little longer for anything that must not follow it. */
  async closes(timeoutMs: number, when: string): Promise<void> {
    await within(timeoutMs, `emit 'close' ${when}`, this.#closed)
    await turns(3)
    assert.equal(this.#closes, 1, `${when} 'close' must come once, came ${this.#closes} times`)
  }
}

/** Lets the event loop go round a few times. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

/** Destroys a stage and waits for it: no error, one `close`. */
export async function destroyQuietly(stage: Stage, timeoutMs: number, when: string): Promise<void> {
  const watch = new EndWatch(stage)
  stage.destroy()
  await watch.closes(timeoutMs, `after destroy() ${when}`)
  assert.deepEqual(watch.errors, [], `destroy() ${when} must not emit 'error'`)
  stage.destroy()
  await turns(2)
}

/** Its books, when it keeps any. */
export function booksOf(stage: Stage): StageStats | undefined {
  const { stats } = stage as Stage & { readonly stats?: StageStats }
  return stats !== undefined && typeof stats.entriesIn === 'number' ? stats : undefined
}

/** Checks that in = out + dropped + held, and dropped is the sum of its reasons. */
export function checkBooks(stage: Stage, when: string): void {
  const books = booksOf(stage)
  if (books === undefined) return
  const { entriesIn, entriesOut, entriesDropped, entriesHeld, dropped } = books
  const sum = entriesOut + entriesDropped + entriesHeld
  const told = `in ${entriesIn}, out ${entriesOut}, dropped ${entriesDropped}, held ${entriesHeld}`
  assert.equal(
    entriesIn,
    sum,
    `${when}: the books must balance, entriesIn = entriesOut + entriesDropped + entriesHeld; got ${told}`,
  )
  assert.ok(
    Math.min(entriesIn, entriesOut, entriesDropped, entriesHeld) >= 0,
    `${when}: no count is below 0; got ${told}`,
  )
  const reasons = Object.values(dropped).reduce((total, count) => total + count, 0)
  assert.equal(reasons, entriesDropped, `${when}: \`dropped\` must name a reason for each entry in entriesDropped`)
  assert.ok(Object.isFrozen(books) && Object.isFrozen(dropped), `${when}: \`stats\` must be a frozen snapshot`)
}

/** Gives the items, and looks at the stage's books before each. */
export function* whileCheckingBooks<T>(stage: Stage, items: Iterable<T>): Generator<T> {
  for (const item of items) {
    checkBooks(stage, 'while entries flow')
    yield item
  }
}

/** An entry as it can be compared, whichever way it came. */
export function comparable(entry: LogEntry): Record<string, unknown> {
  const { origin, ...rest } = entry
  const all = Object.entries({ ...rest, sequence: origin?.sequence, id: origin?.id })
  return Object.fromEntries(all.filter(([, value]) => value !== undefined))
}
