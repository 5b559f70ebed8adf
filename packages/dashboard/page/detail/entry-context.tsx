/** What the same source said before and after an entry, whatever is searched for. */

import { type ReactElement, useCallback, useEffect, useState } from 'react'
import type { ShownEntry } from '../data/shown-entry.ts'
import { exactTime } from '../histogram/time-words.ts'
import { levelOfLine } from '../levels/level-of-line.ts'

/** Which lines of the source of `entry`. */
export interface ContextOptions {
  readonly direction: 'before' | 'after'
  readonly limit: number
  readonly signal: AbortSignal
}

/** The lines nearest to `entry` in this direction from the same source, oldest first. */
export type LoadContext = (entry: ShownEntry, options: ContextOptions) => Promise<readonly ShownEntry[]>

export interface EntryContextProps {
  readonly entry: ShownEntry
  readonly load: LoadContext
  readonly onSelect: (entry: ShownEntry) => void
}

/** Lines that come with each step. */
const stepLines = 5
/** Enough to read; for more there is the list itself. */
const maxLines = 200

interface Side {
  readonly lines: readonly ShownEntry[]
  readonly state: 'loading' | 'more' | 'end' | 'failed'
}

const nothingYet: Side = { lines: [], state: 'loading' }

/** Whether it was open stays so for the next entry: one who reads contexts reads several. */
let wasOpen = false

export function EntryContext({ entry, load, onSelect }: EntryContextProps): ReactElement {
  const [isOpen, setOpen] = useState(wasOpen)
  const before = useSide(entry, 'before', load, isOpen)
  const after = useSide(entry, 'after', load, isOpen)
  return (
    <div className="context">
      <h3>
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={() => {
            wasOpen = !isOpen
            setOpen(!isOpen)
          }}
        >
          Around it
        </button>
      </h3>
      {isOpen && (
        <>
          <SideEnd side={before} direction="before" />
          <ol className="context__lines">
            {before.lines.map((line) => (
              <ContextLine key={line.id} line={line} onSelect={onSelect} />
            ))}
            <ContextLine line={entry} isCurrent onSelect={onSelect} />
            {after.lines.map((line) => (
              <ContextLine key={line.id} line={line} onSelect={onSelect} />
            ))}
          </ol>
          <SideEnd side={after} direction="after" />
        </>
      )}
    </div>
  )
}

function useSide(
  entry: ShownEntry,
  direction: 'before' | 'after',
  load: LoadContext,
  isOpen: boolean,
): Side & { readonly more: () => void } {
  const [side, setSide] = useState(nothingYet)
  // A new object asks again, also after a failure.
  const [asked, setAsked] = useState({ lines: stepLines })
  useEffect(() => {
    if (!isOpen) return
    const leaving = new AbortController()
    setSide((now) => ({ ...now, state: 'loading' }))
    load(entry, { direction, limit: asked.lines, signal: leaving.signal }).then(
      (lines) => {
        if (leaving.signal.aborted) return
        const isAll = lines.length < asked.lines || asked.lines >= maxLines
        setSide({ lines, state: isAll ? 'end' : 'more' })
      },
      () => {
        if (!leaving.signal.aborted) setSide((now) => ({ ...now, state: 'failed' }))
      },
    )
    return () => leaving.abort()
  }, [entry, direction, load, isOpen, asked])
  const more = useCallback(() => {
    setAsked(({ lines }) => ({ lines: Math.min(maxLines, lines + 4 * stepLines) }))
  }, [])
  return { ...side, more }
}

function SideEnd({
  side,
  direction,
}: {
  readonly side: Side & { readonly more: () => void }
  readonly direction: 'before' | 'after'
}): ReactElement {
  if (side.state === 'loading') return <p className="context__end">Loading …</p>
  if (side.state === 'end')
    return <p className="context__end">{side.lines.length === 0 ? `Nothing ${direction} it` : ''}</p>
  return (
    <p className="context__end">
      {side.state === 'failed' && 'Could not be loaded. '}
      <button type="button" onClick={side.more}>
        {side.state === 'failed' ? 'Try again' : `More ${direction}`}
      </button>
    </p>
  )
}

/** A longer line is cut here; going to it shows all of it. */
const maxCharacters = 300

interface ContextLineProps {
  readonly line: ShownEntry
  readonly isCurrent?: boolean
  readonly onSelect: (entry: ShownEntry) => void
}

function ContextLine({ line, isCurrent = false, onSelect }: ContextLineProps): ReactElement {
  return (
    <li className={`context__line context__line--${levelOfLine(line) ?? 'none'}`} aria-current={isCurrent || undefined}>
      <button type="button" disabled={isCurrent} onClick={() => onSelect(line)}>
        <time>{exactTime(line.time).slice(11)}</time> <bdi>{line.message.slice(0, maxCharacters)}</bdi>
      </button>
    </li>
  )
}
