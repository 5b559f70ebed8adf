/**
 * A log that is copied and cut, and a source that is killed: what comes again has the id that it had, wherever between
 * the changes of the files the last save and the kill fall. Who drops repeats by id stores each line once.
 */

import { once } from 'node:events'
import { appendFile, copyFile, mkdtemp, readdir, rename, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openCheckpoint } from '@logwisp/core'
import { directorySource, type FileSource, fileSource } from '@logwisp/sources'
import { expect, test } from 'vitest'
import { type Collected, collect } from './collect.ts'

type Step = 'write' | 'copytruncate' | 'rotate'

/** Longer than the coarse clock of file systems ticks: what happens at one moment has one time. */
const clockTickMs = 11

/** How many lines each write appends, all of one length: then their places are the same in each generation. */
const linesPerWrite = 3

const kinds = {
  fileSource: (path: string, options: object) => fileSource(path, { ...options, rotateDelayMs: 20 }),
  directorySource: (path: string, options: object) =>
    directorySource(join(path, '..'), { ...options, pattern: 'app.log', scanIntervalMs: 10, rotateDelayMs: 20 }),
}

/** A log, and all that was given of it by sources one after the other. */
class Trial {
  readonly #directory: string
  readonly #kind: keyof typeof kinds
  readonly #header: string
  readonly written: string[] = []
  readonly given: { readonly text: string; readonly id: string }[] = []
  #save: () => Promise<void> = async () => {}
  #running: Collected<FileSource> | undefined

  constructor(directory: string, kind: keyof typeof kinds, header: string) {
    this.#directory = directory
    this.#kind = kind
    this.#header = header
  }

  get #path(): string {
    return join(this.#directory, 'app.log')
  }

