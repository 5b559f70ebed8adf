/** Rates as a table. */

import type { Styles } from '../terminal/styles.ts'
import { fitTo, padBefore, padTo, visible, widthOf } from '../terminal/visible.ts'
import type { PipelineRates, StageRates } from './stage-rates.ts'

interface Column {
  readonly title: string
  readonly cell: (stage: StageRates) => string
  /** Narrow terminals leave these out, the highest first. */
  readonly dispensable: number
}

const columns: readonly Column[] = [
  { title: 'ENTRIES/S', cell: ({ rate }) => perSecond(rate), dispensable: 0 },
  { title: 'TOTAL', cell: ({ total }) => whole(total), dispensable: 4 },
  { title: 'DROPS/S', cell: ({ dropRate }) => perSecond(dropRate), dispensable: 0 },
  { title: 'DROPPED', cell: ({ dropped }) => whole(dropped), dispensable: 2 },
  { title: 'WAITING', cell: waiting, dispensable: 1 },
  {
    title: 'CLIENTS',
    cell: ({ connections }) => (connections === undefined ? '' : whole(connections)),
    dispensable: 3,
  },
]

const nameWidth = 12

/** The table's lines, the head first, each at most `width` columns wide. */
export function rateTable(pipelines: readonly PipelineRates[], width: number, style: Styles): readonly string[] {
  const rows = pipelines.flatMap(({ pipeline, stages }) => [pipeline, ...stages])
  const names = rows.map((row) => `${row.kind === 'pipeline' ? '' : `  ${row.kind} `}${visible(row.name)}`)
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)))
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((row) => (row[at] as string).length)),
  )
  const nameColumn = Math.max(nameWidth, ...names.map(widthOf))
  const shown = columnsFor(width - nameColumn, widths)
  const taken = shown.reduce((sum, at) => sum + (widths[at] as number) + 2, 0)
  const first = Math.max(8, Math.min(nameColumn, width - taken))
  const room = Math.max(0, width - first - taken - 2)

  const head = `${padTo('PIPELINE', first)}${shown.map((at) => `  ${padBefore((columns[at] as Column).title, widths[at] as number)}`).join('')}`
  const lines = rows.map((row, index) => {
    const name = padTo(fitTo(names[index] as string, first), first)
    const text = shown.map((at) => {
      const cell = padBefore((cells[index] as string[])[at] as string, widths[at] as number)
      const { title } = columns[at] as Column
      const isLoss = (title === 'DROPS/S' && (row.dropRate ?? 0) > 0) || (title === 'DROPPED' && row.dropped > 0)
      if (!isLoss) return `  ${cell}`
      return `  ${row.isChosen ? style.dim(cell) : style.red(cell)}`
    })
    const note = fitTo(noteOf(row), room)
    const painted = row.kind === 'pipeline' ? style.bold(name) : name
    return `${painted}${text.join('')}${note === '' ? '' : `  ${style.red(note)}`}`
  })
  return [style.dim(fitTo(head, width)), ...lines]
}

/** Which columns there is room for, in their order. */
function columnsFor(room: number, widths: readonly number[]): readonly number[] {
  let shown = columns.map((_, at) => at)
  const needed = (): number => shown.reduce((sum, at) => sum + (widths[at] as number) + 2, 0)
  const leaveOut = shown
    .filter((at) => (columns[at] as Column).dispensable > 0)
    .sort((a, b) => (columns[b] as Column).dispensable - (columns[a] as Column).dispensable)
  for (const at of leaveOut) {
    if (needed() <= room) break
    shown = shown.filter((other) => other !== at)
  }
  return shown
}

/** What is not as it should be. */
function noteOf({ state, lastError, kind, trouble }: StageRates): string {
  if (state === undefined || state === 'running') return trouble ?? ''
  return kind === 'pipeline' || lastError === undefined ? state : `${state}: ${visible(lastError)}`
}

function waiting({ queued, lagBytes }: StageRates): string {
  if (lagBytes !== undefined) return bytesText(lagBytes)
  return queued === undefined ? '' : whole(queued)
}

function perSecond(rate: number | undefined): string {
  if (rate === undefined) return '-'
  return rate > 0 && rate < 10 ? rate.toFixed(1) : whole(Math.round(rate))
}

function whole(value: number): string {
  return value.toLocaleString('en-US')
}

/** `1.2 MB`; of 1,000 bytes, as the configuration counts. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
