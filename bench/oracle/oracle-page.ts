/** What a run of the oracle came to, for people. */

import type { Machine } from '../harness/machine.ts'
import { table, whole } from '../trials/page-table.ts'
import type { OracleResult, TopologyResult } from './oracle-run.ts'
import { faultKinds } from './plan.ts'

/** How many moments a page shows; the JSON has all. */
const shownMoments = 60

/** `bench/ORACLE.md`. */
export function oraclePage(result: OracleResult, machine: Machine): string {
  const { cores, cpu, node, os, loadBefore } = machine
  return `# The oracle

Written by \`pnpm --filter @logwisp/bench oracle --page\`; do not edit. ${result.date.slice(0, 10)}, ${cores} cores (${cpu}), Node ${node}, ${os}; load before ${loadBefore.toFixed(1)}.
All moments: [results/oracle.json](results/oracle.json). What it is: [README](README.md#the-oracle).

${oracleTables(result)}
## The first moments

\`\`\`text
${result.timeline
  .slice(0, shownMoments)
  .map(
    ({ ms, topology, what, whom, backlog }) =>
      `${(ms / 1000).toFixed(1).padStart(6)} s  ${topology.padEnd(8)} ${what.padEnd(14)} ${whom.slice(0, 70).padEnd(40)} backlog ${backlog}`,
  )
  .join('\n')}
\`\`\`
`
}

/** The same without what it was made on. */
export function oracleTables(result: OracleResult): string {
  const { seed, seconds, topologies, linesPerSecond, faults, notTried, isClean } = result
  const total = Object.values(faults).reduce((sum, times) => sum + times, 0)
  return `${isClean ? 'Nothing was lost, torn or invented.' : '**NOT CLEAN**: see below.'} Seed ${seed}, ${whole(seconds)} s, ${whole(total)} faults, ${whole(linesPerSecond)} lines a second in each topology.

${table(
  [
    'topology',
    'ids drawn',
    'acknowledged',
    'taken away on purpose',
    'most that was owed at once',
    'a fresh line is everywhere after',
  ],
  topologies.map(({ name, drawn, acknowledged, excused, mostBacklog, fresh }) => [
    name,
    whole(drawn),
    whole(acknowledged),
    whole(excused),
    whole(mostBacklog),
    fresh.map(({ ms }) => (ms === undefined ? '**never**' : `${whole(ms)} ms`)).join(', '),
  ]),
)}

${table(
  [
    'sink',
    'owed',
    'lost',
    'unknown',
    'torn',
    'repeats',
    'of them left after dedupe by id',
    'came unpromised',
    'broken off (plain TCP, logs taken away)',
  ],
  topologies.flatMap(({ name, sinks }) =>
    sinks.map((sink) => [
      `${name}: ${sink.sink}`,
      sink.owes ? whole(sink.owed) : 'nothing',
      sink.owes ? whole(sink.lost) : '–',
      whole(sink.unknown),
      whole(sink.torn),
      whole(sink.repeats),
      sink.dropsRepeats ? whole(sink.repeats) : whole(sink.repeatsAfterDedupe + sink.sharedIds),
      whole(sink.unpromised),
      whole(sink.brokenOff),
    ]),
  ),
)}

${topologies.map(({ name, way }) => `- **${name}**: ${way}`).join('\n')}

${table(
  ['fault', 'times', 'what it is'],
  Object.entries(faultKinds).map(([kind, what]) => [kind, whole(faults[kind as keyof typeof faultKinds] ?? 0), what]),
)}
${notTried.length === 0 ? '' : `\n**Not tried**: ${notTried.join('; ')}.\n`}
${table(
  ['process', 'started', 'ended by itself'],
  topologies.flatMap(({ name, processes }) =>
    processes.map((process) => [`${name}: ${process.name}`, process.starts, process.ownEnds]),
  ),
)}
${topologies.map(complaintsOf).join('')}`
}

function complaintsOf({ name, complaints, sinks }: TopologyResult): string {
  const all = [
    ...complaints,
    ...sinks.flatMap(({ sink, examples }) => examples.map((example) => `${sink}: ${example}`)),
  ]
  return all.length === 0 ? '' : `\nOf ${name}:\n\n${all.map((one) => `- ${one}`).join('\n')}\n`
}
