/** The results of the disk buffer as Markdown. */

import { megabytes, table, whole } from '../trials/page-table.ts'
import type { BufferResults } from './buffer-result.ts'

/** `bench/BUFFER.md`. */
export function bufferPage(results: BufferResults): string {
  const { date, machine, bytes, rounds } = results
  return `# The disk buffer

Written by \`pnpm --filter @logwisp/bench buffer\`, together with [results/buffer.json](results/buffer.json); do not edit. What is done, and how, is in the [README](README.md#the-disk-buffer).

${date.slice(0, 16).replace('T', ' ')} UTC · ${machine.cores} cores of ${machine.cpu} · ${machine.os} · Node ${machine.node} · ${megabytes(bytes)} · rounds: ${rounds} · load average before ${machine.loadBefore.toFixed(1)}

${bufferTables(results)}
`
}

/** The same without what it was made on. */
export function bufferTables({ rows, restart }: BufferResults): string {
  const head = ['fsync', '', 'MB/s', 'of bare', 'CPU ms per MB', 'peak RSS']
  const figures = table(
    head,
    rows.map((row) => [
      row.fsync,
      row.name === 'bare' ? 'bare writev' : `**${row.name}**`,
      whole(row.mbPerSecond),
      row.ofBare.toFixed(2),
      row.cpuMsPerMb.toFixed(1),
      megabytes(row.peakRssBytes),
    ]),
  )
  const { bytes, readyMs, firstMs, ms, entries, peakRssBytes } = restart
  return `${figures}

Opened with ${megabytes(bytes)} on the disk, it is ready after ${whole(readyMs)} ms and gives its first entries after ${whole(firstMs)} ms; all ${whole(entries)} are given, acknowledged and removed after ${(ms / 1000).toFixed(1)} s. Peak RSS ${megabytes(peakRssBytes)}.`
}
