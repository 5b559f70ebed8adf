/** Everyone runs as often as the others, in turned-around order, and one's trouble is not the others'. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Contest, Contestant, RunResult, Scenario } from '../harness/contest.ts'
import { summarize } from '../harness/results.ts'
import { orderOf, runRounds } from '../harness/rounds.ts'
import { median, quantile } from '../harness/statistics.ts'

const directory = mkdtempSync(join(tmpdir(), 'logwisp-bench-test-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const scenario = { name: 'some', title: 'Some.', question: 'throughput' } as Scenario

function result(ms: number, more: Partial<RunResult> = {}): RunResult {
  return { ms, cpuMs: 2 * ms, peakRssBytes: 50_000_000, delivered: 100, ...more }
}

function contestant(name: string, run: Contestant['run']): Contestant {
  return { name, role: 'peer', run }
}

function contestOf(...contestants: Contestant[]): Contest {
  return { lines: 100, bytes: 1_000_000, contestants }
}

const options = { rounds: 3, maxMsEach: Infinity, directory, progress: () => {} }

describe('rounds', () => {
  it('turn the order around each time', () => {
    expect([0, 1, 2].map((round) => orderOf(['a', 'b', 'c'], round).join(''))).toEqual(['abc', 'cba', 'abc'])
  })

  it('run everyone once a round, each in an empty directory that is gone afterwards', async () => {
    const order: string[] = []
    const one = (name: string): Contestant =>
      contestant(name, async (path) => {
        expect(existsSync(path)).toBe(true)
        order.push(name)
        return result(1)
      })
    await runRounds(contestOf(one('a'), one('b')), options)
    expect(order).toEqual(['a', 'b', 'b', 'a', 'a', 'b'])
    expect(existsSync(join(directory, 'run'))).toBe(false)
  })

  it('leave out who is missing, who failed, and who was too slow for another round', async () => {
    let runs = 0
    const absent: Contestant = {
      ...contestant('absent', () => Promise.reject(new Error('ran'))),
      missing: 'not installed',
    }
    const failing = contestant('failing', async () => {
      if (++runs === 2) throw new Error('broken')
      return result(1)
    })
    const steady = contestant('steady', async () => result(1))
    const contest = contestOf(absent, failing, steady)
    const standings = await runRounds(contest, options)
    expect(runs).toBe(2)
    const rows = summarize(scenario, contest, standings).rows
    expect(rows.map(({ name, problem, rounds }) => [name, problem, rounds])).toEqual([
      ['absent', 'not installed', 0],
      ['failing', 'broken', 1],
      ['steady', undefined, 3],
    ])
    expect(rows.map(({ ms }) => ms)).toEqual([undefined, undefined, 1])
    const slow = await runRounds(contestOf(contestant('slow', async () => result(1))), { ...options, maxMsEach: 0 })
    // Nobody is judged before a first run; with no time at all not even that is had.
    expect(slow[0]?.runs).toEqual([])
  })
})

describe('a summary', () => {
  it('has medians, the worst delivery, and quotients within rounds', async () => {
    const times = { fast: [10, 10, 40], slow: [20, 30, 80] }
    const one = (name: keyof typeof times): Contestant => {
      let round = 0
      const delivered = [100, 90, 100]
      return contestant(name, async () => {
        const run = result(times[name][round] as number, {
          delivered: delivered[round] as number,
          identical: round !== 1,
        })
        round++
        return run
      })
    }
    const contest = contestOf(one('fast'), one('slow'))
    const [fast] = summarize(scenario, contest, await runRounds(contest, options)).rows
    expect(fast).toMatchObject({
      ms: 10,
      minMs: 10,
      maxMs: 40,
      mbPerSecond: 100,
      delivered: 90,
      identical: false,
      cpuMs: 20,
    })
    // Round by round 2, 3 and 2: the quotient of the medians would be 3.
    expect(fast?.timesAsFastAs).toEqual({ slow: 2 })
  })

  it('takes quantiles between two values by nearness', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9)
    expect(quantile([7], 0.99)).toBe(7)
    expect(quantile([], 0.5)).toBeNaN()
  })
})
