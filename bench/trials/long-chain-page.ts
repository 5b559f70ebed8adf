/** What the long chain came to, as a page and as a plot. */

import type { Machine } from '../harness/machine.ts'
import { median } from '../harness/statistics.ts'
import { timePlot } from '../harness/time-panel.ts'
import type { LinkResult, LongChainResult, ProcessLook } from './long-chain.ts'
import { megabytes, table, whole } from './page-table.ts'

const bytesPerMb = 1e6

/** `bench/LONG-CHAIN.md`. */
export function longChainPage(date: string, machine: Machine, result: LongChainResult): string {
  const { cores, cpu, node, os, loadBefore } = machine
  return `# The long chain

Written by \`pnpm --filter @logwisp/bench trials --only chain\`; do not edit. ${date.slice(0, 10)}, ${cores} cores (${cpu}), Node ${node}, ${os}; load before ${loadBefore.toFixed(1)}.

${longChainTables(result)}
![Memory and descriptors over time](results/long-chain.svg)
`
}

/** The same without what it was made on. */
export function longChainTables({ lines, seconds, file, stored, links }: LongChainResult): string {
  const rows = links.map(({ name, looks }) => {
    const [early, late] = [part(looks, 0.25, 0.5), part(looks, 0.75, 1)]
    return [
      name,
      megabytes(median(early.map(({ rssBytes }) => rssBytes))),
      megabytes(median(late.map(({ rssBytes }) => rssBytes))),
      megabytes(Math.max(...looks.map(({ rssBytes }) => rssBytes))),
      whole(median(early.map(({ descriptors }) => descriptors))),
      whole(median(late.map(({ descriptors }) => descriptors))),
      whole(Math.max(...looks.map(({ descriptors }) => descriptors))),
    ]
  })
  const head = ['program', 'memory (RSS), second quarter', 'last quarter', 'most', 'descriptors, second quarter']
  return `Files in a directory → daemon *edge* (filter, disk buffer) → TCP, acknowledged → daemon *relay* (filter) → HTTP, answered once delivered →
daemon *centre* → a file that rotates, and HTTP → the API of log-ingestion → its store. All of it and the writer on one machine.

${whole(lines)} lines in ${whole(seconds)} s (${whole(lines / seconds)} lines/s). In the file: ${whole(file.lost)} lost, ${whole(file.repeated)} repeated. In the store: ${whole(stored)}.

${table([...head, 'last quarter', 'most'], rows)}
`
}

/** Whether nothing was lost or doubled. */
export function isWhole({ lines, file, stored }: LongChainResult): boolean {
  return file.lost + file.repeated === 0 && stored === lines
}

/** Memory and descriptors of each program over time. */
export function longChainPlot(date: string, machine: Machine, { lines, links }: LongChainResult): string {
  const conditions = `${date.slice(0, 10)} · ${machine.cores} cores of ${machine.cpu} · Node ${machine.node} · ${machine.os}`
  const points = ({ looks }: LinkResult, value: (look: ProcessLook) => number): { ms: number; value: number }[] =>
    looks.map((look) => ({ ms: look.seconds * 1000, value: value(look) }))
  const panels = links.flatMap((link) => [
    {
      name: link.name,
      title: 'resident memory',
      points: points(link, ({ rssBytes }) => rssBytes / bytesPerMb),
      step: 50,
      label: 's; MB',
    },
    {
      name: link.name,
      title: 'open descriptors',
      points: points(link, ({ descriptors }) => descriptors),
      step: 10,
      label: 's; descriptors',
    },
  ])
  return timePlot(`${whole(lines)} lines through the long chain`, conditions, panels)
}

function part<Look>(looks: readonly Look[], from: number, to: number): readonly Look[] {
  const chosen = looks.slice(Math.floor(looks.length * from), Math.ceil(looks.length * to))
  return chosen.length > 0 ? chosen : looks
}
