/** Resident memory over time, one panel for each siege; the siege itself is shaded. Plain SVG, light background. */

import { text } from '../harness/svg-text.ts'
import type { SiegeResult, SiegeResults } from './siege-result.ts'

const width = 960
const left = 70
const right = 30
const panelHeight = 130
const titleHeight = 46
const axisHeight = 40
const headHeight = 60
const plotWidth = width - left - right
const bytesPerMb = 1e6

/** The whole picture. */
export function siegePlot({ sieges, machine, date }: SiegeResults): string {
  const shown = sieges.filter(({ phases, memory }) => phases.length > 0 && memory.length > 1)
  const height = headHeight + shown.length * (titleHeight + panelHeight + axisHeight)
  const panels = shown.map((siege, index) =>
    panel(siege, headHeight + index * (titleHeight + panelHeight + axisHeight)),
  )
  const conditions = `${date.slice(0, 10)} · ${machine.cores} cores of ${machine.cpu} · Node ${machine.node} · ${machine.os}`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#1c2430">
<rect width="${width}" height="${height}" fill="#ffffff"/>
${text(16, 26, 'Resident memory under siege', 'font-size="18" font-weight="600"')}
${text(16, 46, conditions, 'fill="#5b6577"')}
${panels.join('\n')}
</svg>
`
}

function panel({ name, title, memory, phases }: SiegeResult, top: number): string {
  const plotTop = top + titleHeight
  const bottom = plotTop + panelHeight
  const endMs = Math.max(1, memory.at(-1)?.ms ?? 1)
  // In steps of 50 MB from nothing: what looks steep then is.
  const most = Math.ceil(Math.max(...memory.map(({ rssBytes }) => rssBytes)) / (50 * bytesPerMb)) * 50
  const x = (ms: number): number => left + (ms / endMs) * plotWidth
  const y = (bytes: number): number => bottom - (bytes / bytesPerMb / most) * panelHeight
  const during = phases.find((phase) => phase.name === 'during')
  const shade =
    during === undefined
      ? ''
      : `<rect x="${x(during.fromMs).toFixed(1)}" y="${plotTop}" width="${(x(during.toMs) - x(during.fromMs)).toFixed(1)}" height="${panelHeight}" fill="#f6e7d2"/>`
  const grid = Array.from({ length: most / 50 + 1 }, (_, index) => index * 50)
    .filter((value) => most <= 300 || value % 100 === 0)
    .map((value) => {
      const at = y(value * bytesPerMb).toFixed(1)
      const line = `<line x1="${left}" x2="${width - right}" y1="${at}" y2="${at}" stroke="#d9dee6"/>`
      return line + text(left - 8, Number(at) + 4, String(value), 'text-anchor="end" fill="#5b6577"')
    })
  const seconds = endMs / 1000
  const step = [1, 2, 5, 10, 20, 30, 60, 120].find((one) => seconds / one <= 12) ?? 300
  const ticks = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step).map((second) =>
    text(x(second * 1000), bottom + 15, String(second), 'text-anchor="middle" fill="#5b6577"'),
  )
  const points = memory.map(({ ms, rssBytes }) => `${x(ms).toFixed(1)},${y(rssBytes).toFixed(1)}`).join(' ')
  return [
    text(16, top + 16, name, 'font-size="14" font-weight="600"'),
    text(16, top + 34, title, 'fill="#5b6577"'),
    shade,
    ...grid,
    ...ticks,
    `<polyline points="${points}" fill="none" stroke="#0b6e4f" stroke-width="1.5"/>`,
    text(left + plotWidth / 2, bottom + 31, 's; resident memory in MB; the siege is shaded', 'text-anchor="middle"'),
  ].join('\n')
}
