/** How many lines there were when, by level; a stretch of it can be brushed to look closer, also with the keyboard. */

import { type KeyboardEvent, type ReactElement, useCallback, useId, useMemo, useState } from 'react'
import type { Histogram } from '../data/shown-entry.ts'
import { levelWords } from '../levels/level-query.ts'
import { type BarSelection, moved, rangeOf, type SelectionStep } from './bar-selection.ts'
import { type Bar, barsOf } from './histogram-bars.ts'
import { HistogramPlot } from './histogram-plot.tsx'
import { HistogramTable } from './histogram-table.tsx'
import { bucketWords, linesWords, numberWords, spanWords } from './time-words.ts'

export interface TimeHistogramProps {
  /** Undefined while the first one is being counted. */
  readonly histogram: Histogram | undefined
  /** The stretch of time that is looked at; both undefined: all of it. */
  readonly range: { readonly from?: number | undefined; readonly to?: number | undefined }
  /** In ms since the epoch: not before `from`, and before `to`. */
  readonly onZoom: (from: number, to: number) => void
  /** Back to all of the time. */
  readonly onReset: () => void
}

const steps: Readonly<Record<string, SelectionStep>> = {
  ArrowLeft: 'previous',
  ArrowRight: 'next',
  PageUp: 'back',
  PageDown: 'forward',
  Home: 'first',
  End: 'last',
}

/** How much more time is shown after zooming out. */
const zoomOutFactor = 3

export function TimeHistogram({ histogram, range, onZoom, onReset }: TimeHistogramProps): ReactElement {
  const [keyed, setKeyed] = useState<BarSelection>()
  const [pointed, setPointed] = useState<number>()
  const [isTable, setTable] = useState(false)
  const keysId = useId()
  const bars = useMemo(() => (histogram === undefined ? [] : barsOf(histogram)), [histogram])
  const isZoomed = range.from !== undefined || range.to !== undefined
  const selected = keyed && rangeOf(keyed, bars)
  const told = selected ?? (pointed === undefined ? undefined : bars[pointed])

  const brush = useCallback((from: number, to: number) => onZoom(from, to), [onZoom])

  const zoomOut = (): void => {
    const first = bars[0]
    const last = bars.at(-1)
    if (first === undefined || last === undefined) return
    const more = ((last.to - first.from) * (zoomOutFactor - 1)) / 2
    onZoom(first.from - more, last.to + more)
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const step = steps[event.key]
    if (step !== undefined) setKeyed(moved(keyed, step, bars.length, event.shiftKey))
    else if (event.key === 'Enter' && selected !== undefined) {
      setKeyed(undefined)
      onZoom(selected.from, selected.to)
    } else if (event.key === '-' && isZoomed) zoomOut()
    else if (event.key === 'Backspace' && isZoomed) onReset()
    else if (event.key === 'Escape' && keyed !== undefined) setKeyed(undefined)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  const stretch = selected ? bars.filter(({ from }) => from >= selected.from && from < selected.to) : []
  return (
    <section className="histogram" aria-label="Lines over time">
      <div className="histogram__bar">
        <p className="histogram__told" aria-hidden="true">
          {told === undefined ? summaryOf(histogram, bars) : barWords('entries' in told ? [told] : stretch)}
        </p>
        {isZoomed && (
          <>
            <button type="button" onClick={zoomOut}>
              Zoom out
            </button>
            <button type="button" onClick={onReset}>
              All of the time
            </button>
          </>
        )}
        <button type="button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          Table
        </button>
      </div>
      {isTable ? (
        <HistogramTable bars={bars} onZoom={onZoom} />
      ) : (
        <div
          className="histogram__plot"
          role="slider"
          tabIndex={0}
          aria-label="Stretch of time"
          aria-orientation="horizontal"
          aria-valuemin={1}
          aria-valuemax={Math.max(1, bars.length)}
          aria-valuenow={Math.max(1, (keyed?.at ?? bars.length - 1) + 1)}
          aria-valuetext={selected === undefined ? summaryOf(histogram, bars) : barWords(stretch)}
          aria-describedby={keysId}
          onKeyDown={onKeyDown}
          onBlur={() => setKeyed(undefined)}
        >
          <HistogramPlot bars={bars} selected={selected} onBrush={brush} onPoint={setPointed} />
        </div>
      )}
      <p id={keysId} className="sr-only">
        Arrow keys choose a stretch of time, with Shift a longer one. Enter looks closer at it.
        {isZoomed && ' Minus zooms out, Backspace shows all of the time.'}
      </p>
    </section>
  )
}

function summaryOf(histogram: Histogram | undefined, bars: readonly Bar[]): string {
  if (histogram === undefined) return 'Counting …'
  const entries = bars.reduce((sum, bar) => sum + bar.entries, 0)
  const first = bars[0]
  const last = bars.at(-1)
  if (first === undefined || last === undefined || entries === 0) return 'No lines'
  const span = `${linesWords(entries)} · ${spanWords(first.from, last.to)} · ${bucketWords(histogram.bucketMs)} a bar`
  if (histogram.isComplete) return span
  const since = histogram.countedFrom === undefined ? '' : ` since ${spanWords(histogram.countedFrom, last.to)}`
  return `${span} · counted only in part${since}`
}

/** `2026-11-21 17:52:10 to 17:52:20 · 312 lines: 4 error, 308 info` */
function barWords(bars: readonly Bar[]): string {
  const first = bars[0]
  const last = bars.at(-1)
  if (first === undefined || last === undefined) return ''
  const entries = bars.reduce((sum, bar) => sum + bar.entries, 0)
  const levels = levelWords
    .map((level) => [level, bars.reduce((sum, { counts }) => sum + (counts[level] ?? 0), 0)] as const)
    .filter(([, count]) => count > 0)
    .map(([level, count]) => `${numberWords(count)} ${level === 'none' ? 'without a level' : level}`)
  const each = levels.length === 0 ? '' : `: ${levels.join(', ')}`
  return `${spanWords(first.from, last.to)} · ${linesWords(entries)}${each}`
}
