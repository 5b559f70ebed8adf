/** Runs a schedule of actions on real files, their models and a source that follows them, and compares. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { acknowledge, type Checkpoint, type LogEntry, openCheckpoint, sumAccounts } from '@logwisp/core'
import { directorySource, type FileSource, fileSource } from '../src/index.ts'
import { FileModel } from './file-model.ts'

/** What is done; `file` says to which of several files, the first without it. */
export type Action = { readonly file?: number } & (
  | { readonly kind: 'write'; readonly count: number; readonly width: number }
  | { readonly kind: 'part'; readonly width: number }
  | { readonly kind: 'rotate'; readonly create: boolean }
  | { readonly kind: 'compress'; readonly index: number }
  | { readonly kind: 'replace'; readonly count: number; readonly width: number }
  | { readonly kind: 'copytruncate' | 'truncate' | 'delete' }
  /** Wait until everything is given; let the event loop turn a few times; stop taking lines, take them again. */
  | { readonly kind: 'sync' | 'turn' | 'pause' | 'resume' }
  /** Stop the source, or kill it; save its positions; start it again. */
  | { readonly kind: 'stop' | 'crash' | 'save' | 'start' }
)

/** Far longer than anything takes: who gets here has lost a line. */
const giveUpMs = Number(process.env['LOGWISP_GIVE_UP_MS'] ?? 10_000)

/** What follows the files: how many there are, and the source. */
export interface Follower {
  readonly files: number
  open(directory: string, checkpoint: Checkpoint): FileSource
}

const timing = { startAt: 'beginning', pollIntervalMs: 10, rotateDelayMs: 20 } as const

const oneFile: Follower = {
  files: 1,
  open: (directory, checkpoint) => fileSource(join(directory, 'app-0.log'), { ...timing, checkpoint }),
}

/** A directory of three files. */
export const oneDirectory: Follower = {
  files: 3,
  open: (directory, checkpoint) =>
    directorySource(directory, { ...timing, checkpoint, pattern: 'app-*.log', scanIntervalMs: 10, maxOpenFiles: 2 }),
}

class Run {
  readonly #models: readonly FileModel[]
  readonly #checkpointPath: string
  readonly #directory: string
  readonly #follower: Follower
  readonly #given: { readonly text: string; readonly id: string }[] = []
  readonly #counts = new Map<string, number>()
  #source: FileSource | undefined
  #checkpoint: Checkpoint | undefined
  /** What the books said was delivered when the source began, and how much was given before that. */
  #deliveredBefore = 0
  #givenBefore = 0
  #ended: Promise<void> | undefined
  #crashed = false

