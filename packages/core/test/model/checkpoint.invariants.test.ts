/**
 * Wherever a checkpoint is cut off, by a kill or by a power loss, and whatever of its unsynced writes is on the disk
 * then: it opens again, with the positions of the last save that was told or of one begun after it, whole; and it can
 * be saved again.
 *
 * Enumerated, not sampled: every boundary of the calls to the disk × every state that the disk may be left in, once for
 * a run on an empty disk and once for a run on each state that the run before may have left behind.
 * `LOGWISP_RUNS=2` halves the sectors: a million states, a minute or so.
 */

import { afterAll, describe, expect, test } from 'vitest'
import { Checkpoint } from '../../src/checkpoint.ts'
import { checkpointFile } from '../../src/internal/checkpoint-file.ts'
import { type Choices, forEveryChoice } from './choices.ts'
import { Crashed, crashMoments, ModelDisk } from './model-disk.ts'

const runs = Number(process.env['LOGWISP_RUNS'] ?? 1)
/** A file of these tests is three sectors at least, so that they can be on the disk in any order. */
const sectorBytes = runs > 1 ? 16 : 32
const path = '/state/positions.json'
const saves = 3

let boundaries = 0
let states = 0
afterAll(() => console.info(`checkpoint: ${boundaries} boundaries, ${states} states of the disk after a crash`))

/** What a run has been told, and may find. */
interface Told {
  /** The value of the last save that resolved. */
  saved: number
  /** The greatest value that a save was asked for. */
  begun: number
}

type Open = (disk: ModelDisk) => Promise<Checkpoint>

const open: Open = (disk) => Checkpoint.open(checkpointFile(path, disk), { saveIntervalMs: 3_600_000 })

/** Saves values that grow, and ends as a program that the crash takes along. */
async function run(disk: ModelDisk, told: Told, openIt = open): Promise<void> {
  let checkpoint: Checkpoint | undefined
  try {
    checkpoint = await openIt(disk)
    for (let save = 0; save < saves; save++) {
      const value = ++told.begun
      // Two positions that belong together, at both ends of the file.
      checkpoint.set('a', value)
      checkpoint.set('z', 'filling '.repeat(3) + value)
      await checkpoint.save()
      told.saved = value
    }
    await checkpoint.close()
  } catch (error) {
    if (!isCrash(error)) throw error
    await checkpoint?.close().catch(() => {})
  }
}

function isCrash(error: unknown): boolean {
  return error instanceof Crashed || (error as { cause?: unknown }).cause instanceof Crashed
}

/** The disk after a crash, and what must be true of it. */
async function check(disk: ModelDisk, told: Told): Promise<void> {
  const checkpoint = await open(disk)
  const value = (checkpoint.get('a') ?? 0) as number
  expect(value).toBeGreaterThanOrEqual(told.saved)
  expect(value).toBeLessThanOrEqual(told.begun)
  expect(checkpoint.get('z')).toBe(value === 0 ? undefined : 'filling '.repeat(3) + value)
  // What the crash left beside it is in nobody's way, and what is saved now stays.
  checkpoint.set('a', 100)
  await checkpoint.close()
  const again = await open(disk)
  expect(again.get('a')).toBe(100)
  await again.close()
}

async function emptyDisk(options = {}): Promise<ModelDisk> {
  const disk = new ModelDisk({ sectorBytes })
  await disk.mkdir('/state')
  const root = await disk.open('/', 'r')
  await root.sync()
  return disk.afterKill(options)
}

async function boundariesOf(make: (options: object) => Promise<ModelDisk>, told: Told): Promise<number> {
  const disk = await make({})
  await run(disk, { ...told })
  return disk.operations.length
}

describe.each(crashMoments)('a crash %s a call to the disk', (moment) => {
  test('killed: what was written stays', async () => {
    const count = await boundariesOf(emptyDisk, { saved: 0, begun: 0 })
    expect(count).toBeGreaterThan(saves * 4)
    for (let operation = 0; operation < count; operation++) {
      boundaries++
      const disk = await emptyDisk({ crash: { operation, moment } })
      const told = { saved: 0, begun: 0 }
      await run(disk, told)
      expect(disk.isDown).toBe(true)
      states++
      await check(disk.afterKill(), told)
    }
  })

  test('without power: of what was not synced anything may be there', async () => {
    const count = await boundariesOf(emptyDisk, { saved: 0, begun: 0 })
    for (let operation = 0; operation < count; operation++) {
      boundaries++
      const disk = await emptyDisk({ crash: { operation, moment } })
      const told = { saved: 0, begun: 0 }
      await run(disk, told)
      states += await forEveryChoice((choices) => check(disk.afterPowerLoss(choices), told))
    }
  })
})

test('without power, twice: a run on what the first crash left is cut off too', async () => {
  const first = await boundariesOf(emptyDisk, { saved: 0, begun: 0 })
  for (let operation = first - 6; operation < first; operation++) {
    const disk = await emptyDisk({ crash: { operation, moment: 'before' } })
    const told = { saved: 0, begun: 0 }
    await run(disk, told)
    states += await forEveryChoice(async (choices) => {
      const again = (options: object): ModelDisk => disk.afterPowerLoss(choices, options)
      await cutAgain(again, told, choices)
    })
  }
})

async function cutAgain(make: (options: object) => ModelDisk, told: Told, choices: Choices): Promise<void> {
  // A boundary within the first save after the recovery.
  const second = make({ crash: { operation: choices.pick(5), moment: 'after' } })
  const later = { ...told }
  await run(second, later)
  await check(second.afterPowerLoss(choices), later)
}

/** Ways to save that are wrong, so that it is seen that a wrong one does not pass. */
const wrong: Record<string, (disk: ModelDisk, text: string) => Promise<void>> = {
  'without syncing the file': async (disk, text) => {
    const file = await disk.open(`${path}.tmp`, 'w')
    await file.writeFile(text)
    await file.close()
    await disk.rename(`${path}.tmp`, path)
    const directory = await disk.open('/state', 'r')
    await directory.sync()
  },
  'without syncing the directory': async (disk, text) => {
    const file = await disk.open(`${path}.tmp`, 'w')
    await file.writeFile(text)
    await file.sync()
    await file.close()
    await disk.rename(`${path}.tmp`, path)
  },
  'into the file itself': async (disk, text) => {
    const file = await disk.open(path, 'w')
    await file.writeFile(text)
    await file.sync()
    await file.close()
    const directory = await disk.open('/state', 'r')
    await directory.sync()
  },
}

test.each(Object.entries(wrong))('a checkpoint that is written %s would be found out', async (_, replace) => {
  const openWrong: Open = (disk) => {
    const right = checkpointFile(path, disk)
    const text = (positions: readonly string[]): string =>
      `{"format":"logwisp-checkpoint","version":1,"positions":{${positions.join(',')}}}\n`
    return Checkpoint.open({ ...right, replace: (positions) => replace(disk, text(positions)) })
  }
  const whole = await emptyDisk()
  await run(whole, { saved: 0, begun: 0 }, openWrong)
  let found = 0
  for (let operation = 0; operation < whole.operations.length; operation++) {
    const disk = await emptyDisk({ crash: { operation, moment: 'after' } })
    const told = { saved: 0, begun: 0 }
    await run(disk, told, openWrong)
    await forEveryChoice(async (choices) => {
      await check(disk.afterPowerLoss(choices), told).catch(() => found++)
    })
  }
  expect(found).toBeGreaterThan(0)
})
