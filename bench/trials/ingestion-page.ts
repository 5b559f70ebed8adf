/** What the trials of the example log-ingestion came to, as a page. */

import type { Machine } from '../harness/machine.ts'
import type { IngestionResult } from './ingestion.ts'
import { megabytes, table, whole } from './page-table.ts'
import type { Quantiles, SeenResult } from './seen-in-browser.ts'

/** What was tried, how often, and what became of it. */
export interface TriedKill {
  readonly name: string
  readonly times: number
  /** Or why it was not tried. */
  readonly result: IngestionResult | string
}

/** A part that was not run is absent. */
export interface IngestionTrials {
  readonly kills?: readonly TriedKill[] | undefined
  /** Or why it was not tried. */
  readonly seen?: SeenResult | string | undefined
}

/** `bench/LOG-INGESTION.md`. */
export function ingestionPage(date: string, machine: Machine, trials: IngestionTrials): string {
  const { cores, cpu, node, os, loadBefore } = machine
  return `# Trials of the example log-ingestion

Written by \`pnpm --filter @logwisp/bench trials --only kills --only browser\`; do not edit. ${date.slice(0, 10)}, ${cores} cores (${cpu}), Node ${node}, ${os}; load before ${loadBefore.toFixed(1)}.

${ingestionTables(trials)}`
}

/** The same without what it was made on. */
export function ingestionTables({ kills, seen }: IngestionTrials): string {
  const texts = [kills === undefined ? '' : killsText(kills), seen === undefined ? '' : seenText(seen)]
  return texts.filter((text) => text !== '').join('\n')
}

/** Whether nothing was lost or doubled. */
export function isHarmless({ result }: TriedKill): boolean {
  if (typeof result === 'string') return true
  const { lost, doubled, disordered, problems } = result
  return lost + doubled + disordered + problems.length === 0
}

function killsText(kills: readonly TriedKill[]): string {
  const rows = kills.map(({ name, times, result }) =>
    typeof result === 'string'
      ? [name, result, '', '', '', '', '']
      : [
          name,
          times,
          whole(result.written),
          whole(result.lost),
          whole(result.doubled),
          result.problems.length === 0 ? 'sound' : result.problems.join('; '),
          megabytes(result.peakBytes),
        ],
  )
  const head = ['what happens', 'times', 'lines written', 'lost', 'doubled', 'database', 'collector’s memory at most']
  return `## Killed, full, locked, set back, rotated

Lines are written all the time, each with a number; each thing happens while lines are being stored. In the end every number
is looked for in the database. All kills are SIGKILL.

${table(head, rows)}
`
}

/** So many of the looks at the heap are shown, and the last. */
const shownHeaps = 10

function seenText(seen: SeenResult | string): string {
  const head = '## From the file into the browser\n\n'
  if (typeof seen === 'string') return `${head}${seen}\n`
  const quantiles = ({ p50, p99, max }: Quantiles): string[] => [p50, p99, max].map((ms) => `${whole(ms)} ms`)
  const latencies = table(
    ['lines per second', 'lines', 'seen after: p50', 'p99', 'most', 'a frame: p50', 'p99', 'most'],
    seen.latencies.map(({ linesPerSecond, lines, latencyMs, frameMs }) => [
      whole(linesPerSecond),
      whole(lines),
      ...quantiles(latencyMs),
      ...quantiles(frameMs),
    ]),
  )
  const frames = table(
    ['the page', 'rows loaded', 'a frame: p50', 'p99', 'most'],
    seen.frames.map(({ what, rows, frameMs }) => [what, whole(rows), ...quantiles(frameMs)]),
  )
  const step = Math.ceil(seen.heap.length / shownHeaps)
  const heap = table(
    ['after', 'lines that came', 'heap of the page, after a collection'],
    seen.heap
      .filter((_, index) => index % step === 0 || index === seen.heap.length - 1)
      .map(({ afterSeconds, lines, bytes }) => [`${afterSeconds} s`, whole(lines), megabytes(bytes)]),
  )
  return `${head}From the appending of a line until the first frame of a real Chromium that shows it; collector, API, dashboard, browser and
generator share the machine.

${latencies}

${frames}

${heap}
`
}
