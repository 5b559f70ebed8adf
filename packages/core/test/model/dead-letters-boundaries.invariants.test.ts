/**
 * Dead letters are rejected, replayed in part, rejected again and replayed, on a model disk that is cut off at every
 * boundary of its calls, and in the middle of each: by a kill, and by a power cut that leaves nothing of what was not synced, all
 * of it, or a mixture (drawn, seed 20261121; `LOGWISP_RUNS=10` draws ten times as many). What `reject` said was safe, and
 * the sink of the replay has not acknowledged, comes out of the next replay, whole, under its id; nothing else does.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterAll, expect, test } from 'vitest'
import { acknowledge, type LogEntry } from '../../src/index.ts'
import { DeadLetterStream } from '../../src/internal/dead-letter/dead-letter-stream.ts'
import { ReplayStream } from '../../src/internal/dead-letter/replay-stream.ts'
import { randomFrom } from '../../src/testing/sample-lines.ts'
import { entryWithId } from '../dead-letter-kit.ts'
import { type Choices, drawn } from './choices.ts'
import { type CrashPlan, ModelDisk } from './model-disk.ts'

const factor = Number(process.env['LOGWISP_RUNS'] ?? 1)
const seed = Number(process.env['LOGWISP_SEED'] ?? 20_261_121)
const settings = { maxBytes: 100_000, maxFileBytes: 700, whenFull: 'block', retryDelayMs: 1 } as const

const nothing: Choices = { pick: () => 0 }
const everything: Choices = { pick: (count) => count - 1 }

let states = 0
let boundaries = 0
const told: Record<string, number> = {}
afterAll(() =>
  console.info(`dead letters: ${boundaries} boundaries, ${states} states after a crash, ${JSON.stringify(told)}`),
)

/** What is known outside of the disk. */
interface Known {
  readonly safe: Set<string>
  readonly done: Set<string>
}

async function reject(disk: ModelDisk, directory: string, from: number, to: number, { safe }: Known): Promise<void> {
  const letters = new DeadLetterStream(directory, settings, disk)
  letters.on('error', () => {})
  for (let first = from; first <= to; first += 2) {
    const ids = [`id ${first}`, `id ${first + 1}`]
    const kept = ids.map((id) =>
      letters.reject(entryWithId(`message of ${id} ${'x'.repeat(100)}`, id), { reason: 'no' }).then(
        () => void safe.add(id),
        () => {},
      ),
    )
    await Promise.all(kept)
  }
  await letters.close().catch(() => {})
}

/** Replays so many, into a sink that has two safe at a time; what it had and not safe is gone with it. */
async function replayed(disk: ModelDisk, directory: string, maxEntries: number, { done }: Known): Promise<LogEntry[]> {
  const source = new ReplayStream(directory, maxEntries, disk)
  source.on('warning', ({ code }) => {
    told[code] = (told[code] ?? 0) + 1
  })
  const given: LogEntry[] = []
  let waiting: LogEntry[] = []
  const settle = (): void => {
    for (const { origin } of waiting) done.add(origin?.id as string)
    const last = waiting.at(-1)
    waiting = []
    if (last !== undefined) acknowledge(last)
  }
  const sink = async (entries: AsyncIterable<LogEntry>): Promise<void> => {
    for await (const entry of entries) {
      given.push(entry)
      waiting.push(entry)
      if (waiting.length === 2) settle()
    }
    settle()
  }
  await pipeline(source, sink).catch(() => {})
  await source.close().catch(() => {})
  return given
}

async function live(directory: string, disk: ModelDisk): Promise<Known> {
  const known: Known = { safe: new Set(), done: new Set() }
  await disk.mkdir(directory, { recursive: true })
  await reject(disk, directory, 1, 6, known)
  await replayed(disk, directory, 3, known)
  await reject(disk, directory, 7, 8, known)
  await replayed(disk, directory, Infinity, known)
  return known
}

test(
  'whatever call is the last one',
  async () => {
    // The lock of a replay is a real file, at the same path.
    const directory = await mkdtemp(join(tmpdir(), 'logwisp-model-'))
    const tryIt = async (crash: CrashPlan | undefined, power: Choices | undefined): Promise<number> => {
      states++
      const first = new ModelDisk({ sectorBytes: 64 })
      await first.mkdir(directory, { recursive: true })
      for (let made = directory; made !== '/'; made = join(made, '..')) {
        const parent = await first.open(join(made, '..'), 'r')
        await parent.sync()
      }
      const disk = first.afterKill({ crash })
      const known = await live(directory, disk)
      const { safe, done } = known
      const left = power === undefined ? disk.afterKill() : disk.afterPowerLoss(power)
      // The next one to reject clears away what a crash left of the one before.
      await reject(left, directory, 1, 0, known)
      const given = await replayed(left, directory, Infinity, { safe: new Set(), done: new Set() })
      const found = given.map(({ origin }) => origin?.id as string)
      for (const { message, origin } of given) expect(message).toBe(`message of ${origin?.id} ${'x'.repeat(100)}`)
      const lost = [...safe].filter((id) => !done.has(id) && !found.includes(id))
      expect(lost, `safe, and gone: ${JSON.stringify(crash)}`).toEqual([])
      expect(new Set(found).size, 'twice in one replay').toBe(found.length)
      const names = Object.keys(left.sizes(directory)).filter((name) => !name.endsWith('.unreadable.ndjson'))
      expect(names, `left over: ${JSON.stringify(crash)}`).toEqual([])
      return disk.operations.length
    }
    try {
      const calls = await tryIt(undefined, undefined)
      expect(calls).toBeGreaterThan(40)
      const random = randomFrom(seed)
      for (let operation = 0; operation < calls; operation++) {
        boundaries++
        for (const moment of ['before', 'middle'] as const) await tryIt({ operation, moment }, undefined)
        const mixtures = Array.from({ length: factor }, () => drawn(random))
        for (const power of [nothing, everything, ...mixtures]) await tryIt({ operation, moment: 'middle' }, power)
      }
    } finally {
      await rm(directory, { recursive: true })
    }
  },
  120_000 * factor,
)
