/** The results of a whole run, as they are kept in JSON. */

import type { Contest, Question, Role, RunResult, Scenario } from './contest.ts'
import type { Machine } from './machine.ts'
import type { Standing } from './rounds.ts'
import { median } from './statistics.ts'

/** What became of one contestant, by medians over its rounds. */
export interface Row {
  readonly name: string
  readonly role: Role
  /** Why it did not run, or gave up. Then it has no figures. */
  readonly problem?: string | undefined
  readonly rounds: number
  readonly ms?: number | undefined
  /** The shortest and the longest of its rounds. */
  readonly minMs?: number | undefined
  readonly maxMs?: number | undefined
  readonly mbPerSecond?: number | undefined
  readonly linesPerSecond?: number | undefined
  readonly cpuMs?: number | undefined
  readonly peakRssBytes?: number | undefined
  /** Of its worst round. */
  readonly delivered?: number | undefined
  /** Lines left out on purpose, and said to be, in the worst round. */
  readonly missed?: number | undefined
  /** Of its worst round; where it was looked at. */
  readonly repeated?: number | undefined
  /** Whether each round's output was right, byte for byte; where there is one right output. */
  readonly identical?: boolean | undefined
  readonly latency?: RunResult['latency']
  /** How many times as fast as the other ones of its scenario it is: the median over rounds of the two times' quotient. */
  readonly timesAsFastAs?: Readonly<Record<string, number>> | undefined
}

/** One scenario's outcome. */
export interface ScenarioResult {
  readonly name: string
  readonly title: string
  readonly question: Question
  readonly bytes?: number | undefined
  readonly lines: number
  readonly rows: readonly Row[]
}

/** One measured function of a micro bench. */
export interface MicroResult {
  readonly suite: string
  readonly name: string
  /** What one call works on, where that is more than one thing. */
  readonly perCall: { readonly lines?: number; readonly bytes?: number }
  /** The middle of all samples, for one call. */
  readonly medianNs: number
  readonly p99Ns: number
}

/** All of it. */
export interface Results {
  /** When it was measured, RFC 3339. */
  readonly date: string
  readonly machine: Machine
  readonly settings: { readonly rounds: number; readonly megabytes: number; readonly quick: boolean }
  /** Load after the run, as in {@link Machine.loadBefore}. */
  readonly loadAfter: number
  readonly scenarios: readonly ScenarioResult[]
  readonly micro: readonly MicroResult[]
}

/** Sums up a contest. */
export function summarize(scenario: Scenario, contest: Contest, standings: readonly Standing[]): ScenarioResult {
  const { name, title, question } = scenario
  const { bytes, lines, contestants } = contest
  const rows = contestants.map((contestant): Row => {
    const standing = standings.find((one) => one.contestant === contestant)
    const problem = contestant.missing ?? standing?.failure
    const head = { name: contestant.name, role: contestant.role, rounds: standing?.runs.length ?? 0, problem }
    if (standing === undefined || standing.runs.length === 0 || problem !== undefined) return head
    return { ...head, ...figures(standing.runs, bytes), timesAsFastAs: comparedWith(standing, standings) }
  })
  return { name, title, question, bytes, lines, rows }
}

function figures(runs: readonly RunResult[], bytes: number | undefined): Partial<Row> {
  const of = (property: 'ms' | 'cpuMs' | 'peakRssBytes'): number => median(runs.map((run) => run[property]))
  const all = runs.map(({ ms }) => ms)
  const seconds = of('ms') / 1000
  const delivered = Math.min(...runs.map((run) => run.delivered))
  const missed = runs.find((run) => run.delivered === delivered)?.missed
  const repeated = runs.flatMap((run) => run.repeated ?? [])
  const identical = runs.flatMap((run) => run.identical ?? [])
  return {
    ms: of('ms'),
    minMs: Math.min(...all),
    maxMs: Math.max(...all),
    mbPerSecond: bytes === undefined ? undefined : bytes / 1e6 / seconds,
    linesPerSecond: delivered / seconds,
    cpuMs: of('cpuMs'),
    peakRssBytes: of('peakRssBytes'),
    delivered,
    missed,
    repeated: repeated.length === 0 ? undefined : Math.max(...repeated),
    identical: identical.length === 0 ? undefined : identical.every(Boolean),
    latency: runs[0]?.latency,
  }
}

/** Round by round, so that what slowed the whole machine for a while slowed both. */
function comparedWith(standing: Standing, standings: readonly Standing[]): Record<string, number> {
  const quotients = standings
    .filter((other) => other !== standing && other.runs.length > 0)
    .map((other): [string, number] => {
      const rounds = Math.min(other.runs.length, standing.runs.length)
      const byRound = Array.from({ length: rounds }, (_, round) => {
        return (other.runs[round] as RunResult).ms / (standing.runs[round] as RunResult).ms
      })
      return [other.contestant.name, median(byRound)]
    })
  return Object.fromEntries(quotients)
}
