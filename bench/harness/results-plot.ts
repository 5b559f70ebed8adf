/** The results as a plot: one panel for each scenario, a bar for each contestant. Plain SVG, light background. */

import type { Results, Row, ScenarioResult } from './results.ts'
import { text } from './svg-text.ts'

interface Axis {
  /** What the panel's axis shows, with its unit. */
  readonly label: string
  readonly value: (row: Row, scenario: ScenarioResult) => number | undefined
  readonly show: (value: number) => string
  /** Values that differ by orders of magnitude. */
  readonly isLogarithmic?: boolean
  /** Where the axis ends, when that is not for the values to say. */
  readonly max?: number
}

const axes: Readonly<Record<ScenarioResult['question'], Axis>> = {
  throughput: { label: 'MB/s (more is better)', value: (row) => row.mbPerSecond, show: whole },
  viewers: {
    label: 'thousand entries/s, over all viewers (more is better)',
    value: (row) => (row.linesPerSecond === undefined ? undefined : (row.linesPerSecond * viewersOf(row)) / 1000),
    show: whole,
  },
  latency: {
    label: 'p99 in ms, logarithmic (less is better)',
    value: (row) => row.latency?.p99Ms,
    show: (value) => value.toFixed(2),
    isLogarithmic: true,
  },
  loss: {
    label: '% of the lines delivered (more is better)',
    value: (row, { lines }) => (row.delivered === undefined ? undefined : (100 * row.delivered) / lines),
    // A hundred is said only of all of them.
    show: (value) => (value === 100 ? '100' : (Math.floor(value * 100) / 100).toFixed(2)),
    max: 100,
  },
}

const width = 960
const left = 300
const right = 80
const barHeight = 16
const rowHeight = 22
const titleHeight = 46
const axisHeight = 40
const panelGap = 18
const headHeight = 66
const plotWidth = width - left - right

const colors = { logwisp: '#0b6e4f', peer: '#8a94a6', limit: '#c98a1b' } as const
const roles = { logwisp: 'LogWisp', peer: 'others', limit: 'the bare loop' } as const

/** The whole picture. */
export function resultsPlot(results: Results): string {
  let top = headHeight
  const panels = results.scenarios.map((scenario) => {
    const panel = drawPanel(scenario, top)
    top += panel.height + panelGap
    return panel.svg
  })
  const { machine, date } = results
  const conditions = `${date.slice(0, 10)} · ${machine.cores} cores of ${machine.cpu} · Node ${machine.node} · ${machine.os}`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}" font-family="system-ui, sans-serif" font-size="12" fill="#1c2430">
<rect width="${width}" height="${top}" fill="#ffffff"/>
${text(16, 28, 'LogWisp beside its peers', 'font-size="18" font-weight="600"')}
${text(16, 48, conditions, 'fill="#5b6577"')}
${legend()}
${panels.join('\n')}
</svg>
`
}

function legend(): string {
  const entries = Object.entries(roles).map(([role, words], index) => {
    const x = width - right - 290 + index * 110
    const color = colors[role as keyof typeof colors]
    return `<rect x="${x}" y="18" width="12" height="12" fill="${color}"/>${text(x + 18, 28, words)}`
  })
  return entries.join('')
}

function drawPanel(scenario: ScenarioResult, top: number): { svg: string; height: number } {
  const axis = axes[scenario.question]
  const values = scenario.rows.map((row) => axis.value(row, scenario))
  const scale = makeScale(
    axis,
    values.flatMap((value) => value ?? []),
  )
  const barsTop = top + titleHeight
  const bottom = barsTop + scenario.rows.length * rowHeight
  const grid = scale.ticks.map((tick) => {
    const x = left + scale.at(tick)
    const line = `<line x1="${x}" x2="${x}" y1="${barsTop}" y2="${bottom}" stroke="#e2e6ec"/>`
    return line + text(x, bottom + 15, tick.toLocaleString('en-US'), 'text-anchor="middle" fill="#5b6577"')
  })
  const bars = scenario.rows.map((row, index) => {
    const y = barsTop + index * rowHeight + (rowHeight - barHeight) / 2
    const base = y + barHeight - 4
    const value = values[index]
    const weight = row.role === 'logwisp' ? ' font-weight="600"' : ''
    const label = text(left - 8, base, row.name, `text-anchor="end"${weight}`)
    if (value === undefined) return label + text(left + 6, base, short(row.problem ?? ''), 'fill="#a33"')
    const length = scale.at(value)
    const bar = `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" fill="${colors[row.role]}"/>`
    return label + bar + text(left + length + 6, base, axis.show(value))
  })
  const svg = [
    text(16, top + 16, scenario.name, 'font-size="14" font-weight="600"'),
    text(16, top + 34, scenario.title, 'fill="#5b6577"'),
    ...grid,
    ...bars,
    text(left + plotWidth / 2, bottom + 32, axis.label, 'text-anchor="middle"'),
  ].join('\n')
  return { svg, height: titleHeight + scenario.rows.length * rowHeight + axisHeight }
}

interface Scale {
  /** How far from the axis's beginning a value is. */
  at(value: number): number
  readonly ticks: readonly number[]
}

function makeScale({ isLogarithmic = false, max }: Axis, values: readonly number[]): Scale {
  const greatest = max ?? Math.max(1e-9, ...values)
  if (!isLogarithmic) {
    const step = niceStep(greatest / 5)
    const ticks = Array.from({ length: Math.floor(greatest / step + 1e-9) + 1 }, (_, index) => round(index * step))
    return { at: (value) => (value / greatest) * plotWidth, ticks }
  }
  const from = Math.floor(Math.log10(Math.max(1e-9, Math.min(...values, greatest))))
  const to = Math.max(from + 1, Math.ceil(Math.log10(greatest)))
  return {
    at: (value) => ((Math.log10(value) - from) / (to - from)) * plotWidth,
    ticks: Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index)),
  }
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5, 10].find((one) => one * power >= rough) ?? 10
  return factor * power
}

function round(value: number): number {
  return Number(value.toPrecision(12))
}

function viewersOf({ name }: Row): number {
  return Number(/\d+/.exec(name)?.[0] ?? 1)
}

function short(words: string): string {
  return words.length > 70 ? `${words.slice(0, 69)}…` : words
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
