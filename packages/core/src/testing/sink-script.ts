/** Sinks that take, wait, refuse and fail as a test says, and write down what happened when. */

import { type Batch, isBatch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import { type EntrySink, EntryWritable } from '../entry-writable.ts'
import { entriesOf } from '../internal/bounded-queue.ts'
import { checkArgument, type OptionRule, option } from '../options.ts'
import { entriesIn } from './sample-lines.ts'
import { ScriptLog, type ScriptNote } from './script-note.ts'

type Item = LogEntry | Batch

/** What a {@link sinkScript} does with the entries that come next. */
export type SinkStep =
  | {
      /** Takes so many entries, and acknowledges them. */
      readonly takes: number
      /** How long each of them takes. Unit: ms of the clock. @default 0 */
      readonly delayMs?: number | undefined
    }
  | {
      /** Drops so many entries under the reason `refused`, and acknowledges them: there is no use in trying again. */
      readonly refuses: number
    }
  | {
      /** Dies of this when the next entry comes. */
      readonly failWith: Error
    }

/** What a {@link sinkScript} writes down. */
export type SinkNote = ScriptNote<'opened' | 'took' | 'refused' | 'failed' | 'finished' | 'closed'>

/** What {@link sinkScript} returns. */
export interface SinkScript {
  /** What happened, in order, over all openings. */
  readonly log: readonly SinkNote[]
  /** The messages that were taken, over all openings. */
  readonly messages: readonly string[]
  /** A sink for a pipeline. One that is opened later goes on with the script where the one before has come to. */
  open(): EntrySink
}

/** What all openings share. */
class Script implements SinkScript {
  readonly notes = new ScriptLog<SinkNote['what']>()
  readonly messages: string[] = []
  readonly #steps: readonly SinkStep[]
  #next = 0
  /** Entries that the step has had. */
  #used = 0

  constructor(steps: readonly SinkStep[]) {
    this.#steps = steps
  }

  get log(): readonly SinkNote[] {
    return this.notes.all
  }

  open(): EntrySink {
    return new ScriptedSink(this)
  }

  /** The step that is for the next entry, and for how many more. A script that is over takes everything. */
  get step(): { readonly step: SinkStep; readonly entries: number } {
    const step = this.#steps[this.#next]
    if (step === undefined) return { step: { takes: Infinity }, entries: Infinity }
    const entries = 'takes' in step ? step.takes : 'refuses' in step ? step.refuses : 0
    return { step, entries: entries - this.#used }
  }

  /** So many entries were dealt with by the step. */
  used(entries: number): void {
    const { entries: left } = this.step
    this.#used += entries
    if (entries < left) return
    this.#used = 0
    this.#next++
  }
}

class ScriptedSink extends EntryWritable {
  readonly #script: Script
  #timer: NodeJS.Timeout | undefined

  constructor(script: Script) {
    super({ acknowledge: 'by-hand' })
    this.#script = script
    script.notes.add('opened')
  }

  protected override async consume(items: readonly Item[]): Promise<void> {
    for (const item of items) await this.#deal(item)
  }

  async #deal(item: Item): Promise<void> {
    // A batch without lines says only how far its source has come.
    if (isBatch(item) && item.count === 0) return this.delivered(item)
    for (let rest: Item | undefined = item; rest !== undefined && !this.destroyed; ) {
      const { step, entries } = this.#script.step
      if ('failWith' in step) {
        this.#script.used(0)
        this.#script.notes.add('failed')
        throw step.failWith
      }
      const isSlow = 'takes' in step && step.delayMs !== undefined
      const [head, tail] = cut(rest, isSlow ? 1 : entries)
      if (isSlow) await this.#wait(step.delayMs as number)
      if (this.destroyed) return
      this.#script.used(entriesOf(head))
      if ('takes' in step) this.#take(head)
      else this.#refuse(head)
      rest = tail
    }
  }

  #take(item: Item): void {
    this.#script.notes.addEntries('took', [item])
    this.#script.messages.push(...entriesIn([item]).map(({ message }) => message))
    this.delivered(item)
  }

  #refuse(item: Item): void {
    this.#script.notes.addEntries('refused', [item])
    this.discard('refused', item)
    // Not `acknowledge(item)`: that would count it as delivered.
    item.origin?.tracker.acknowledge(item.origin)
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = setTimeout(resolve, ms)
    })
  }

  protected override finish(): void {
    this.#script.notes.add('finished')
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    this.#script.notes.add('closed')
    super._destroy(error, callback)
  }
}

/** The first `count` entries, and what is left. */
function cut(item: Item, count: number): readonly [Item, Item | undefined] {
  if (!isBatch(item) || item.count <= count) return [item, undefined]
  return item.split(count)
}

const count = option.integer({ min: 1 })
const delay = option.number({ min: 0 })

const stepsRule: OptionRule = {
  expected: 'an array of { takes, delayMs? }, { refuses } and { failWith }, with whole numbers above 0 and an error',
  accepts: (value) =>
    Array.isArray(value) &&
    value.every((step: Partial<Record<string, unknown>>) => {
      const { takes, delayMs, refuses, failWith, ...others } = step ?? {}
      if (Object.keys(others).length > 0) return false
      if (takes !== undefined) {
        const isAlone = refuses === undefined && failWith === undefined
        return isAlone && count.accepts(takes) && (delayMs === undefined || delay.accepts(delayMs))
      }
      if (delayMs !== undefined) return false
      return failWith === undefined ? count.accepts(refuses) : refuses === undefined && failWith instanceof Error
    }),
}

/**
 * A script for sinks: what they do with the entries that come, one step after the other: take them, at once or slowly,
 * refuse them, or die. After the last step they take everything. Steps count entries, and so mean the same for entries
 * and for batches.
 *
 * Order kept; acknowledges what is taken. Drops what is refused, under the reason `refused`.
 *
 * @throws OptionError `BAD_OPTION`.
 *
 * @example
 * ```ts
 * import { replaceableSink } from '@logwisp/core'
 * import { sinkScript } from '@logwisp/core/testing'
 *
 * const script = sinkScript([{ takes: 2 }, { failWith: new Error('cut') }, { takes: 1, delayMs: 500 }])
 * const sink = replaceableSink(() => script.open())
 * ```
 */
export function sinkScript(steps: readonly SinkStep[] = []): SinkScript {
  checkArgument('sinkScript', 'steps', steps, stepsRule)
  return new Script(steps)
}
