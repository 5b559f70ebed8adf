/** The results of the store as Markdown. */

import { megabytes, table, whole } from '../trials/page-table.ts'
import type { AnswersResult, BesideResult, IngestRow, StoreResults, Times } from './store-result.ts'

/** `bench/STORE.md`. */
export function storePage(results: StoreResults): string {
  const { date, machine, entries, rounds } = results
  return `# The store

Written by \`pnpm --filter @logwisp/bench store\`, together with [results/store.json](results/store.json); do not edit. What is done, and how, is in the [README](README.md#the-store).

${date.slice(0, 16).replace('T', ' ')} UTC · ${machine.cores} cores of ${machine.cpu} · ${machine.os} · Node ${machine.node} · ${whole(entries)} entries · rounds of ingest: ${rounds} · load average before ${machine.loadBefore.toFixed(1)}

${storeTables(results)}`
}

/** The same without what it was made on. */
export function storeTables({ ingest, answers, beside }: StoreResults): string {
  return [
    ...(ingest === undefined ? [] : [ingestText(ingest)]),
    ...(beside === undefined ? [] : [besideText(beside)]),
    ...(answers === undefined ? [] : [answersText(answers)]),
  ].join('\n')
}

const absent = '–'

function ingestText(rows: readonly IngestRow[]): string {
  const head = [
    '',
    'entries/s',
    'of bare',
    'entries/s until indexed',
    'CPU µs per entry',
    'peak RSS',
    'bytes per entry on disk',
  ]
  const figures = table(
    head,
    rows
      .filter(({ problem }) => problem === undefined)
      .map((row) => [
        row.role === 'logwisp' ? `**${row.name}**` : row.name,
        figure(row.entriesPerSecond, whole),
        row.name.startsWith('making') ? absent : figure(row.ofBare, (share) => share.toFixed(2)),
        figure(row.indexedPerSecond, whole),
        figure(row.cpuUsPerEntry, (us) => us.toFixed(1)),
        figure(row.peakRssBytes, megabytes),
        figure(row.bytesPerEntry, whole),
      ]),
  )
  const failed = rows.filter(({ problem }) => problem !== undefined)
  return `## Ingest

Bare is one table and a prepared statement, a thousand rows a transaction, on the thread that makes the entries; its FTS5 row keeps the index in the same transaction. The store checks ids for repeats, counts per time and level, and syncs each commit unless it is said otherwise.

${figures}
${failed.map(({ name, problem }) => `\n**${name}** did not run: ${problem}\n`).join('')}`
}

function besideText({ entriesPerSecond, seconds, rows, peakRssBytes }: BesideResult): string {
  const figures = table(
    [
      'beside',
      'appends',
      'p50 ms',
      'p99 ms',
      'max ms',
      'event loop held up, max ms',
      'not indexed at the end',
      'done meanwhile',
    ],
    rows.map(({ name, times, loopMs, unindexed, done }) => [
      name,
      ...timeCells(times),
      milliseconds(loopMs),
      whole(unindexed),
      done || absent,
    ]),
  )
  return `## Appends while something else goes on

${whole(entriesPerSecond)} entries a second in appends of a hundred, each at its time, for ${seconds} s; timed from that time until it is synced to disk. Peak RSS ${megabytes(peakRssBytes)}.

${figures}
`
}

function answersText({ openMs, rows, peakRssBytes }: AnswersResult): string {
  const figures = table(
    ['asked', 'calls', 'p50 ms', 'p99 ms', 'max ms', 'found', 'cut short by the deadline'],
    rows.map(({ name, times, found, incomplete }) => [name, ...timeCells(times), whole(found), incomplete || absent]),
  )
  return `## Answers

Pages of a hundred entries, with the deadline of a second that is the default, from a program that does nothing else. Opened in ${whole(openMs)} ms; peak RSS ${megabytes(peakRssBytes)}.

${figures}
`
}

function timeCells({ calls, p50Ms, p99Ms, maxMs }: Times): string[] {
  return [whole(calls), milliseconds(p50Ms), milliseconds(p99Ms), milliseconds(maxMs)]
}

function milliseconds(ms: number): string {
  return ms < 10 ? ms.toFixed(2) : whole(ms)
}

function figure(value: number | undefined, write: (value: number) => string): string {
  return value === undefined || Number.isNaN(value) ? absent : write(value)
}
