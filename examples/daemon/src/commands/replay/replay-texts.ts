/** What `logwisp replay` says when it is done, and of what is there. */

import { counted } from '../guarantee.ts'
import { visible } from '../terminal/visible.ts'
import type { FoundSink } from './find-sink.ts'
import type { RejectedSummary } from './rejected-summary.ts'

/** Where entries come from, and where they go. */
export interface Route {
  readonly from: string
  readonly to: FoundSink
  /** Where it keeps what it rejects again; undefined for a sink that never rejects. */
  readonly rejectedTo: string | undefined
}

/** What became of it. */
export interface Outcome {
  readonly replayed: number
  readonly rejected: number
  /** Taken by the sink and dropped for another reason, which its configuration allows. */
  readonly dropped: number
  /** Given, and not known to have arrived: they come again with the next replay. */
  readonly unacknowledged: number
  /** Lines that are no entries; their file is kept. */
  readonly unreadable: number
  /** What is in the directory now, with what was rejected again and what others rejected meanwhile. */
  readonly left: number
}

/** Of the reasons, so many are listed. */
const maxListed = 20

/** For a person. */
export function textOf({ from, to, rejectedTo }: Route, outcome: Outcome): string {
  const { replayed, rejected, dropped, unacknowledged, unreadable, left } = outcome
  return [
    `${entriesOf(replayed)} replayed from ${from} into ${to.name}`,
    ...(rejected > 0 ? [`${entriesOf(rejected)} rejected again, kept in ${rejectedTo}`] : []),
    ...(dropped > 0 ? [`${entriesOf(dropped)} dropped by the sink, as its configuration says`] : []),
    ...(unacknowledged > 0
      ? [`${entriesOf(unacknowledged)} under way when it ended: the next replay sends them again`]
      : []),
    ...(unreadable > 0 ? [`${counted(unreadable)} lines are no entries: see the files *.unreadable.ndjson there`] : []),
    `${entriesOf(left)} there now`,
  ].join('\n')
}

/** For a program. */
export function jsonOf({ from, to, rejectedTo }: Route, outcome: Outcome): string {
  return JSON.stringify({ from, to: to.name, ...outcome, rejected_to: rejectedTo })
}

/** What is in a directory, for a person. */
export function summaryText(from: string, { entries, repeated, first, last, groups }: RejectedSummary): string {
  const span = first === undefined || last === undefined ? '' : `, rejected ${timeText(first)} to ${timeText(last)}`
  const again = repeated > 0 ? `, ${counted(repeated)} of them more than once` : ''
  const width = counted(groups[0]?.entries ?? 0).length
  const lines = groups.slice(0, maxListed).map(({ entries: count, stage, endpoint, reason }) => {
    const who = endpoint ?? stage
    return `  ${counted(count).padStart(width)}  ${visible(who === '' ? reason : `${who}: ${reason}`)}`
  })
  const more = groups.length > maxListed ? [`  … and ${counted(groups.length - maxListed)} other reasons`] : []
  return [`${from}: ${entriesOf(entries)}${span}${again}`, ...lines, ...more, ''].join('\n')
}

function timeText(time: number): string {
  return new Date(time).toISOString().slice(0, 19).concat('Z')
}

function entriesOf(count: number): string {
  return `${counted(count)} ${count === 1 ? 'entry' : 'entries'}`
}
