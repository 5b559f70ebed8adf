/** The histogram in figures, for those who read them better than bars, or hear them. */

import type { ReactElement } from 'react'
import { levelWords } from '../levels/level-query.ts'
import type { Bar } from './histogram-bars.ts'
import { numberWords, spanWords } from './time-words.ts'

export interface HistogramTableProps {
  readonly bars: readonly Bar[]
  readonly onZoom: (from: number, to: number) => void
}

/** A row for each stretch that has lines, the newest first. */
export function HistogramTable({ bars, onZoom }: HistogramTableProps): ReactElement {
  const rows = bars.filter(({ entries }) => entries > 0).toReversed()
  const levels = levelWords.filter((level) => rows.some(({ counts }) => (counts[level] ?? 0) > 0))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
    <section className="histogram__table" aria-label="Lines over time, in figures" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Lines</th>
            {levels.map((level) => (
              <th key={level} scope="col">
                {level === 'none' ? 'no level' : level}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((bar) => (
            <tr key={bar.from}>
              <th scope="row">
                <button type="button" className="link" onClick={() => onZoom(bar.from, bar.to)}>
                  {spanWords(bar.from, bar.to)}
                </button>
              </th>
              <td>{numberWords(bar.entries)}</td>
              {levels.map((level) => (
                <td key={level}>{numberWords(bar.counts[level] ?? 0)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
