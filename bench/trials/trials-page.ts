/** What the trials came to, as a page. */

import type { Machine } from '../harness/machine.ts'
import type { DayResult } from './day-in-the-life.ts'
import { megabytes, table, whole } from './page-table.ts'
import type { ReloadResult } from './reload-under-load.ts'
import type { StartResult } from './start-and-stop.ts'

/** What was tried; a part that was not run is absent. */
export interface TrialResults {
  readonly date: string
  readonly machine: Machine
  readonly startAndStop?: StartResult | undefined
  readonly reloadUnderLoad?: ReloadResult | undefined
  readonly dayInTheLife?: DayResult | undefined
}

/** `bench/DAEMON.md`. */
export function trialsPage(results: TrialResults): string {
  const { cores, cpu, node, os, loadBefore } = results.machine
  return `# Trials of the reference daemon

Written by \`pnpm --filter @logwisp/bench trials\`; do not edit. ${results.date.slice(0, 10)}, ${cores} cores (${cpu}), Node ${node}, ${os}; load before ${loadBefore.toFixed(1)}.

${trialsTables(results)}`
}

/** The same without what it was made on. */
export function trialsTables(results: TrialResults): string {
  const { startAndStop, reloadUnderLoad, dayInTheLife } = results
  return [
    startAndStop === undefined ? '' : startText(startAndStop),
    reloadUnderLoad === undefined ? '' : reloadText(reloadUnderLoad),
    dayInTheLife === undefined ? '' : dayText(dayInTheLife),
  ]
    .filter((text) => text !== '')
    .join('\n')
}

function startText({ firstLineMs, firstLineMedianMs, idle, stops }: StartResult): string {
  const first = `From the start of the process to the first line on its standard output: median ${whole(firstLineMedianMs)} ms of ${firstLineMs.length} (${whole(Math.min(...firstLineMs))} to ${whole(Math.max(...firstLineMs))}).`
  const idling = table(
    ['files followed', 'memory (RSS)', 'processor while nothing comes'],
    idle.map(({ files, rssBytes, processorMsPerSecond }) => [
      whole(files),
      megabytes(rssBytes),
      `${processorMsPerSecond.toFixed(1)} ms/s`,
    ]),
  )
  const stopping = table(
    ['far side, when SIGTERM comes', 'waiting for it', 'ended after', 'exit code', 'delivered'],
    stops.map(({ farSide, queued, stopMs, code, delivered }) => [
      farSide,
      whole(queued),
      `${whole(stopMs)} ms`,
      String(code),
      whole(delivered),
    ]),
  )
  const dead = stops.find(({ farSide }) => farSide === 'stays dead')
  const words =
    dead === undefined
      ? ''
      : `\nWhat it said of the one that stays dead:\n\n\`\`\`text\n${dead.lastWords.trim()}\n\`\`\`\n`
  return `## Start, idle, stop\n\n${first}\n\n${idling}\n\n${stopping}\n${words}`
}

function reloadText({ reloads, refused, broken, pipelines, before, after }: ReloadResult): string {
  const rows = table(
    ['pipeline', 'written', 'lost', 'doubled', 'viewers cut', 'not seen by viewers'],
    pipelines.map(({ name, written, lost, repeated, viewersCut, notSeen }) => [
      name,
      whole(written),
      whole(lost),
      whole(repeated),
      viewersCut,
      whole(notSeen),
    ]),
  )
  return `## Reloads under load

${reloads} reloads, ${broken} of them of a broken file (${refused} refused).

${rows}

Memory ${megabytes(before.rssBytes)} before, ${megabytes(after.rssBytes)} after; descriptors ${before.descriptors} before, ${after.descriptors} after.
`
}

function dayText({ seconds, balances, series, stop, reloads, rotations, viewersCut, rssBytes }: DayResult): string {
  const books = table(
    ['pipeline', 'in', 'filtered', 'over the rate', 'sinks: delivered + dropped + held', 'balances'],
    balances.map(({ name, in: taken, filtered, rateLimited, sinks, balances: right }) => [
      name,
      whole(taken),
      whole(filtered),
      whole(rateLimited),
      sinks
        .map(({ type, delivered, dropped, held }) => `${type} ${whole(delivered)} + ${whole(dropped)} + ${held}`)
        .join(' · '),
      right ? 'yes' : '**no**',
    ]),
  )
  const arrived = table(
    ['way', 'written', 'lost', 'repeated'],
    series.map(({ way, written, lost, repeated }) => [way, whole(written), whole(lost), whole(repeated)]),
  )
  const running = rssBytes.filter((bytes) => bytes > 0)
  return `## A day in the life, in ${seconds} s

${rotations} rotations; reloads ${reloads.join(', ')}; SIGTERM ended it with ${stop.code} after ${whole(stop.ms)} ms; viewers cut ${viewersCut} (the restart cuts each once); memory at most ${megabytes(Math.max(0, ...running))}.
The books are those since the restart.

${books}

${arrived}
`
}
