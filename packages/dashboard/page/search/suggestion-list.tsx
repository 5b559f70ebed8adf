/** The list below the search box. */

import { type ReactElement, useEffect, useRef } from 'react'
import { linesWords, shortNumber } from '../histogram/time-words.ts'
import type { Suggestion } from './suggestions.ts'

export interface SuggestionListProps {
  /** Options are `<id>-<place>`. */
  readonly id: string
  readonly suggestions: readonly Suggestion[]
  /** The place of the one that the keys have come to; -1 is none. */
  readonly chosen: number
  readonly onTake: (suggestion: Suggestion) => void
}

/** Always there, so that the box can name it; hidden while there is nothing to suggest. */
export function SuggestionList({ id, suggestions, chosen, onTake }: SuggestionListProps): ReactElement {
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  return (
    <div
      ref={list}
      id={id}
      className="suggestions"
      role="listbox"
      aria-label="Suggestions"
      hidden={suggestions.length === 0}
      // The focus stays in the box.
      onMouseDown={(event) => event.preventDefault()}
    >
      {suggestions.map((suggestion, place) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the box has the keys
        <div
          key={`${suggestion.kind} ${suggestion.text}`}
          id={`${id}-${place}`}
          className={`suggestion suggestion--${suggestion.kind}`}
          role="option"
          tabIndex={-1}
          aria-selected={place === chosen}
          onClick={() => onTake(suggestion)}
        >
          <span className="suggestion__text">{suggestion.text}</span>
          <SuggestionNote {...suggestion} />
        </div>
      ))}
    </div>
  )
}

const kindNotes: Readonly<Partial<Record<Suggestion['kind'], string>>> = { search: 'earlier', field: 'field' }

function SuggestionNote({ kind, note = kindNotes[kind], entries }: Suggestion): ReactElement | null {
  if (entries !== undefined)
    return (
      <span className="suggestion__note">
        <span aria-hidden="true">{shortNumber(entries)}</span>
        <span className="sr-only">{linesWords(entries)}</span>
      </span>
    )
  return note === undefined ? null : <span className="suggestion__note">{note}</span>
}
