/** Resident memory over time, one panel for each siege; the siege itself is shaded. Plain SVG, light background. */

import { timePlot } from '../harness/time-panel.ts'
import type { SiegeResults } from './siege-result.ts'

const bytesPerMb = 1e6

/** The whole picture. */
export function siegePlot({ sieges, machine, date }: SiegeResults): string {
  const shown = sieges.filter(({ phases, memory }) => phases.length > 0 && memory.length > 1)
  const conditions = `${date.slice(0, 10)} · ${machine.cores} cores of ${machine.cpu} · Node ${machine.node} · ${machine.os}`
  const panels = shown.map(({ name, title, memory, phases }) => ({
    name,
    title,
    points: memory.map(({ ms, rssBytes }) => ({ ms, value: rssBytes / bytesPerMb })),
    step: 50,
    label: 's; resident memory in MB; the siege is shaded',
    shaded: phases.find((phase) => phase.name === 'during'),
  }))
  return timePlot('Resident memory under siege', conditions, panels)
}