  async start(): Promise<void> {
    // It saves when the source has looked for the first time, and when it is told to.
    const checkpoint = await openCheckpoint(join(this.#directory, 'state'), { saveIntervalMs: 3_600_000 })
    const options = { checkpoint, startAt: 'beginning', pollIntervalMs: 10 }
    const running = collect(kinds[this.#kind](this.#path, options))
    this.#running = running
    this.#save = () => checkpoint.save()
    await once(running.source, 'ready')
  }

  async save(): Promise<void> {
    if (this.#running !== undefined) await this.#save()
  }

  async kill(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.destroy()
    for (const { message, origin } of running?.entries ?? []) this.given.push({ text: message, id: origin?.id ?? '' })
  }

  async do(step: Step): Promise<void> {
    await delay(clockTickMs)
    if (step === 'write') return this.#write()
    await this.#shift()
    if (step === 'rotate') return rename(this.#path, `${this.#path}.1`)
    await copyFile(this.#path, `${this.#path}.1`)
    await delay(clockTickMs)
    await truncate(this.#path)
  }

  async #write(): Promise<void> {
    const count = this.written.length
    const lines = Array.from({ length: linesPerWrite }, (_, i) => `line ${String(count + i).padStart(4, '0')}`)
    this.written.push(...lines)
    await appendFile(this.#path, `${this.#header}${lines.join('\n')}\n`)
    await this.catchUp()
  }

  /** Until all that was written was given, now or by an earlier source. */
  async catchUp(): Promise<void> {
    const running = this.#running
    const last = this.written.at(-1)
    if (running === undefined || this.given.some(({ text }) => text === last)) return
    for (let count = 1; !running.entries.some(({ message }) => message === last); count = running.entries.length + 1) {
      await running.messages(count)
    }
  }

  async #shift(): Promise<void> {
    const rotated = (await readdir(this.#directory)).filter((name) => /^app\.log\.\d+$/.test(name)).length
    for (let number = rotated; number > 0; number--) {
      await rename(`${this.#path}.${number}`, `${this.#path}.${number + 1}`)
    }
  }
}

interface Moments {
  readonly save: number
  readonly kill: number
  readonly restart: number
}

/** Runs the steps with a save before step `save`, a kill before step `kill` and a start before step `restart`. */
async function run(kind: keyof typeof kinds, steps: readonly Step[], moments: Moments, header = ''): Promise<Trial> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-copied-'))
  try {
    const trial = new Trial(directory, kind, header)
    await trial.do('write')
    await trial.start()
    await trial.catchUp()
    for (let at = 0; at <= steps.length; at++) {
      if (at === moments.save) await trial.save()
      if (at === moments.kill) await trial.kill()
      if (at === moments.restart) await trial.start()
      if (at === moments.restart) await trial.catchUp()
      if (at < steps.length) await trial.do(steps[at] as Step)
    }
    await trial.kill()
    return trial
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Each way in which a save, a kill and a start can fall between the steps; a save at -1 is none but the first. */
function momentsOf(steps: readonly Step[]): Moments[] {
  const moments: Moments[] = []
  for (let save = -1; save <= steps.length; save++) {
    for (let kill = Math.max(0, save); kill <= steps.length; kill++) {
      moments.push({ save, kill, restart: steps.length })
      if (kill < steps.length) moments.push({ save, kill, restart: kill })
    }
  }
  return moments
}

/** What came under two ids, and ids that two lines have. */
function mistaken({ given }: Trial): { readonly renamed: string[]; readonly shared: string[] } {
  const idOf = new Map<string, string>()
  const textOf = new Map<string, string>()
  const renamed = new Set<string>()
  const shared = new Set<string>()
  for (const { text, id } of given) {
    if (!text.startsWith('line')) continue
    if ((idOf.get(text) ?? id) !== id) renamed.add(text)
    if ((textOf.get(id) ?? text) !== text) shared.add(`${text}, ${textOf.get(id)}`)
    idOf.set(text, id)
    textOf.set(id, text)
  }
  return { renamed: [...renamed], shared: [...shared] }
}

/** All at once would have more files open than a machine may allow. */
const atOnce = 12

async function runAll(kind: keyof typeof kinds, steps: readonly Step[], header = ''): Promise<[Moments, Trial][]> {
  const trials: [Moments, Trial][] = []
  const left = momentsOf(steps)
  const work = async (): Promise<void> => {
    for (let moments = left.pop(); moments !== undefined; moments = left.pop()) {
      trials.push([moments, await run(kind, steps, moments, header)])
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return trials
}

/** Whether the file system of temporary files tells when a file was made, by which a copy is told. */
async function tellsBirth(): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-copied-'))
  try {
    const path = join(directory, 'made')
    await appendFile(path, 'a')
    await delay(clockTickMs)
    await appendFile(path, 'b')
    const { birthtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return birthtimeNs > 0n && birthtimeNs < ctimeNs
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const isTold = await tellsBirth()
if (!isTold) console.warn(`${tmpdir()} does not tell when a file was made: the ids of copies are not tested`)

const rotatedThenCopied: Step[] = ['rotate', 'write', 'copytruncate', 'write', 'rotate', 'write', 'rotate', 'write']
const copiedEachTime: Step[] = ['copytruncate', 'write', 'copytruncate', 'write', 'copytruncate', 'write']

test.skipIf(!isTold).each<[string, keyof typeof kinds, Step[], string]>([
  ['a log that was rotated, then copied and cut, then rotated again', 'fileSource', rotatedThenCopied, ''],
  ['a log that is copied and cut each time', 'fileSource', copiedEachTime, ''],
  ['such a log of a directory', 'directorySource', copiedEachTime, ''],
  ['a log that begins with the same line after each cut', 'fileSource', copiedEachTime, 'a header\n'],
])(
  '%s gives after a kill what it gave before by the same ids, and nothing else by them',
  async (_, kind, steps, header) => {
    const texts = header === '' ? [] : [header.trimEnd()]
    for (const [moments, trial] of await runAll(kind, steps, header)) {
      expect({ ...moments, ...mistaken(trial) }).toEqual({ ...moments, renamed: [], shared: [] })
      expect(new Set(trial.given.map(({ text }) => text))).toEqual(new Set([...texts, ...trial.written]))
    }
  },
)
