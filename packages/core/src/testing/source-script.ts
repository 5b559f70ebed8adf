/** Sources that give what a test says when the test says, fail when they are told, and can be opened again. */

import { type Batch, isBatch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import { EntryReadable, type EntrySource } from '../entry-readable.ts'
import { checkArgument, checkOptions, type OptionRule, option } from '../options.ts'
import type { Origin } from '../origin.ts'
import { RecordingTracker } from './recording-tracker.ts'
import { entriesIn } from './sample-lines.ts'
import { ScriptLog, type ScriptNote } from './script-note.ts'

type Item = LogEntry | Batch

/** What a {@link sourceScript} does at a moment; one of `lines`, `entries` and `failWith`. */
export type SourceStep = {
  /** When, counted from when the script was made; not before the step before it. Unit: ms of the clock. */
  readonly atMs: number
} & (
  | { /** Gives these lines, as a batch; none: it only waits. */ readonly lines: readonly string[] }
  | { /** Gives these entries, with origins of its own. */ readonly entries: readonly LogEntry[] }
  | { /** Dies of this. */ readonly failWith: Error }
)

/** The options of {@link sourceScript}. */
export interface SourceScriptOptions {
  /** The `source` of its lines, and the beginning of their ids. @default 'scripted.log' */
  readonly name?: string | undefined
  /** Whether it goes on after the last step, so that it must be told to `stop()`. @default false */
  readonly endless?: boolean | undefined
}

/** What a {@link sourceScript} writes down. */
export type SourceNote = ScriptNote<'opened' | 'gave' | 'acknowledged' | 'failed' | 'ended' | 'closed'>

/** What {@link sourceScript} returns. */
export interface SourceScript {
  /** What happened, in order, over all openings. */
  readonly log: readonly SourceNote[]
  /** The messages that are acknowledged: a source that is opened now does not give them again. */
  readonly acknowledged: readonly string[]
  /**
   * A source for a pipeline. One that is opened later is the same source after a restart: it gives what was given and
   * not acknowledged, with the same ids, and goes on with the script; what came due meanwhile comes at once.
   */
  open(): EntrySource
}

/** Tells how far the acknowledgements have come. */
class ScriptTracker extends RecordingTracker {
  readonly #onAdvance: (from: number, to: number) => void
  #told = 0

  constructor(name: string, onAdvance: (from: number, to: number) => void) {
    super(name)
    this.#onAdvance = onAdvance
  }

  /** The place of an entry: the one that a line of one character would have. */
  nextPlace(): Origin {
    const [line] = this.entries(['-'])
    return (line as LogEntry).origin as Origin
  }

  override acknowledge(origin: Origin): void {
    super.acknowledge(origin)
    const from = this.#told
    if (origin.sequence <= from) return
    this.#told = origin.sequence
    this.#onAdvance(from, origin.sequence)
  }
}

/** What all openings share. */
class Script implements SourceScript {
  readonly notes = new ScriptLog<SourceNote['what']>()
  readonly acknowledged: string[] = []
  readonly #steps: readonly SourceStep[]
  readonly #endless: boolean
  readonly #tracker: ScriptTracker
  #next = 0
  /** What was taken off the script and is not acknowledged. */
  #unsafe: Item[] = []

  constructor(steps: readonly SourceStep[], { name = 'scripted.log', endless = false }: SourceScriptOptions) {
    this.#steps = steps
    this.#endless = endless
    this.#tracker = new ScriptTracker(name, (from, to) => this.#advance(from, to))
  }

  get log(): readonly SourceNote[] {
    return this.notes.all
  }

  open(): EntrySource {
    return new ScriptedSource(this, this.#unsafe, this.#endless)
  }

  /** How long it is until the next step; undefined when there is none. */
  get waitMs(): number | undefined {
    const step = this.#steps[this.#next]
    return step === undefined ? undefined : Math.max(0, step.atMs - this.notes.elapsedMs)
  }

  /** Takes the next step: what it gives, or what it dies of. */
  take(): Error | readonly Item[] {
    const step = this.#steps[this.#next++] as SourceStep
    if ('failWith' in step) return step.failWith
    const items =
      'lines' in step
        ? [this.#tracker.batch(step.lines, Date.now())]
        : step.entries.map((entry) => ({ ...entry, origin: this.#tracker.nextPlace() }))
    this.#unsafe.push(...items)
    return items
  }

  #advance(from: number, to: number): void {
    const safe = this.#unsafe.flatMap((item) => part(item, from, to))
    this.acknowledged.push(...entriesIn(safe).map(({ message }) => message))
    this.notes.addEntries('acknowledged', safe)
    this.#unsafe = this.#unsafe.flatMap((item) => part(item, to, Infinity))
  }
}

/** What of an item has its place behind `from`, and not behind `to`: a batch with fewer lines; an entry, or nothing. */
function part(item: Item, from: number, to: number): Item[] {
  const isWithin = (origin: Origin | undefined): boolean =>
    origin !== undefined && origin.sequence > from && origin.sequence <= to
  if (!isBatch(item)) return isWithin(item.origin) ? [item] : []
  const lines = item.select((start, _end, next) => isWithin(item.originOf(start, next)))
  return lines.count > 0 ? [lines] : []
}

class ScriptedSource extends EntryReadable {
  readonly #script: Script
  readonly #endless: boolean
  /** What is to be given before the script goes on. */
  readonly #due: Item[]
  #timer: NodeJS.Timeout | undefined

  constructor(script: Script, again: readonly Item[], endless: boolean) {
    super()
    this.#script = script
    this.#endless = endless
    this.#due = [...again]
    script.notes.add('opened')
  }

  protected override pull(): void {
    if (this.#timer !== undefined) return
    for (;;) {
      const item = this.#due.shift()
      if (item !== undefined) {
        if (!this.#pass(item)) return
        continue
      }
      const { waitMs } = this.#script
      if (waitMs === undefined) return this.#endless ? undefined : this.stop()
      if (waitMs > 0) return this.#wait(waitMs)
      const taken = this.#script.take()
      if (taken instanceof Error) return this.#fail(taken)
      this.#due.push(...taken)
    }
  }

  #pass(item: Item): boolean {
    this.took(isBatch(item) ? item.count : 1)
    this.#script.notes.addEntries('gave', [item])
    return this.give(item)
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.pull()
    }, Math.ceil(ms))
  }

  #fail(error: Error): void {
    this.#script.notes.add('failed')
    this.destroy(error)
  }

  override stop(): void {
    clearTimeout(this.#timer)
    this.#script.notes.add('ended')
    super.stop()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    this.#script.notes.add('closed')
    super._destroy(error, callback)
  }
}

const isTime = (value: unknown): boolean => typeof value === 'number' && value >= 0 && Number.isFinite(value)

const stepsRule: OptionRule = {
  expected: 'an array of steps in the order of their atMs, each with one of lines, entries and failWith',
  accepts: (value) =>
    Array.isArray(value) &&
    value.every((step: Partial<Record<string, unknown>>, index) => {
      const { atMs, ...rest } = step ?? {}
      const [what] = Object.keys(rest)
      const isKnown = what === 'failWith' ? rest[what] instanceof Error : Array.isArray(rest[what as string])
      const isOne = Object.keys(rest).length === 1 && ['lines', 'entries', 'failWith'].includes(what as string)
      return isTime(atMs) && isOne && isKnown && (atMs as number) >= (value[index - 1]?.atMs ?? 0)
    }),
}

/**
 * A script for sources: what they give at which time of the clock, which a {@link fakeClock} turns, and when they die.
 * A source waits as long as it is not read, as a file does, gives stable ids, and remembers what was acknowledged; to
 * `open()` another one is what a restart is.
 *
 * A source ends after the last step, unless the script is `endless`. Order kept; nothing dropped.
 *
 * @throws OptionError `BAD_OPTION`.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { collectingSink, fakeClock, sourceScript } from '@logwisp/core/testing'
 *
 * const clock = await fakeClock()
 * const script = sourceScript([
 *   { atMs: 0, lines: ['started', 'listening'] },
 *   { atMs: 2_000, failWith: new Error('the disk is gone') },
 *   { atMs: 9_000, lines: ['request 1'] },
 * ])
 * await clock.until(pipeline(script.open(), collectingSink())).catch(() => {})
 * await clock.until(pipeline(script.open(), collectingSink()))
 * console.log(script.acknowledged, clock.elapsedMs) // [ 'started', 'listening', 'request 1' ] 9000
 * clock.restore()
 * ```
 */
export function sourceScript(steps: readonly SourceStep[], options: SourceScriptOptions = {}): SourceScript {
  checkArgument('sourceScript', 'steps', steps, stepsRule)
  checkOptions('sourceScript', options, { name: option.text, endless: option.boolean })
  return new Script(steps, options)
}
