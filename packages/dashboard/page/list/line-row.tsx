/** One row of the list: an entry, or a note that some are missing. */

import { type KeyboardEvent, memo, type ReactElement } from 'react'
import type { Gap, Row } from '../data/line-window.ts'
import type { ShownEntry } from '../data/shown-entry.ts'
import { exactTime } from '../histogram/time-words.ts'
import { levelOfLine } from '../levels/level-of-line.ts'
import { fieldWords } from './field-words.ts'

export interface LineRowProps {
  readonly row: Row
  /** From 0. */
  readonly index: number
  /** All rows there are; -1 while nobody knows. */
  readonly setSize: number
  readonly isFocused: boolean
  readonly isSelected: boolean
  readonly isLoading: boolean
  readonly onOpen: (key: string) => void
  readonly onLoadGap: (key: string) => void
  readonly onFocus: (key: string) => void
}

/** A longer line is cut in the list; its details have all of it. Unit: characters. */
const maxShownChars = 4000
const maxNameChars = 300

export const LineRow = memo(function LineRow(props: LineRowProps): ReactElement {
  const { row, index, setSize, isFocused, onFocus } = props
  const shared = {
    'data-key': row.key,
    'aria-posinset': index + 1,
    'aria-setsize': setSize,
    tabIndex: isFocused ? 0 : -1,
    onFocus: () => onFocus(row.key),
  }
  if (row.kind === 'gap') return <GapRow gap={row.gap} shared={shared} {...props} />
  return <EntryRow entry={row.entry} shared={shared} {...props} />
}, isSameRow)

interface Shared {
  readonly 'data-key': string
  readonly 'aria-posinset': number
  readonly 'aria-setsize': number
  readonly tabIndex: number
  readonly onFocus: () => void
}

function EntryRow({
  entry,
  shared,
  isFocused,
  isSelected,
  onOpen,
}: LineRowProps & { readonly entry: ShownEntry; readonly shared: Shared }): ReactElement {
  const level = levelOfLine(entry)
  const [date, clock] = exactTime(entry.time).split(' ') as [string, string?]
  const fields = entry.fields === undefined ? '' : fieldWords(entry.fields)
  const message = entry.message.slice(0, maxShownChars)
  const hasBreaks = message.includes('\n') || fields.includes('\n')
  const open = (): void => {
    // Whoever marks a part of the text wants to copy that.
    if (document.getSelection()?.isCollapsed !== false) onOpen(entry.id)
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys, for all rows
    <article
      {...shared}
      className={classOf(level, isFocused, isSelected)}
      aria-label={nameOf(entry, level)}
      aria-current={isSelected || undefined}
      onClick={open}
    >
      <time className="row__time" dateTime={isoTime(entry.time)}>
        {clock === undefined ? (
          date
        ) : (
          <>
            <span className="row__date">{date} </span>
            {clock}
          </>
        )}
      </time>
      <span className="row__level">{level ?? ''}</span>
      <span className="row__source" title={entry.source}>
        <bdi>{baseName(entry.source)}</bdi>
      </span>
      <span className={`row__text${hasBreaks ? ' row__text--breaks' : ''}`}>
        <bdi>{message}</bdi>
        {entry.message.length > maxShownChars && '…'}
        {fields !== '' && <span className="row__fields"> {fields}</span>}
      </span>
    </article>
  )
}

function GapRow({
  gap,
  shared,
  isFocused,
  isLoading,
  onLoadGap,
}: LineRowProps & { readonly gap: Gap; readonly shared: Shared }): ReactElement {
  const what = gapWords(gap)
  // Enter on the row is for the list; on the button it is for the button.
  const keepEnter = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' || event.key === ' ') event.stopPropagation()
  }
  return (
    <article {...shared} className={`row row--gap${isFocused ? ' row--focused' : ''}`} aria-label={what}>
      <span className="row__gap">
        {what}{' '}
        <button
          type="button"
          tabIndex={isFocused ? 0 : -1}
          disabled={isLoading}
          onKeyDown={keepEnter}
          onClick={() => onLoadGap(gap.key)}
        >
          {isLoading ? 'loading…' : 'load them'}
        </button>
      </span>
    </article>
  )
}

/** `312 lines skipped,` as the button after it goes on. */
function gapWords({ entries }: Gap): string {
  if (entries === undefined) return 'Some lines skipped,'
  return `${entries.toLocaleString('en')} ${entries === 1 ? 'line' : 'lines'} skipped,`
}

/** What is read out: what decides whether one looks closer comes first. */
function nameOf({ time, source, message }: ShownEntry, level: string | undefined): string {
  const clock = exactTime(time).split(' ').at(-1)
  return `${level === undefined ? '' : `${level}, `}${message.slice(0, maxNameChars)}, ${clock}, ${baseName(source)}`
}

function classOf(level: string | undefined, isFocused: boolean, isSelected: boolean): string {
  return [
    'row',
    ...(level === undefined ? [] : [`row--${level}`]),
    ...(isFocused ? ['row--focused'] : []),
    ...(isSelected ? ['row--selected'] : []),
  ].join(' ')
}

function isoTime(time: number): string | undefined {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

function baseName(source: string): string {
  return source.slice(source.lastIndexOf('/') + 1) || source
}

/** Entries never change; those of a packed block are new objects each time. */
function isSameRow(a: LineRowProps, b: LineRowProps): boolean {
  return (
    a.row.key === b.row.key &&
    (a.row.kind === 'entry' || (b.row.kind === 'gap' && a.row.gap === b.row.gap)) &&
    a.index === b.index &&
    a.setSize === b.setSize &&
    a.isFocused === b.isFocused &&
    a.isSelected === b.isSelected &&
    a.isLoading === b.isLoading &&
    a.onOpen === b.onOpen &&
    a.onLoadGap === b.onLoadGap &&
    a.onFocus === b.onFocus
  )
}
