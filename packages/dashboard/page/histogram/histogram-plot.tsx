/** The drawing: uPlot gives axes, cursor and brush, the stacked bars are drawn here. */

import { type ReactElement, useEffect, useLayoutEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { type Bar, piecesOf } from './histogram-bars.ts'
import { shortNumber, tickWords } from './time-words.ts'

export interface HistogramPlotProps {
  readonly bars: readonly Bar[]
  /** The stretch that the keyboard has chosen. */
  readonly selected: { readonly from: number; readonly to: number } | undefined
  /** A stretch was brushed: whole bars. */
  readonly onBrush: (from: number, to: number) => void
  /** The pointer is over a bar, or over none. */
  readonly onPoint: (index: number | undefined) => void
}

/** Unit: px. */
const height = 92
/** Less is a click, and a hand that is not steady. Unit: px. */
const leastBrushPx = 4
/** Lines that people look for are seen, however few they are. Unit: px. */
const leastPiecePx = 2

interface Latest extends HistogramPlotProps {}

/** Fills the width that it is given. */
export function HistogramPlot(props: HistogramPlotProps): ReactElement {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const latest = useRef<Latest>(props)
  latest.current = props

  useLayoutEffect(() => {
    const element = box.current!
    const made = new uPlot(optionsFor(element, latest), dataOf(latest.current.bars), element)
    plot.current = made
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    resized.observe(element)
    // Colours come from the theme, which the canvas does not see change.
    const themed = new MutationObserver(() => made.redraw(false, true))
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    const schemes = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) => matchMedia(query))
    const redraw = (): void => made.redraw(false, true)
    for (const scheme of schemes) scheme.addEventListener('change', redraw)
    return () => {
      for (const scheme of schemes) scheme.removeEventListener('change', redraw)
      themed.disconnect()
      resized.disconnect()
      made.destroy()
    }
  }, [])

  const { bars, selected } = props
  useEffect(() => plot.current?.setData(dataOf(bars)), [bars])
  useEffect(() => {
    const made = plot.current
    if (made === undefined) return
    if (selected === undefined) return made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
    const left = made.valToPos(selected.from / 1000, 'x')
    const width = made.valToPos(selected.to / 1000, 'x') - left
    made.setSelect({ left, top: 0, width, height: made.over.clientHeight }, false)
  }, [selected])

  return <div ref={box} className="plot" aria-hidden="true" />
}

/** uPlot counts in seconds. */
function dataOf(bars: readonly Bar[]): uPlot.AlignedData {
  return [bars.map(({ from }) => from / 1000), bars.map(({ entries }) => entries)]
}

function optionsFor(element: HTMLElement, latest: { readonly current: Latest }): uPlot.Options {
  const colour = (name: string): string => getComputedStyle(element).getPropertyValue(name).trim()
  const font = (): string => `11px ${getComputedStyle(element).fontFamily}`
  const indexAt = (plot: uPlot, left: number): number => {
    const { bars } = latest.current
    const time = plot.posToVal(left, 'x') * 1000
    const first = bars[0]
    if (first === undefined) return 0
    return Math.max(0, Math.min(bars.length - 1, Math.floor((time - first.from) / (first.to - first.from))))
  }
  const axis = { stroke: () => colour('--plot-text'), font: font(), ticks: { show: false } }
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    // Room for half a label at the right end.
    padding: [6, 18, 0, 0],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: leastBrushPx },
      // All of the time is shown by a button; a double click is two clicks.
      bind: { dblclick: () => null },
    },
    scales: {
      x: { time: true, range: () => spanOf(latest.current.bars) },
      y: { range: (_, __, most) => [0, Math.max(1, most)] },
    },
    series: [{}, { paths: () => null, points: { show: false } }],
    axes: [
      { ...axis, size: 20, gap: 4, grid: { show: false }, space: 90, values: (_, ticks) => tickLabels(ticks) },
      {
        ...axis,
        size: 44,
        gap: 6,
        space: 26,
        incrs: [1, 2, 5]
          .flatMap((digit) => Array.from({ length: 12 }, (_, zeros) => digit * 10 ** zeros))
          .sort((a, b) => a - b),
        grid: { stroke: () => colour('--plot-grid'), width: 1 },
        values: (_, ticks) => ticks.map(shortNumber),
      },
    ],
    hooks: {
      draw: [(plot) => drawBars(plot, latest.current.bars, colour)],
      setCursor: [
        (plot) => {
          const { left = -1 } = plot.cursor
          latest.current.onPoint(left < 0 ? undefined : indexAt(plot, left))
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          if (width < leastBrushPx) return
          const { bars, onBrush } = latest.current
          const from = bars[indexAt(plot, left)]?.from
          const to = bars[indexAt(plot, left + width)]?.to
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          if (from !== undefined && to !== undefined) onBrush(from, to)
        },
      ],
    },
  }
}

function spanOf(bars: readonly Bar[]): [number, number] {
  const first = bars[0]
  const last = bars.at(-1)
  return first && last ? [first.from / 1000, last.to / 1000] : [0, 1]
}

function tickLabels(ticks: readonly number[]): string[] {
  const stepMs = ((ticks[1] ?? 0) - (ticks[0] ?? 0)) * 1000
  return ticks.map((tick) => tickWords(tick * 1000, stepMs))
}

function drawBars(plot: uPlot, bars: readonly Bar[], colour: (name: string) => string): void {
  const { ctx } = plot
  const ground = plot.valToPos(0, 'y', true)
  const ratio = uPlot.pxRatio
  ctx.save()
  for (const bar of bars) {
    if (bar.entries === 0) continue
    const left = Math.round(plot.valToPos(bar.from / 1000, 'x', true))
    const right = Math.round(plot.valToPos(bar.to / 1000, 'x', true))
    // A gap between bars, as long as they are wide enough to have one.
    const width = Math.max(1, right - left - (right - left > 3 * ratio ? ratio : 0))
    const barHeight = ground - plot.valToPos(bar.entries, 'y', true)
    for (const { level, bottom, top } of piecesOf(bar, barHeight, leastPiecePx * ratio)) {
      ctx.fillStyle = colour(`--bar-${level}`)
      const upper = Math.round(ground - top)
      ctx.fillRect(left, upper, width, Math.round(ground - bottom) - upper)
    }
  }
  ctx.restore()
}
