/** One entry, all of it: what it says, its fields, what stood around it, and what can be done with it. */

import type { QueryTerm } from '@logwisp/store/log-query'
import { type ReactElement, type ReactNode, useId, useState } from 'react'
import type { ShownEntry } from '../data/shown-entry.ts'
import { exactTime, numberWords, zoneOf } from '../histogram/time-words.ts'
import { levelOfLine } from '../levels/level-of-line.ts'
import { CopyButton } from './copy-button.tsx'
import { EntryContext, type LoadContext } from './entry-context.tsx'
import { entryJson } from './entry-text.ts'
import { FieldTree } from './field-tree.tsx'

export interface DetailPaneProps {
  /** Undefined while a linked entry is being fetched. */
  readonly entry: ShownEntry | undefined
  /** Why there is no entry, when there will be none. */
  readonly problem?: string | undefined
  readonly loadContext: LoadContext
  readonly onClose: () => void
  /** Narrows the search: the same, or with `not` none of it. */
  readonly onAddTerm: (term: QueryTerm) => void
  /** Goes to another entry, one of the context. */
  readonly onSelect: (entry: ShownEntry) => void
  /** The address that opens the page at this entry. */
  readonly link: string
}

/** A longer text is cut until all of it is asked for: ten million characters take a browser seconds. */
const maxShownCharacters = 20_000

/** Beside the lines, or below them where there is no room. */
export function DetailPane({ entry, problem, onClose, ...others }: DetailPaneProps): ReactElement {
  const headingId = useId()
  return (
    <aside className="detail" aria-labelledby={headingId}>
      <div className="detail__bar">
        <h2 id={headingId}>Line</h2>
        {entry !== undefined && (
          <>
            <CopyButton name="Copy" label="Copy the line" text={() => entry.message} />
            <CopyButton name="JSON" label="Copy as JSON" text={() => entryJson(entry)} />
            <CopyButton
              name="Link"
              label="Copy a link to this line"
              text={() => new URL(others.link, location.href).href}
            />
          </>
        )}
        <button type="button" className="detail__close" aria-label="Close the details" onClick={onClose}>
          ✕
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section className="detail__body" aria-labelledby={headingId} tabIndex={0}>
        {entry === undefined ? (
          <p className="detail__problem">{problem ?? 'Loading …'}</p>
        ) : (
          <EntryDetails key={entry.id} entry={entry} {...others} />
        )}
      </section>
    </aside>
  )
}

type EntryDetailsProps = Omit<DetailPaneProps, 'entry' | 'problem' | 'onClose'> & { readonly entry: ShownEntry }

function EntryDetails({ entry, loadContext, onAddTerm, onSelect, link }: EntryDetailsProps): ReactElement {
  const { time, source, message, fields } = entry
  const level = levelOfLine(entry)
  return (
    <>
      <Message text={message} level={level} />
      <dl className="facts">
        <Fact name="time">
          <time dateTime={isoTime(time)}>{exactTime(time)}</time> <span className="dim">{zoneOf(time)}</span>{' '}
          <a className="facts__link" href={link}>
            link to this line
          </a>
        </Fact>
        <Fact name="level">
          <span className={`tag tag--${level ?? 'none'}`}>{level ?? 'none'}</span>
          {(entry.level !== undefined || level === undefined) && (
            <TermButtons name="level" term={{ kind: 'level', levels: [level ?? 'none'] }} onAddTerm={onAddTerm} />
          )}
        </Fact>
        <Fact name="source">
          <bdi>{source}</bdi>
          <TermButtons name="source" term={{ kind: 'source', sources: [source] }} onAddTerm={onAddTerm} />
        </Fact>
      </dl>
      {fields !== undefined && <FieldTree fields={fields} onAddTerm={onAddTerm} />}
      <EntryContext entry={entry} load={loadContext} onSelect={onSelect} />
    </>
  )
}

function Message({ text, level }: { readonly text: string; readonly level: string | undefined }): ReactElement {
  const [isWhole, setWhole] = useState(false)
  const isCut = !isWhole && text.length > maxShownCharacters
  return (
    <div className={`message message--${level ?? 'none'}`}>
      <pre>{isCut ? text.slice(0, maxShownCharacters) : text}</pre>
      {isCut && (
        <button type="button" onClick={() => setWhole(true)}>
          Show all {numberWords(text.length)} characters
        </button>
      )}
    </div>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactElement {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}

interface TermButtonsProps {
  readonly name: string
  readonly term: QueryTerm
  readonly onAddTerm: (term: QueryTerm) => void
}

function TermButtons({ name, term, onAddTerm }: TermButtonsProps): ReactElement {
  return (
    <span className="term-buttons">
      <button
        type="button"
        aria-label={`Only this ${name}`}
        title={`Only this ${name}`}
        onClick={() => onAddTerm(term)}
      >
        +
      </button>
      <button
        type="button"
        aria-label={`Without this ${name}`}
        title={`Without this ${name}`}
        onClick={() => onAddTerm({ ...term, not: true })}
      >
        −
      </button>
    </span>
  )
}

/** Undefined for what no date can hold. */
function isoTime(ms: number): string | undefined {
  const time = new Date(ms)
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}
