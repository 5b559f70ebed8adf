/** What is said over the lines: that there are none and why, how far a search has come, what could not be had. */

import type { ReactElement } from 'react'
import type { FeedState } from '../data/line-feed.ts'
import { exactTime } from '../histogram/time-words.ts'

export interface ListNoticesProps {
  readonly state: FeedState
  readonly isEmpty: boolean
  /** Whether something narrows what is shown. */
  readonly isNarrowed: boolean
  readonly onStop: () => void
  readonly onContinue: () => void
  readonly onRetry: () => void
  readonly onShowAll: () => void
}

export function ListNotices(props: ListNoticesProps): ReactElement {
  const { state, isEmpty, isNarrowed, onStop, onContinue, onRetry, onShowAll } = props
  const { phase, search, problem } = state
  const words = searchWords(state)
  // The search box says which one.
  const isMistake = problem?.parameter === 'q'
  const isNothing = isEmpty && phase === 'ready' && search === undefined && problem === undefined
  return (
    <>
      {phase === 'loading' && isEmpty && <p className="lines__empty">Loading…</p>}
      {isNothing && (
        <div className="lines__empty">
          <p>{emptyWords(isNarrowed)}</p>
          {isNarrowed && (
            <button type="button" onClick={onShowAll}>
              Show all lines
            </button>
          )}
        </div>
      )}
      {words !== undefined && (
        <div className={`lines__notice lines__notice--${search?.way === 'newer' ? 'bottom' : 'top'}`}>
          <span>{words}</span>
          {search?.isStopped === true ? (
            <button type="button" onClick={onContinue}>
              Go on
            </button>
          ) : (
            <button type="button" onClick={onStop}>
              Stop
            </button>
          )}
        </div>
      )}
      {isMistake && isEmpty && <p className="lines__empty">The search has a mistake: see above.</p>}
      {problem !== undefined && !isMistake && (
        <div className="lines__notice lines__notice--bottom lines__notice--problem">
          <span>{problemWords(state)}</span>
          {problem.mayPass && (
            <button type="button" onClick={onRetry}>
              Try now
            </button>
          )}
        </div>
      )}
    </>
  )
}

/** What is read out when it changes; undefined: nothing has to be. */
export function announcementOf(state: FeedState, entries: number, isNarrowed: boolean): string | undefined {
  const { phase, live, search, problem, newLines } = state
  if (problem !== undefined) return problemWords(state)
  if (live === 'disconnected') return 'Disconnected. Trying again.'
  if (phase === 'loading') return 'Loading.'
  if (search !== undefined) return searchWords(state)
  if (entries === 0) return emptyWords(isNarrowed)
  if (newLines > 0) return newLinesWords(newLines)
  return live === 'live' ? 'Live.' : undefined
}

/** `12 new lines` */
export function newLinesWords(newLines: number): string {
  return `${newLines.toLocaleString('en')} new ${newLines === 1 ? 'line' : 'lines'}`
}

function emptyWords(isNarrowed: boolean): string {
  return isNarrowed ? 'No line fits what is searched for.' : 'No lines yet. They appear here as they are stored.'
}

/** A search that answers at once is not spoken of. */
function searchWords({ search }: FeedState): string | undefined {
  if (search === undefined || (search.searchedTo === undefined && !search.isStopped)) return undefined
  const { way, searchedTo, isStopped } = search
  const to =
    searchedTo === undefined ? '' : ` ${way === 'older' ? 'back ' : ''}to ${exactTime(searchedTo).slice(0, 19)}`
  return isStopped ? `Stopped. Searched${to}.` : `Searching… searched${to}`
}

function problemWords({ problem, phase }: FeedState): string {
  const message = problem?.message ?? ''
  if (problem?.mayPass !== true) return message
  return `${message} ${phase === 'failed' ? 'Trying again.' : 'Lines are missing here; trying again.'}`
}