  constructor(directory: string, follower: Follower) {
    this.#directory = directory
    this.#follower = follower
    this.#checkpointPath = join(directory, 'positions.json')
    const isGiven = (text: string): boolean => this.#counts.has(text)
    this.#models = Array.from({ length: follower.files }, (_, file) => {
      return new FileModel(join(directory, `app-${file}.log`), isGiven, follower.files === 1 ? '' : `${file}/`)
    })
  }

  async makeFiles(): Promise<void> {
    for (const model of this.#models) await model.create()
  }

  async do(action: Action): Promise<void> {
    const model = this.#models[(action.file ?? 0) % this.#models.length] as FileModel
    if (action.kind === 'write') return model.write(action.count, action.width)
    if (action.kind === 'part') return model.writePart(action.width)
    if (action.kind === 'rotate') return model.rotate(action.create)
    if (action.kind === 'compress') return model.compress(action.index)
    if (action.kind === 'replace') return model.replace(action.count, action.width)
    if (action.kind === 'copytruncate') return model.copyTruncate()
    if (action.kind === 'truncate') return model.truncate()
    if (action.kind === 'delete') return model.delete()
    if (action.kind === 'sync') return this.sync()
    if (action.kind === 'turn') return delay(3)
    if (action.kind === 'pause') return void this.#source?.pause()
    if (action.kind === 'resume') return void this.#source?.resume()
    if (action.kind === 'stop') return this.stop()
    if (action.kind === 'crash') return this.#crash()
    if (action.kind === 'save') return this.#checkpoint?.save()
    return this.start()
  }

  async start(): Promise<void> {
    if (this.#source !== undefined) return
    // It saves only when it is told to, so that a crash is one.
    this.#checkpoint = await openCheckpoint(this.#checkpointPath, { saveIntervalMs: 3_600_000 })
    const source = this.#follower.open(this.#directory, this.#checkpoint)
    this.#source = source
    this.#givenBefore = this.#given.length
    this.#deliveredBefore = deliveredBy(this.#checkpoint)
    source.on('data', (entry: LogEntry) => {
      if (this.#source !== source) return
      const text = entry.message
      this.#given.push({ text, id: entry.origin?.id ?? '' })
      this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1)
      acknowledge(entry)
    })
    this.#ended = new Promise((resolve, reject) => source.on('end', resolve).on('error', reject))
    this.#ended.catch(() => {})
    // What is done before it has looked for the first time, and saved what it saw, is not its to know.
    await once(source, 'ready')
  }

  async stop(): Promise<void> {
    const source = this.#source
    if (source === undefined) return
    source.resume()
    source.stop()
    await within(this.#ended as Promise<void>, () => 'the source does not end')
    const { entriesIn, entriesOut, entriesDropped, entriesHeld } = source.stats
    assert.deepEqual({ entriesHeld, entriesDropped }, { entriesHeld: 0, entriesDropped: 0 })
    assert.equal(entriesIn, entriesOut)
    this.#checkBooks(source)
    await this.#checkpoint?.close()
    this.#checkpoint = undefined
    this.#source = undefined
  }

  /** Each line that was given is delivered in the books once; what was given after the last save before a crash, when it came again. */
  #checkBooks({ ledger }: FileSource): void {
    const { entries, delivered, dropped, covered, inFlight } = sumAccounts('all', ledger)
    const lost = dropped['position-lost']?.entries ?? 0
    const given = this.#deliveredBefore + this.#given.length - this.#givenBefore
    assert.deepEqual({ delivered, covered, inFlight }, { delivered: given, covered: 0, inFlight: 0 })
    assert.equal(entries, delivered + lost)
    if (!this.#crashed) assert.deepEqual({ delivered, lost }, { delivered: this.#given.length, lost: 0 })
  }

  async #crash(): Promise<void> {
    const source = this.#source
    if (source === undefined) return
    this.#source = undefined
    this.#checkpoint = undefined
    this.#crashed = true
    await new Promise((resolve) => source.once('close', resolve).destroy())
  }

  /** Until everything that must come has come. */
  async sync(): Promise<void> {
    await this.start()
    this.#source?.resume()
    const missing = (): string[] => this.#models.flatMap((model) => this.#missingOf(model))
    const untilMs = Date.now() + giveUpMs
    while (missing().length > 0) {
      if (Date.now() > untilMs) assert.deepEqual(missing(), [], 'lines are missing')
      await delay(2)
    }
  }

  #missingOf({ lines, unfinished }: FileModel): string[] {
    return lines
      .filter((line) => line.required && line !== unfinished && !this.#counts.has(line.text))
      .map(({ text }) => text.slice(0, 40))
  }

  check(): void {
    const written = this.#models.flatMap(({ lines }, file) => lines.map((line, index) => ({ line, index, file })))
    const lines = new Map(written.map((known) => [known.line.text, known]))
    const ids = new Map<string, string>()
    const last = new Map<number, number>()
    for (const { text, id } of this.#given) {
      const known = lines.get(text)
      if (known === undefined) {
        // Of a line that was destroyed while it was being written, what had been read may be given.
        const part = written.some(({ line }) => !line.required && line.text.startsWith(text))
        assert.ok(part, `this was never written: ${text.slice(0, 60)}`)
        continue
      }
      assert.ok(this.#crashed || this.#counts.get(text) === 1, `${this.#counts.get(text)} times: ${text.slice(0, 40)}`)
      if (!known.line.copied) assert.equal(ids.get(text) ?? id, id, `given again with another id: ${text.slice(0, 40)}`)
      const isFirst = !ids.has(text)
      ids.set(text, id)
      // An unfinished last line of a rotated file comes when nobody can finish it any more.
      if (!isFirst || !known.line.whole) continue
      assert.ok(known.index > (last.get(known.file) ?? -1), `out of order: ${text.slice(0, 40)}`)
      last.set(known.file, known.index)
    }
    assert.equal(new Set(ids.values()).size, ids.size, 'two lines have one id')
  }
}

/** How much was delivered by the books that a checkpoint has. */
function deliveredBy(checkpoint: Checkpoint): number {
  let delivered = 0
  for (const key of checkpoint.keys()) {
    const position = checkpoint.get(key) as { readonly books?: SavedBooks; readonly sum?: unknown } | true
    if (position === true) continue
    const books = 'sum' in position ? (position as SavedBooks) : position.books
    delivered += (books?.sum.d ?? 0) + (books?.partly?.sure.d ?? 0)
  }
  return delivered
}

interface SavedBooks {
  readonly sum: { readonly d?: number }
  readonly partly?: { readonly sure: { readonly d?: number } }
}

/** Runs a schedule from start to end, on one file unless `follower` says otherwise; throws what is wrong. */
export async function runSchedule(
  directory: string,
  schedule: readonly Action[],
  follower: Follower = oneFile,
): Promise<void> {
  const run = new Run(directory, follower)
  // Who looks after a directory knows what it has seen there: not what came and went between two looks.
  if (follower.files > 1) await run.makeFiles()
  await run.start()
  for (const action of schedule) await run.do(action)
  await run.sync()
  await run.stop()
  run.check()
}

async function within<Result>(promise: Promise<Result>, say: () => string): Promise<Result> {
  const late = new AbortController()
  const timeout = delay(giveUpMs, undefined, { signal: late.signal }).then(() => assert.fail(say()))
  timeout.catch(() => {})
  try {
    return await Promise.race([promise, timeout])
  } finally {
    late.abort()
  }
}
