/** The kills as Markdown. */

import type { Machine } from '../harness/machine.ts'
import type { KillFigures } from './kill-run.ts'

/** Everything that is kept of a run. */
export interface KillResults {
  readonly date: string
  readonly machine: Machine
  readonly durationMs: number
  /** Each state of the disk gone on from once. */
  readonly once: readonly KillFigures[]
  /** What goes on killed too. */
  readonly twice: readonly KillFigures[]
}

/** The page. */
export function killsPage(results: KillResults): string {
  const { date, machine, durationMs } = results
  return [
    '# Killed at every write',
    'Written by `pnpm --filter @logwisp/bench kills`, together with [results/kills.json](results/kills.json); do not edit. ' +
      'What is done, and how, is in the [README](README.md).',
    `${date.slice(0, 16).replace('T', ' ')} UTC · ${machine.cores} cores of ${machine.cpu} · ${machine.os} · ` +
      `Node ${machine.node} · took ${Math.round(durationMs / 1000)} s`,
    killsTables(results),
    '',
  ].join('\n\n')
}

/** What is printed, too. */
export function killsTables({ once, twice }: Pick<KillResults, 'once' | 'twice'>): string {
  return [
    '## Killed once: before, within and after each call',
    table(once),
    ...(twice.length === 0
      ? []
      : ['## Killed twice: after a call, and after each of the first calls of the one that goes on', table(twice)]),
    ...[...once, ...twice].flatMap(({ scenario, problems }) => problems.map((each) => `**${scenario}**: ${each}`)),
  ].join('\n\n')
}

function table(figures: readonly KillFigures[]): string {
  const heads = [
    'what is killed',
    'calls',
    'kills',
    'recoveries',
    'lost',
    'torn',
    'repeats',
    'most in one',
    'slowest ms',
    'problems',
  ]
  const rows = figures.map((each) => [
    each.scenario,
    each.calls,
    each.kills,
    each.recoveries,
    each.lost,
    each.torn,
    each.repeats,
    each.mostRepeats,
    each.slowestMs,
    each.problems.length,
  ])
  return [heads, heads.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
}
