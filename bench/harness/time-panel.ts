/** One panel of a picture: a value over time, from nothing upwards, so that what looks steep is steep. Plain SVG. */

import { text } from './svg-text.ts'

export interface TimePanel {
  readonly name: string
  readonly title: string
  readonly points: readonly { readonly ms: number; readonly value: number }[]
  /** Grid lines are this far apart, or a multiple of it; the axis ends at one. */
  readonly step: number
  /** What the axes show. */
  readonly label: string
  /** From when to when the ground is shaded. */
  readonly shaded?: { readonly fromMs: number; readonly toMs: number } | undefined
}

/** How wide the picture is. */
const panelWidth = 960

const left = 70
const right = 30
const plotHeight = 130
const titleHeight = 46
const axisHeight = 40
const plotWidth = panelWidth - left - right
const maxGridLines = 6

/** How much of the picture it takes from top to bottom. */
const panelHeight = titleHeight + plotHeight + axisHeight

/** A panel whose upper edge is at `top`. */
function timePanel({ name, title, points, step, label, shaded }: TimePanel, top: number): string {
  const plotTop = top + titleHeight
  const bottom = plotTop + plotHeight
  const endMs = Math.max(1, points.at(-1)?.ms ?? 1)
  const most = Math.max(1, Math.ceil(Math.max(...points.map(({ value }) => value)) / step)) * step
  const x = (ms: number): number => left + (ms / endMs) * plotWidth
  const y = (value: number): number => bottom - (value / most) * plotHeight
  const shade =
    shaded === undefined
      ? ''
      : `<rect x="${x(shaded.fromMs).toFixed(1)}" y="${plotTop}" width="${(x(shaded.toMs) - x(shaded.fromMs)).toFixed(1)}" height="${plotHeight}" fill="#f6e7d2"/>`
  const gridStep = step * Math.ceil(most / step / maxGridLines)
  const grid = Array.from({ length: Math.floor(most / gridStep) + 1 }, (_, index) => index * gridStep).map((value) => {
    const at = y(value).toFixed(1)
    const line = `<line x1="${left}" x2="${panelWidth - right}" y1="${at}" y2="${at}" stroke="#d9dee6"/>`
    return line + text(left - 8, Number(at) + 4, String(value), 'text-anchor="end" fill="#5b6577"')
  })
  const seconds = endMs / 1000
  const tick = [1, 2, 5, 10, 20, 30, 60, 120].find((one) => seconds / one <= 12) ?? 300
  const ticks = Array.from({ length: Math.floor(seconds / tick) + 1 }, (_, index) => index * tick).map((second) =>
    text(x(second * 1000), bottom + 15, String(second), 'text-anchor="middle" fill="#5b6577"'),
  )
  const line = points.map(({ ms, value }) => `${x(ms).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
  return [
    text(16, top + 16, name, 'font-size="14" font-weight="600"'),
    text(16, top + 34, title, 'fill="#5b6577"'),
    shade,
    ...grid,
    ...ticks,
    `<polyline points="${line}" fill="none" stroke="#0b6e4f" stroke-width="1.5"/>`,
    text(left + plotWidth / 2, bottom + 31, label, 'text-anchor="middle"'),
  ].join('\n')
}

/** The whole picture: its title, what it was made on, and the panels one below the other. */
export function timePlot(title: string, conditions: string, panels: readonly TimePanel[]): string {
  const height = headHeight + panels.length * panelHeight
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${panelWidth}" height="${height}" viewBox="0 0 ${panelWidth} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#1c2430">
<rect width="${panelWidth}" height="${height}" fill="#ffffff"/>
${text(16, 26, title, 'font-size="18" font-weight="600"')}
${text(16, 46, conditions, 'fill="#5b6577"')}
${panels.map((panel, index) => timePanel(panel, headHeight + index * panelHeight)).join('\n')}
</svg>
`
}

const headHeight = 60
