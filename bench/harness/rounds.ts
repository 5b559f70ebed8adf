/** Runs a contest in rounds: everyone once a round, in an order that turns around from round to round. */

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contest, Contestant, RunResult } from './contest.ts'

/** What came of a contestant. */
export interface Standing {
  readonly contestant: Contestant
  /** By round; one that was too slow for all rounds has fewer. */
  readonly runs: readonly RunResult[]
  /** Why it gave up; then it takes no further part. */
  readonly failure?: string | undefined
}

export interface RoundsOptions {
  readonly rounds: number
  /** One that has used this much time takes no part in further rounds: a slow peer need not be slow five times. */
  readonly maxMsEach: number
  readonly directory: string
  /** Told before each run. */
  readonly progress: (what: string) => void
}

/**
 * The order in one round. Turning it around each time gives everyone the same neighbours and the same mean place, so a
 * machine that slows down, or warms up, does so for all.
 */
export function orderOf<Item>(items: readonly Item[], round: number): readonly Item[] {
  return round % 2 === 0 ? items : items.toReversed()
}

/** Runs them all. */
export async function runRounds(contest: Contest, options: RoundsOptions): Promise<Standing[]> {
  const { rounds, maxMsEach, progress } = options
  const able = contest.contestants.filter(({ missing }) => missing === undefined)
  const standings = new Map(able.map((one) => [one, { runs: [] as RunResult[], usedMs: 0, failure: '' }]))
  for (let round = 0; round < rounds; round++) {
    for (const contestant of orderOf(able, round)) {
      const standing = standings.get(contestant)
      if (standing === undefined || standing.failure !== '' || standing.usedMs >= maxMsEach) continue
      progress(`round ${round + 1} of ${rounds}: ${contestant.name}`)
      const startedMs = performance.now()
      try {
        standing.runs.push(await runOnce(contestant, join(options.directory, 'run')))
      } catch (error) {
        standing.failure = (error as Error).message
      }
      standing.usedMs += performance.now() - startedMs
    }
  }
  return [...standings].map(([contestant, { runs, failure }]) => ({ contestant, runs, failure: failure || undefined }))
}

async function runOnce(contestant: Contestant, directory: string): Promise<RunResult> {
  await mkdir(directory)
  try {
    return await contestant.run(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
