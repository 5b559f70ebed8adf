/**
 * The search box: the text in the colours of its parts, what could be written next, what is wrong with it, and what was
 * searched for before. A combobox with a list, as ARIA's authoring practices describe it.
 */

import { parseQuery, type QueryPart, type WordAtCursor, wordAtCursor } from '@logwisp/store/query-language'
import {
  type ChangeEvent,
  type KeyboardEvent,
  type ReactElement,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import type { Completion, CompletionsOf } from '../data/shown-entry.ts'
import { QueryColours } from './query-colours.tsx'
import { keepSearches, readSearches, withSearch } from './search-history.ts'
import { SuggestionList } from './suggestion-list.tsx'
import {
  completionsFor,
  knownSuggestions,
  maxSuggestions,
  type Suggestion,
  storedSuggestions,
  withSuggestion,
} from './suggestions.ts'

export interface SearchBoxProps {
  /** What is searched for now. */
  readonly text: string
  /** What else is wrong with it, that only the store can tell. */
  readonly problem?: string | undefined
  readonly onSearch: (text: string) => void
  /** Asks the store what could be written; an answer that comes too late is left aside. */
  readonly complete: (of: CompletionsOf) => Promise<readonly Completion[]>
}

/** The element's id: keys elsewhere on the page go to it. */
export const searchBoxId = 'search'

/** So long after the last key the store is asked: fast typing asks once. Unit: ms. */
const askDelayMs = 120

/** What is in the list, and for which word. */
interface Open {
  readonly word: WordAtCursor
  readonly known: readonly Suggestion[]
  readonly stored: readonly Suggestion[]
  /** The place of the chosen one; -1 is none. */
  readonly chosen: number
}

/** Where the list can be shown, and a search written. */
export function SearchBox({ text, problem, onSearch, complete }: SearchBoxProps): ReactElement {
  const [draft, setDraft] = useState(text)
  const [searched, setSearched] = useState(text)
  const [searches, setSearches] = useState(readSearches)
  const [open, setOpen] = useState<Open>()
  const input = useRef<HTMLInputElement>(null)
  const colours = useRef<HTMLDivElement>(null)
  const cursor = useRef<number>(undefined)
  const listId = useId()
  const problemsId = useId()

  // The search changed from elsewhere, by a chip or the browser's back: what was being written gives way.
  if (searched !== text) {
    setSearched(text)
    setDraft(text)
    setOpen(undefined)
  }

  const word = open?.word
  useEffect(() => {
    const of = word && completionsFor(word)
    if (of === undefined) return
    let isCurrent = true
    const timer = setTimeout(() => {
      complete(of).then(
        (completions) => {
          if (!isCurrent) return
          const stored = storedSuggestions(word!, completions)
          setOpen((now) => (now?.word === word ? { ...now!, stored } : now))
        },
        // Completion is a help: without it, one writes on. What is wrong with the connection is told elsewhere.
        () => undefined,
      )
    }, askDelayMs)
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
  }, [word, complete])

  useLayoutEffect(() => {
    if (cursor.current !== undefined) input.current?.setSelectionRange(cursor.current, cursor.current)
    cursor.current = undefined
    if (colours.current) colours.current.scrollLeft = input.current?.scrollLeft ?? 0
  })

  const suggestions = open === undefined ? [] : [...open.known, ...open.stored].slice(0, maxSuggestions)
  const chosen = open === undefined ? undefined : suggestions[open.chosen]
  // What is still being written is not wrong yet.
  const isBeingWritten = ({ start, end }: QueryPart): boolean =>
    word !== undefined && word.start >= start && word.start <= end
  const problems = parseQuery(draft)
    .problems.filter((part) => !isBeingWritten(part))
    .map((part) => part.problem ?? '')
  const told = problems.length === 0 && problem !== undefined && draft === text ? [problem] : problems

  const show = (newText: string, at: number): void => {
    const newWord = wordAtCursor(newText, at)
    setOpen({ word: newWord, known: knownSuggestions(newText, newWord, searches), stored: [], chosen: -1 })
  }

  const write = (newText: string, at: number): void => {
    setDraft(newText)
    cursor.current = at
    show(newText, at)
  }

  const search = (newText: string): void => {
    setOpen(undefined)
    setDraft(newText)
    // What is wrong is told below, and asked of nobody.
    if (parseQuery(newText).problems.length > 0) return
    const kept = withSearch(searches, newText)
    setSearches(kept)
    keepSearches(kept)
    onSearch(newText.trim())
  }

  const take = (suggestion: Suggestion): void => {
    if (suggestion.kind === 'search') return search(suggestion.text)
    if (suggestion.kind === 'forget') {
      setSearches([])
      keepSearches([])
      return setOpen(undefined)
    }
    if (word === undefined) return
    const completed = withSuggestion(draft, word, suggestion)
    write(completed.text, completed.cursor)
  }

  const choose = (step: number): void => {
    if (open === undefined) return show(draft, input.current?.selectionStart ?? draft.length)
    // One place more than suggestions: between the last and the first, none is chosen.
    const places = suggestions.length + 1
    setOpen({ ...open, chosen: ((open.chosen + 1 + step + places) % places) - 1 })
  }

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    // A key that an input method still works with is none of ours.
    if (event.nativeEvent.isComposing) return
    if (event.key === 'ArrowDown') choose(1)
    else if (event.key === 'ArrowUp') choose(-1)
    else if (event.key === 'Enter') chosen === undefined ? search(draft) : take(chosen)
    else if (event.key === 'Tab' && chosen !== undefined && !event.shiftKey) take(chosen)
    else if (event.key === 'Escape') {
      if (suggestions.length > 0) setOpen(undefined)
      else if (draft !== text) setDraft(text)
      else return
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  const onChange = ({ target }: ChangeEvent<HTMLInputElement>): void => {
    setDraft(target.value)
    show(target.value, target.selectionStart ?? target.value.length)
  }

  return (
    <search className="search">
      <div className="search__field">
        <span className="search__prompt" aria-hidden="true">
          ❯
        </span>
        <div className="search__text">
          <QueryColours ref={colours} text={draft} isQuiet={isBeingWritten} />
          <input
            ref={input}
            id={searchBoxId}
            className="search__input"
            type="text"
            role="combobox"
            aria-label="Search"
            aria-autocomplete="list"
            aria-expanded={suggestions.length > 0}
            aria-controls={listId}
            aria-activedescendant={chosen === undefined ? undefined : `${listId}-${open?.chosen}`}
            aria-invalid={told.length > 0}
            aria-describedby={problemsId}
            autoComplete="off"
            autoCapitalize="off"
            autoCorrect="off"
            spellCheck={false}
            enterKeyHint="search"
            placeholder={'level:error source:api -healthz "exact words" /regex/ field.user.id=42'}
            value={draft}
            onChange={onChange}
            onKeyDown={onKeyDown}
            onClick={() => show(draft, input.current?.selectionStart ?? draft.length)}
            onBlur={() => setOpen(undefined)}
            onScroll={({ currentTarget }) => {
              if (colours.current) colours.current.scrollLeft = currentTarget.scrollLeft
            }}
          />
        </div>
        {draft !== text && (
          <span className="search__unsent" aria-hidden="true">
            Enter ↵
          </span>
        )}
        {draft !== '' && (
          <button type="button" className="search__clear" aria-label="Clear the search" onClick={() => search('')}>
            ✕
          </button>
        )}
      </div>
      <SuggestionList id={listId} suggestions={suggestions} chosen={open?.chosen ?? -1} onTake={take} />
      <div id={problemsId} className="search__problems" aria-live="polite">
        {told.map((each) => (
          <p key={each}>{each}</p>
        ))}
      </div>
    </search>
  )
}
