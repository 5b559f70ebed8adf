/** Every clause of the contracts fails on a stage with exactly that defect, and says which it is. */

import { AssertionError } from 'node:assert'
import { openSync } from 'node:fs'
import { type Duplex, Readable, Transform, type TransformCallback, Writable } from 'node:stream'
import { afterAll, describe, expect, test } from 'vitest'
import {
  acknowledge,
  type Batch,
  EntryReadable,
  EntryTransform,
  EntryWritable,
  entryTransform,
  isBatch,
  isLogEntry,
  type LogEntry,
  memoryBuffer,
  type StageStats,
} from '../src/index.ts'
import {
  type ContractCheck,
  checkOptionErrors,
  collectingSink,
  filterContract,
  givingSource,
  leavesNothing,
  RecordingTracker,
  sampleLines,
  sinkContract,
  sourceContract,
} from '../src/testing.ts'

type Item = LogEntry | Batch
type Callback = (error?: Error | null) => void

/** No stage here needs it, but those that never do what they should take all of it, each time. */
const timeoutMs = 100
const lines = sampleLines(60)

/** The clauses that some broken stage has failed. */
const failed = new Set<string>()

/** Runs the clauses whose name has `clause` in it; each must fail with an `AssertionError` that says `complaint`. */
async function breaks(contract: readonly ContractCheck[], clause: string, complaint: RegExp): Promise<void> {
  const checks = contract.filter(({ name }) => name.includes(clause))
  expect(checks, `no clause says "${clause}"`).not.toHaveLength(0)
  const complaints: string[] = []
  for (const { name, run } of checks) {
    const error: unknown = await run().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (error === undefined) continue
    expect(error, name).toBeInstanceOf(AssertionError)
    complaints.push((error as Error).message)
    failed.add(name)
  }
  expect(complaints.join('\n'), `none of ${checks.length} clauses complained`).toMatch(complaint)
}

const cleanUp: (() => void)[] = []
afterAll(() => {
  for (const undo of cleanUp) undo()
})

/** Everything that a stage can leave behind; undone at the end, or this file would do so too. */
const leaks: Readonly<Record<string, () => void>> = {
  timer: () => {
    const timer = setInterval(() => {}, 60_000).unref()
    cleanUp.push(() => clearInterval(timer))
  },
  'open /dev/null': () => void openSync('/dev/null', 'r'),
  "process listener for 'SIGUSR2'": () => {
    const listener = (): void => {}
    process.on('SIGUSR2', listener)
    cleanUp.push(() => process.off('SIGUSR2', listener))
  },
}

/** A class of stages with a defect in how they are destroyed. */
type Made<S> = () => S

/** The clauses on how a stage ends, by a word of each. */
const ends = ['before it opens', 'once it is open', 'while entries flow', 'with an error', 'at its end', 'is aborted']

/** The defects that any stage may have when it is destroyed, put into a good one. */
function deathDefects<S extends Readable | Writable>(
  good: Made<S>,
  contract: (make: Made<S>) => readonly ContractCheck[],
): void {
  const withDestroy = (destroy: (this: S, error: Error | null, callback: Callback) => void) => () =>
    Object.assign(good(), { _destroy: destroy })
  test.each(Object.entries(leaks))('leaves a %s behind', async (name, leak) => {
    const make = withDestroy((error, callback) => {
      leak()
      callback(error)
    })
    for (const clause of name === 'timer' ? ends : ends.slice(1, 2))
      await breaks(contract(make), clause, new RegExp(`left behind: .*${name}`))
  })
  test('never closes', async () => {
    for (const clause of ends) await breaks(contract(withDestroy(() => {})), clause, /did not .*(close|end)/)
  })
  test('closes twice', async () => {
    const make = withDestroy(function (this: S, error, callback) {
      setImmediate(() => this.emit('close'))
      callback(error)
    })
    await breaks(contract(make), 'once it is open', /'close' must come once, came 2 times/)
  })
  test('makes an error of being destroyed', async () => {
    const make = withDestroy((_error, callback) => callback(new Error('who dares')))
    await breaks(contract(make), 'once it is open', /must not emit 'error'/)
    await breaks(contract(make), 'with an error', /must emit that error/)
  })
  test('keeps the error that it is destroyed with to itself', async () => {
    await breaks(contract(withDestroy((_error, callback) => callback())), 'with an error', /must emit that error/)
  })
  test('has an error after its end', async () => {
    const make = withDestroy(function (this: S, error, callback) {
      setImmediate(() => this.emit('error', new Error('late')))
      callback(error)
    })
    await breaks(contract(make), 'at its end', /must not emit 'error'/)
  })
}

