/**
 * Whatever is done to log files, and whenever the source is paused, stopped or killed: every line that is anywhere on
 * the disk is given, in its file's order, whole, and once; after a kill perhaps again, then under the same id. Nothing else is given.
 *
 * Random schedules against a model, on real files. `LOGWISP_MODEL_RUNS` says how many, `LOGWISP_MODEL_SEED` which.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'vitest'
import { type Action, type Follower, oneDirectory, runSchedule } from './schedule.ts'

const runs = Number(process.env['LOGWISP_MODEL_RUNS'] ?? 40)
const seed = Number(process.env['LOGWISP_MODEL_SEED'] ?? 20_261_121)

const width = fc.oneof(
  { weight: 8, arbitrary: fc.nat(40) },
  { weight: 1, arbitrary: fc.integer({ min: 200, max: 3000 }) },
)
const count = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 5 }) },
  { weight: 1, arbitrary: fc.integer({ min: 50, max: 4000 }) },
)

const does = <Kind extends Action['kind']>(kind: Kind) => fc.constant({ kind })

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('write' as const), count, width }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('part' as const), width: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('rotate' as const), create: fc.boolean() }) },
  { weight: 3, arbitrary: does('copytruncate') },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('compress' as const), index: fc.nat(3) }) },
  { weight: 1, arbitrary: does('truncate') },
  { weight: 1, arbitrary: does('delete') },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace' as const), count, width }) },
  { weight: 6, arbitrary: does('sync') },
  { weight: 2, arbitrary: does('turn') },
  { weight: 2, arbitrary: does('pause') },
  { weight: 2, arbitrary: does('resume') },
  { weight: 2, arbitrary: does('stop') },
  { weight: 1, arbitrary: does('crash') },
  { weight: 2, arbitrary: does('save') },
  { weight: 3, arbitrary: does('start') },
)

/** One of a few files. Whatever else an action says, its file may be another. */
const anyFile = fc.tuple(action, fc.nat(2)).map(([what, file]): Action => ({ ...what, file }))

const timeout = 60_000 + runs * 2_000

test(`${runs} random schedules of writing, rotating, truncating, stopping and crashing`, { timeout }, () => {
  return runSchedules('one file', action)
})

test(`${runs} such schedules on the files of a directory`, { timeout }, () => {
  return runSchedules('a directory', anyFile, oneDirectory)
})

async function runSchedules(what: string, actionOf: fc.Arbitrary<Action>, follower?: Follower): Promise<void> {
  let actions = 0
  await fc.assert(
    fc.asyncProperty(fc.array(actionOf, { minLength: 1, maxLength: 40, size: 'max' }), async (schedule) => {
      const directory = await mkdtemp(join(tmpdir(), 'logwisp-model-'))
      try {
        actions += schedule.length
        await runSchedule(directory, schedule, follower)
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    }),
    { numRuns: runs, seed, endOnFailure: process.env['LOGWISP_MODEL_SHRINK'] === undefined },
  )
  console.info(`model of ${what}: ${runs} schedules, ${actions} actions, seed ${seed}`)
}
