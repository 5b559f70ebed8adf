/** Runs a schedule of actions on a real file, its model and a `fileSource`, and compares. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { acknowledge, type Checkpoint, type LogEntry, openCheckpoint } from '@logwisp/core'
import { type FileSource, fileSource } from '../src/index.ts'
import { FileModel } from './file-model.ts'

export type Action =
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

/** Far longer than anything takes: who gets here has lost a line. */
const giveUpMs = Number(process.env['LOGWISP_GIVE_UP_MS'] ?? 10_000)

class Run {
  readonly model: FileModel
  readonly #checkpointPath: string
  readonly #path: string
  readonly #given: { readonly text: string; readonly id: string }[] = []
  readonly #counts = new Map<string, number>()
  #source: FileSource | undefined
  #checkpoint: Checkpoint | undefined
  #ended: Promise<void> | undefined
  #crashed = false

  constructor(directory: string) {
    this.#path = join(directory, 'app.log')
    this.#checkpointPath = join(directory, 'positions.json')
    this.model = new FileModel(this.#path, (text) => this.#counts.has(text))
  }

  async do(action: Action): Promise<void> {
    const { model } = this
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
    const source = fileSource(this.#path, {
      startAt: 'beginning',
      checkpoint: this.#checkpoint,
      pollIntervalMs: 10,
      rotateDelayMs: 20,
    })
    this.#source = source
    source.on('data', (entry: LogEntry) => {
      if (this.#source !== source) return
      const text = entry.message
      this.#given.push({ text, id: entry.origin?.id ?? '' })
      this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1)
      acknowledge(entry)
    })
    this.#ended = new Promise((resolve, reject) => source.on('end', resolve).on('error', reject))
    this.#ended.catch(() => {})
    // What is done before it has looked for the first time is not its to know.
    while (this.#checkpoint.get(`file:${this.#path}`) === undefined) await delay(1)
    // Nor what is done before that was saved for the first time.
    await this.#checkpoint.save()
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
    await this.#checkpoint?.close()
    this.#checkpoint = undefined
    this.#source = undefined
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
    const unfinished = this.model.unfinished
    const missing = (): string[] =>
      this.model.lines
        .filter((line) => line.required && line !== unfinished && !this.#counts.has(line.text))
        .map(({ text }) => text.slice(0, 40))
    const untilMs = Date.now() + giveUpMs
    while (missing().length > 0) {
      if (Date.now() > untilMs) assert.deepEqual(missing(), [], 'lines are missing')
      await delay(2)
    }
  }

  check(): void {
    const lines = new Map(this.model.lines.map((line, index) => [line.text, { line, index }]))
    const ids = new Map<string, string>()
    let last = -1
    for (const { text, id } of this.#given) {
      const known = lines.get(text)
      if (known === undefined) {
        // Of a line that was destroyed while it was being written, what had been read may be given.
        const part = this.model.lines.some((line) => !line.required && line.text.startsWith(text))
        assert.ok(part, `this was never written: ${text.slice(0, 60)}`)
        continue
      }
      assert.ok(this.#crashed || this.#counts.get(text) === 1, `${this.#counts.get(text)} times: ${text.slice(0, 40)}`)
      if (!known.line.copied) assert.equal(ids.get(text) ?? id, id, `given again with another id: ${text.slice(0, 40)}`)
      const isFirst = !ids.has(text)
      ids.set(text, id)
      // An unfinished last line of a rotated file comes when nobody can finish it any more.
      if (!isFirst || !known.line.whole) continue
      assert.ok(known.index > last, `out of order: ${text.slice(0, 40)}`)
      last = known.index
    }
    assert.equal(new Set(ids.values()).size, ids.size, 'two lines have one id')
  }
}

/** Runs a schedule from start to end; throws what is wrong. */
export async function runSchedule(directory: string, schedule: readonly Action[]): Promise<void> {
  const run = new Run(directory)
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
