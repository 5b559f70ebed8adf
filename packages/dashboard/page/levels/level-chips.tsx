/** The levels with how many lines each has: buttons that narrow the search to one or some of them. */

import type { ReactElement } from 'react'
import type { LevelWord } from '../data/shown-entry.ts'
import { numberWords, shortNumber } from '../histogram/time-words.ts'
import { levelWords } from './level-query.ts'

export interface LevelChipsProps {
  /** Of what is searched for; undefined while nobody knows. */
  readonly counts: Readonly<Partial<Record<LevelWord, number>>> | undefined
  /** None is all of them. */
  readonly selected: readonly LevelWord[]
  readonly onToggle: (level: LevelWord) => void
}

/** A button for each level that occurs or is asked for. */
export function LevelChips({ counts, selected, onToggle }: LevelChipsProps): ReactElement {
  const shown = levelWords.filter((level) => (counts?.[level] ?? 0) > 0 || selected.includes(level) || isCommon(level))
  return (
    <fieldset className="chips">
      <legend className="sr-only">Levels</legend>
      {shown.map((level) => {
        const count = counts?.[level]
        return (
          <button
            key={level}
            type="button"
            className={`chip chip--${level}`}
            aria-pressed={selected.includes(level)}
            onClick={() => onToggle(level)}
          >
            <span className="chip__level">{level === 'none' ? 'no level' : level}</span>
            {counts !== undefined && (
              <span className="chip__count" title={numberWords(count ?? 0)}>
                {shortNumber(count ?? 0)}
              </span>
            )}
          </button>
        )
      })}
    </fieldset>
  )
}

/** Stays in its place when it has no lines, so that the others do not jump about. */
function isCommon(level: LevelWord): boolean {
  return level === 'error' || level === 'warn' || level === 'info' || level === 'debug'
}
