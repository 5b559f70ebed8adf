/** The fields as a tree: a tree grid as ARIA's authoring practices describe it, with buttons in its rows. */

import type { QueryTerm } from '@logwisp/store/log-query'
import { type KeyboardEvent, type ReactElement, useMemo, useRef, useState } from 'react'
import { numberWords } from '../histogram/time-words.ts'
import { CopyButton } from './copy-button.tsx'
import { type FieldRow, fieldRows, maxFieldRows, valueText } from './field-rows.ts'

export interface FieldTreeProps {
  readonly fields: Readonly<Record<string, unknown>>
  readonly onAddTerm: (term: QueryTerm) => void
}

/** A longer value is cut here; copying gives all of it. */
const maxValueCharacters = 2_000

/** A query is no longer than this anyway. */
const maxTermCharacters = 500

/** Up, down, Home and End go through the rows, left and right close and open them; Tab goes into the row's buttons. */
export function FieldTree({ fields, onAddTerm }: FieldTreeProps): ReactElement | null {
  const [closed, setClosed] = useState<ReadonlySet<string>>(() => new Set())
  const [isWhole, setWhole] = useState(false)
  const [current, setCurrent] = useState<string>()
  const table = useRef<HTMLTableElement>(null)
  const { rows, left } = useMemo(
    () => fieldRows(fields, closed, isWhole ? Number.POSITIVE_INFINITY : maxFieldRows),
    [fields, closed, isWhole],
  )
  const at = Math.max(
    0,
    rows.findIndex(({ id }) => id === current),
  )

  const setOpen = ({ id }: FieldRow, open: boolean): void => {
    const now = new Set(closed)
    if (open) now.delete(id)
    else now.add(id)
    setClosed(now)
  }

  const goTo = (place: number): void => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, place))]
    if (row === undefined) return
    setCurrent(row.id)
    table.current?.tBodies[0]?.rows[rows.indexOf(row)]?.focus()
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    const row = rows[at]
    if (row === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    if (event.key === 'ArrowDown') goTo(at + 1)
    else if (event.key === 'ArrowUp') goTo(at - 1)
    else if (event.key === 'Home') goTo(0)
    else if (event.key === 'End') goTo(rows.length - 1)
    else if (event.key === 'ArrowRight' && row.isOpen === false) setOpen(row, true)
    else if (event.key === 'ArrowLeft' && row.isOpen === true) setOpen(row, false)
    else if (event.key === 'ArrowLeft' && row.depth > 1) goTo(parentOf(rows, at))
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  if (rows.length === 0) return null
  return (
    <div className={rows.some(({ isOpen }) => isOpen !== undefined) ? 'fields fields--deep' : 'fields'}>
      <h3>Fields</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a tree grid is a table one can go through */}
      <table ref={table} role="treegrid" aria-label="Fields" onKeyDown={onKeyDown}>
        <tbody>
          {rows.map((row, place) => (
            <FieldTreeRow
              key={row.id}
              row={row}
              isCurrent={place === at}
              onFocus={() => setCurrent(row.id)}
              onToggle={() => setOpen(row, row.isOpen === false)}
              onAddTerm={onAddTerm}
            />
          ))}
        </tbody>
      </table>
      {left > 0 && (
        <button type="button" onClick={() => setWhole(true)}>
          Show {numberWords(left)} more
        </button>
      )}
    </div>
  )
}

interface FieldTreeRowProps {
  readonly row: FieldRow
  /** Only one row is a stop of the Tab key, with its buttons. */
  readonly isCurrent: boolean
  readonly onFocus: () => void
  readonly onToggle: () => void
  readonly onAddTerm: (term: QueryTerm) => void
}

function FieldTreeRow({ row, isCurrent, onFocus, onToggle, onAddTerm }: FieldTreeRowProps): ReactElement {
  const { path, key, depth, kind, text, isOpen, place, siblings, value } = row
  const isLeaf = kind !== 'object' && kind !== 'list'
  const tabIndex = isCurrent ? 0 : -1
  const term: QueryTerm = { kind: 'field', path, values: [text] }
  return (
    <tr
      aria-level={depth}
      aria-posinset={place}
      aria-setsize={siblings}
      aria-expanded={isOpen}
      tabIndex={tabIndex}
      onFocus={onFocus}
    >
      <td className="field__key" style={{ paddingInlineStart: `${Math.min(depth - 1, 12) * 2}ch` }}>
        <div className="field__name">
          {isOpen !== undefined && (
            <button
              type="button"
              className="field__toggle"
              tabIndex={-1}
              aria-label={`${isOpen ? 'Close' : 'Open'} ${path}`}
              onClick={onToggle}
            >
              {isOpen ? '▾' : '▸'}
            </button>
          )}
          <bdi>{key}</bdi>
        </div>
      </td>
      <td className={`field__value field__value--${kind}`}>
        <bdi>{text.length > maxValueCharacters ? `${text.slice(0, maxValueCharacters)} …` : text}</bdi>
      </td>
      <td className="field__buttons">
        {isLeaf && text.length <= maxTermCharacters && (
          <>
            <button
              type="button"
              tabIndex={tabIndex}
              aria-label={`Only lines with this ${path}`}
              title="Only lines with this value"
              onClick={() => onAddTerm(term)}
            >
              +
            </button>
            <button
              type="button"
              tabIndex={tabIndex}
              aria-label={`Without lines with this ${path}`}
              title="Without lines with this value"
              onClick={() => onAddTerm({ ...term, not: true })}
            >
              −
            </button>
          </>
        )}
        <CopyButton name="Copy" label={`Copy ${path}`} text={() => valueText(value)} tabStop={isCurrent} />
      </td>
    </tr>
  )
}

function parentOf(rows: readonly FieldRow[], at: number): number {
  const depth = rows[at]?.depth ?? 1
  return rows.findLastIndex((row, place) => place < at && row.depth < depth)
}