describe('a sink that', () => {
  /** Writes what it gets to `arrived`; the defects override a step. */
  class Sink extends Writable {
    readonly arrived: string[] = []
    constructor() {
      super({ objectMode: true })
    }
    override _write(chunk: unknown, _encoding: BufferEncoding, callback: Callback): void {
      if (!isLogEntry(chunk)) return callback(new TypeError('no entry'))
      this.put(chunk)
      this.acknowledge(chunk)
      callback()
    }
    put(entry: LogEntry): void {
      this.arrived.push(entry.message)
    }
    acknowledge(entry: LogEntry): void {
      acknowledge(entry)
    }
  }
  class Taker extends EntryWritable {
    readonly arrived: string[] = []
    protected override consume(items: readonly Item[]): void {
      for (const item of items) for (const { message } of isBatch(item) ? item : [item]) this.arrived.push(message)
    }
  }
  const received = (sink: Writable) => (sink as Sink).arrived
  const contract = (make: () => Writable, more: object = {}) =>
    sinkContract(make, { timeoutMs, lines, received, ...more })

  test('loses an entry', async () => {
    class Loses extends Sink {
      override put(entry: LogEntry): void {
        if (entry.message !== lines[30]) super.put(entry)
      }
    }
    await breaks(
      contract(() => new Loses()),
      'puts everything',
      /what arrives must be what was written/,
    )
  })
  test('changes the order', async () => {
    class Reverses extends Sink {
      override put(entry: LogEntry): void {
        this.arrived.unshift(entry.message)
      }
    }
    await breaks(
      contract(() => new Reverses()),
      'puts everything',
      /what arrives must be what was written, in order/,
    )
  })
  test('makes less of a batch', async () => {
    class Less extends Taker {
      protected override consume(items: readonly Item[]): void {
        super.consume(items.map((item) => (isBatch(item) && item.count > 1 ? item.split(item.count - 1)[0] : item)))
      }
    }
    for (const how of ['as one batch', 'as batches cut', 'mixed', 'empty ones'])
      await breaks(
        contract(() => new Less()),
        how,
        /what arrives/,
      )
  })
  test('chokes on a batch of one line', async () => {
    class Chokes extends Taker {
      protected override consume(items: readonly Item[]): void {
        super.consume(items.filter((item) => !isBatch(item) || item.count > 1))
      }
    }
    await breaks(
      contract(() => new Chokes()),
      'of one line',
      /what arrives/,
    )
  })
  test('never acknowledges', async () => {
    class Silent extends Sink {
      override acknowledge(): void {}
    }
    await breaks(
      contract(() => new Silent()),
      'puts everything',
      /must have acknowledged everything/,
    )
    await breaks(
      contract(() => new Silent()),
      'several sources',
      /must have acknowledged everything/,
    )
  })
  test('acknowledges out of order', async () => {
    class Swaps extends Sink {
      #before: LogEntry | undefined
      override acknowledge(entry: LogEntry): void {
        acknowledge(entry)
        if (this.#before !== undefined) acknowledge(this.#before)
        this.#before = entry
      }
    }
    await breaks(
      contract(() => new Swaps()),
      'puts everything',
      /must come in order/,
    )
  })
  test('mixes up sources', async () => {
    class Mixes extends Sink {
      #last: LogEntry | undefined
      override acknowledge(entry: LogEntry): void {
        this.#last ??= entry
        if (entry.origin !== undefined) this.#last.origin?.tracker.acknowledge(entry.origin)
      }
    }
    await breaks(
      contract(() => new Mixes()),
      'several sources',
      /own tracker/,
    )
  })
  test('does not finish when nothing was written', async () => {
    class Stays extends Sink {
      override _final(callback: Callback): void {
        if (this.arrived.length > 0) callback()
      }
    }
    await breaks(
      contract(() => new Stays()),
      'nothing was written',
      /did not emit 'close'/,
    )
  })
  test('takes anything for an entry', async () => {
    class Lax extends Sink {
      override _write(chunk: unknown, _encoding: BufferEncoding, callback: Callback): void {
        if (isLogEntry(chunk)) super._write(chunk, _encoding, callback)
        else callback()
      }
    }
    await breaks(
      contract(() => new Lax()),
      'refuses what is no entry',
      /did not emit 'close'/,
    )
  })
  test('goes on after its first error', async () => {
    // Node hands over what it had buffered: this sink is written as one would at first.
    await breaks(
      contract(() => new Sink()),
      'refuses what is no entry',
      /acknowledge nothing after its first error/,
    )
    class QuietlyGoesOn extends Sink {
      #failed = false
      override _write(chunk: unknown, encoding: BufferEncoding, callback: Callback): void {
        this.#failed ||= !isLogEntry(chunk)
        super._write(chunk, encoding, callback)
      }
      override acknowledge(entry: LogEntry): void {
        if (!this.#failed) super.acknowledge(entry)
      }
    }
    await breaks(
      contract(() => new QuietlyGoesOn()),
      'refuses what is no entry',
      /write nothing after its first error/,
    )
  })
  test('has wrong books', async () => {
    class Forgets extends Taker {
      override get stats(): StageStats {
        return Object.freeze({ ...super.stats, entriesOut: 0 })
      }
    }
    await breaks(
      contract(() => new Forgets()),
      'puts everything',
      /books must balance/,
    )
    class Thaws extends Taker {
      override get stats(): StageStats {
        return { ...super.stats }
      }
    }
    await breaks(
      contract(() => new Thaws()),
      'puts everything',
      /frozen/,
    )
    class NoReason extends Taker {
      override get stats(): StageStats {
        const { entriesIn, entriesOut } = super.stats
        return Object.freeze({ ...super.stats, entriesIn: entriesIn + 1, entriesOut, entriesDropped: 1 })
      }
    }
    await breaks(
      contract(() => new NoReason()),
      'puts everything',
      /name a reason/,
    )
  })
  test('fails and acknowledges what it did not deliver', async () => {
    class AcknowledgesLate extends Sink {
      override _write(chunk: unknown, _encoding: BufferEncoding, callback: Callback): void {
        if (this.arrived.length === 50) return callback(new Error('full'))
        this.put(chunk as LogEntry)
        setImmediate(() => setImmediate(() => this.acknowledge(chunk as LogEntry)))
        callback()
      }
    }
    await breaks(
      contract(() => new Sink(), { makeFailing: () => new AcknowledgesLate() }),
      'fails once',
      /nothing after its/,
    )
    class GoesOn extends Sink {
      #count = 0
      override _write(chunk: unknown, encoding: BufferEncoding, callback: Callback): void {
        if (++this.#count === 55) callback(new Error('full'))
        else super._write(chunk, encoding, callback)
      }
    }
    await breaks(
      contract(() => new Sink(), { makeFailing: () => new GoesOn() }),
      'fails once',
      /written after its failure/,
    )
    class AcknowledgesEarly extends EntryWritable {
      readonly arrived: string[] = []
      constructor() {
        super({ acknowledge: 'by-hand' })
      }
      protected override consume(items: readonly Item[]): void {
        for (const item of items) {
          this.delivered(item)
          if (this.arrived.length === 50) throw new Error('full')
          this.arrived.push((item as LogEntry).message)
        }
      }
    }
    await breaks(
      contract(() => new Sink(), { makeFailing: () => new AcknowledgesEarly() }),
      'fails once',
      /must have arrived/,
    )
  })
  test('is said to fail and does not', async () => {
    await breaks(
      contract(() => new Sink(), { makeFailing: () => new Sink() }),
      'fails once',
      /one 'error', not 0/,
    )
  })
  test('takes more and more while its destination takes nothing', async () => {
    class Hoards extends Taker {}
    await breaks(
      contract(() => new Sink(), { makeStuck: () => new Hoards() }),
      'makes the writer wait',
      /write\(\) must return false/,
    )
    class HoardsUnseen extends Writable {
      constructor() {
        super({ objectMode: true, highWaterMark: 1 })
      }
      #count = 0
      override _write(_chunk: unknown, _encoding: BufferEncoding, callback: Callback): void {
        if (++this.#count < 150) setImmediate(callback)
      }
    }
    const options = { makeStuck: () => new HoardsUnseen(), maxHeldEntries: 100 }
    await breaks(
      contract(() => new Sink(), options),
      'makes the writer wait',
      /at most 100 entries, took/,
    )
  })
  describe('dies badly:', () => deathDefects(() => new Taker(), contract))

  test('has been shown to fail every clause', () => {
    const all = contract(() => new Sink(), { makeFailing: () => new Sink(), makeStuck: () => new Sink() })
    expect(all.map(({ name }) => name).filter((name) => !failed.has(name))).toEqual([])
  })
})

describe('a filter that', () => {
  const contract = (make: () => Duplex, more: object = {}) => filterContract(make, { timeoutMs, lines, ...more })
  const good = () => entryTransform({ entry: (entry) => entry })
  const everything = { expected: (entries: readonly LogEntry[]) => entries }

  /** A Transform that knows entries only. */
  class Plain extends Transform {
    constructor() {
      super({ objectMode: true })
    }
    override _transform(chunk: unknown, _encoding: BufferEncoding, callback: TransformCallback): void {
      if (!isLogEntry(chunk)) return callback(new TypeError('no entry'))
      this.change(chunk)
      callback()
    }
    change(entry: LogEntry): void {
      this.push(entry)
    }
  }

  test('loses an entry', async () => {
    class Loses extends Plain {
      override change(entry: LogEntry): void {
        if (entry.message !== lines[30]) this.push(entry)
      }
    }
    await breaks(
      contract(() => new Loses(), everything),
      'gives the same',
      /what comes out must be the same/,
    )
  })
  test('changes the order', async () => {
    class Swaps extends Plain {
      #before: LogEntry | undefined
      override change(entry: LogEntry): void {
        if (this.#before === undefined) {
          this.#before = entry
          return
        }
        this.push(entry)
        this.push(this.#before)
        this.#before = undefined
      }
    }
    await breaks(
      contract(() => new Swaps(), everything),
      'gives the same',
      /what comes out/,
    )
    await breaks(
      contract(() => new Swaps()),
      'gives each entry the origin',
      /keep their order/,
    )
  })
  test('selects other lines of a batch than of entries', async () => {
    const make = () => entryTransform({ entry: (entry) => entry, batch: (batch) => batch.select((start) => start > 0) })
    for (const how of ['as one batch', 'as batches of one', 'cut at random', 'mixed', 'empty ones'])
      await breaks(contract(make), how, /what comes out/)
  })
  test('keeps what it holds when it ends', async () => {
    class Keeps extends EntryTransform {
      #kept: Item | undefined
      protected override handle(item: Item): void {
        if (this.#kept !== undefined) this.give(this.#kept)
        this.#kept = item
      }
    }
    await breaks(
      contract(() => new Keeps(), everything),
      'gives the same',
      /what comes out/,
    )
  })
  test('drops everything', async () => {
    await breaks(
      contract(() => entryTransform({ entry: () => undefined })),
      'gives the same',
      /let at least one/,
    )
  })
  test('loses origins', async () => {
    const make = () => entryTransform({ entry: ({ time, source, message }) => ({ time, source, message }) })
    await breaks(contract(make), 'gives each entry the origin', /last entry must have an origin/)
  })
  test('makes origins up', async () => {
    const tracker = new RecordingTracker()
    const make = () => entryTransform({ entry: (entry) => ({ ...entry, origin: { tracker, sequence: 1, id: 'x' } }) })
    await breaks(contract(make), 'gives each entry the origin', /none that the filter was given/)
  })
  test('does not say how far it came', async () => {
    class Quiet extends EntryTransform {
      protected override handle(item: Item): void {
        if (isBatch(item) && item.count === 0) return
        this.give(item)
      }
    }
    await breaks(
      contract(() => new Quiet()),
      'how far its source has come',
      /must end where the one taken did/,
    )
  })
  test('changes the entries it was given', async () => {
    class Scribbles extends Plain {
      override change(entry: LogEntry): void {
        this.push(Object.assign(entry, { message: entry.message.trim() }))
      }
    }
    await breaks(
      contract(() => new Scribbles()),
      'changes no entry',
      /must not change an entry/,
    )
  })
  test('takes everything while nobody reads', async () => {
    class Hoards extends Plain {
      readonly #held: LogEntry[] = []
      override change(entry: LogEntry): void {
        this.#held.push(entry)
      }
      override _flush(callback: TransformCallback): void {
        for (const entry of this.#held) this.push(entry)
        callback()
      }
    }
    await breaks(
      contract(() => new Hoards()),
      'while nobody reads',
      /at most 200 entries may be inside, there were \d+/,
    )
    await breaks(
      contract(() => memoryBuffer({ maxEntries: 500 })),
      'while nobody reads',
      /there were 5\d\d/,
    )
  })
  test('does not end', async () => {
    class Stays extends Plain {
      override _flush(): void {}
    }
    await breaks(
      contract(() => new Stays()),
      'ends when nothing',
      /did not end/,
    )
  })
  test('takes anything for an entry', async () => {
    class Lax extends Plain {
      override _transform(chunk: unknown, _encoding: BufferEncoding, callback: TransformCallback): void {
        callback(null, chunk)
      }
    }
    await breaks(
      contract(() => new Lax()),
      'refuses what is no entry',
      /did not emit 'close'/,
    )
  })
  test('has wrong books', async () => {
    class Forgets extends EntryTransform {
      protected override handle(item: Item): void {
        this.give(item)
      }
      override get stats(): StageStats {
        const books = super.stats
        return Object.freeze({ ...books, entriesIn: books.entriesIn + 1 })
      }
    }
    await breaks(
      contract(() => new Forgets()),
      'gives the same',
      /books must balance/,
    )
  })
  describe('dies badly:', () => deathDefects(good, contract))

  test('gives entries after it has closed', async () => {
    const make = () => {
      const stage = good()
      return stage.once('close', () =>
        setImmediate(() => stage.emit('data', new RecordingTracker().entries(['late'])[0])),
      )
    }
    await breaks(contract(make), 'while entries flow', /no entry may come after 'close'/)
  })

  test('has been shown to fail every clause', () => {
    expect(
      contract(good)
        .map(({ name }) => name)
        .filter((name) => !failed.has(name)),
    ).toEqual([])
  })
})

describe('a source that', () => {
  const contract = (make: () => Readable, more: object = {}) =>
    sourceContract(make, { timeoutMs, messages: lines, rereads: true, ...more })
  const entries = () => new RecordingTracker().entries(lines)
  const good = () => givingSource(entries())

  test('loses, repeats or swaps entries', async () => {
    for (const spoil of [
      (all: LogEntry[]) => all.toSpliced(20, 1),
      (all: LogEntry[]) => all.toSpliced(20, 0, all[20] as LogEntry),
      (all: LogEntry[]) => all.toSpliced(20, 2, all[21] as LogEntry, all[20] as LogEntry),
    ]) {
      const make = () => givingSource(spoil(entries()))
      for (const clause of ['once, in order, and ends', 'that takes batches', 'reader comes late', 'reader holds back'])
        await breaks(contract(make), clause, /must give its entries once, in order/)
    }
  })
  test('gives other lines in batches', async () => {
    const make = () => {
      const batch = new RecordingTracker().batch(lines)
      return Object.assign(givingSource([batch]), {
        emit(this: Readable, event: string, chunk: unknown) {
          return Object.getPrototypeOf(this).emit.call(
            this,
            event,
            event === 'data' && isBatch(chunk) ? chunk.split(50)[0] : chunk,
          )
        },
      })
    }
    await breaks(contract(make), 'that takes batches', /once, in order|same entries/)
  })
  test('shows batches to everybody', async () => {
    const make = () => Object.assign(Readable.from([new RecordingTracker().batch(lines)]), { stop() {} })
    await breaks(contract(make), 'once, in order, and ends', /must get entries only/)
  })
  test('does not wait for its first reader', async () => {
    const make = () => {
      const source = new Readable({ objectMode: true, read() {} })
      const all = entries()
      setImmediate(() => source.resume())
      const next = (): void => {
        const entry = all.shift()
        source.push(entry ?? null)
        if (entry !== undefined) setImmediate(next)
      }
      setImmediate(next)
      return source
    }
    await breaks(contract(make), 'reader comes late', /once, in order/)
  })
  test('does not care whether it is read', async () => {
    const make = () => {
      const source = new Readable({ objectMode: true, read() {} })
      const all = entries()
      const next = (): void => {
        const entry = all.shift()
        source.push(entry ?? null)
        if (entry !== undefined) setImmediate(next)
      }
      setImmediate(() => setImmediate(next))
      return source
    }
    await breaks(contract(make), 'reader holds back', /must wait for _read\(\).*it pushed \d+ more/)
  })
  test('does not end', async () => {
    const make = () => {
      const source = good()
      return Object.assign(source, {
        push: (chunk: unknown) => (chunk === null ? false : Object.getPrototypeOf(source).push.call(source, chunk)),
      })
    }
    await breaks(contract(make), 'once, in order, and ends', /did not give 60 entries and end \(it gave 60\)/)
    await breaks(contract(make), 'stop() before', /did not end after stop/)
  })
  test('can not be stopped', async () => {
    await breaks(
      contract(() => Readable.from(entries())),
      'lets out what was read',
      /must have a method stop/,
    )
    await breaks(
      contract(() => Readable.from(entries())),
      'stop() before',
      /must have a method stop/,
    )
  })
  test('loses what it has read when it is stopped', async () => {
    class Drops extends EntryReadable {
      readonly #ahead = entries()
      constructor() {
        super()
        this.took(this.#ahead.length)
      }
      protected override pull(): void {
        const entry = this.#ahead.shift()
        if (entry === undefined) this.finish()
        else this.give(entry)
      }
      override get stats(): StageStats {
        return this.books(this.#ahead.length)
      }
    }
    await breaks(
      contract(() => new Drops()),
      'lets out what was read',
      /must let out what it holds/,
    )
  })
  test('has wrong books', async () => {
    class Forgets extends EntryReadable {
      readonly #all = entries()
      protected override pull(): void {
        const entry = this.#all.shift()
        if (entry === undefined) this.finish()
        else this.give(entry)
      }
    }
    await breaks(
      contract(() => new Forgets()),
      'once, in order',
      /books must balance/,
    )
  })
  test('has no origins, the same for two lines, falling ones, or others each time', async () => {
    let made = 0
    for (const [spoil, complaint] of [
      [(entry: LogEntry) => ({ ...entry, origin: undefined }), /has no origin/],
      [(entry: LogEntry) => ({ ...entry, origin: entry.origin && { ...entry.origin, id: 'same' } }), /same id/],
      [
        (entry: LogEntry) => ({ ...entry, origin: entry.origin && { ...entry.origin, sequence: 1 } }),
        /sequences must grow/,
      ],
      [
        (entry: LogEntry) => ({
          ...entry,
          origin: entry.origin && { ...entry.origin, id: `${made}${entry.origin.id}` },
        }),
        /same id each time/,
      ],
    ] as const) {
      const make = () => {
        made++
        return givingSource(entries().map(spoil))
      }
      await breaks(contract(make), 'gives every entry an origin', complaint)
    }
  })
  describe('dies badly:', () => deathDefects(good, contract))

  test('has been shown to fail every clause', () => {
    expect(
      contract(good)
        .map(({ name }) => name)
        .filter((name) => !failed.has(name)),
    ).toEqual([])
  })
})

describe('checkOptionErrors', () => {
  const bad = { maxEntries: [0, 1.5, '10', Number.NaN], whenFull: ['wait'] }
  test('passes a factory that refuses them all', () => {
    checkOptionErrors((options) => memoryBuffer(options), bad)
  })
  test('complains of one that takes what it must not, or does not say which', () => {
    expect(() => checkOptionErrors(() => collectingSink(), bad)).toThrow(/\{"maxEntries":0\} must be refused when/)
    expect(() =>
      checkOptionErrors(() => {
        throw new Error('no')
      }, bad),
    ).toThrow(/with the code BAD_OPTION/)
    expect(() => checkOptionErrors(() => memoryBuffer({ maxBytes: 0 }), bad)).toThrow(/must name `maxEntries`/)
    expect(() => checkOptionErrors((options) => memoryBuffer(options), { maxEntries: [Infinity] })).toThrow(
      /must be refused/,
    )
  })
})

test('leavesNothing waits for what closes a little later', async () => {
  await leavesNothing(1000, async () => void setTimeout(() => {}, 20))
})
