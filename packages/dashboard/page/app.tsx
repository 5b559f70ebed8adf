/** The page: what stands where, and who gets what. */

import type { QueryTerm } from '@logwisp/store/log-query'
import { printQuery } from '@logwisp/store/query-language'
import { type ReactElement, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { apiClient } from './data/api-client.ts'
import type { CompletionsOf, EntryId, ShownEntry } from './data/shown-entry.ts'
import { useEntry } from './data/use-entry.ts'
import { useHistogram } from './data/use-histogram.ts'
import { useLineFeed } from './data/use-line-feed.ts'
import { DetailPane } from './detail/detail-pane.tsx'
import type { ContextOptions } from './detail/entry-context.tsx'
import { ExportMenu } from './export/export-menu.tsx'
import { HelpSheet } from './help/help-sheet.tsx'
import { useLetterKeys } from './help/letter-keys.ts'
import { TimeHistogram } from './histogram/time-histogram.tsx'
import { LevelChips } from './levels/level-chips.tsx'
import { levelsOf, withLevelToggled } from './levels/level-query.ts'
import { Announcer } from './list/announcer.tsx'
import { JumpToTime } from './list/jump-to-time.tsx'
import { LineList, type LineListHandle } from './list/line-list.tsx'
import { announcementOf, ListNotices, newLinesWords } from './list/list-notices.tsx'
import { usePageKeys } from './page-keys.ts'
import { withTerm } from './search/query-terms.ts'
import { SearchBox, searchBoxId } from './search/search-box.tsx'
import { ThemeSwitch } from './theme/theme-switch.tsx'
import { searchFromPlace, useView } from './view-state.ts'

/** Where the API is: whoever serves the page says so in it. */
function apiBase(): URL {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="logwisp-api"]')
  return new URL(meta?.content ?? 'api', document.baseURI)
}

const stateWords = {
  connecting: 'Connecting…',
  live: 'Live',
  disconnected: 'Disconnected, trying again',
  ended: 'Ended',
  off: 'Not live',
} as const

export function App(): ReactElement {
  const { view, dispatch } = useView()
  const { query, from, to, selected, follow, wrap, theme } = view
  const [client] = useState(() => apiClient(apiBase()))
  const used = useLineFeed(client, { query, from, to, start: selected, follow })
  const { feed, state } = used ?? { feed: undefined, state: undefined }
  const lineQuery = useMemo(() => ({ query, from, to }), [query, from, to])
  const histogram = useHistogram(client, lineQuery, (state?.version ?? 0) + (state?.newLines ?? 0))
  const { entry, problem } = useEntry(client, feed?.lines, selected, state?.live === 'live')
  const list = useRef<LineListHandle>(null)
  const [isHelpOpen, setHelpOpen] = useState(false)
  const [isJumpOpen, setJumpOpen] = useState(false)
  const entries = feed?.lines.entries ?? 0
  const isNarrowed = query !== '' || from !== undefined || to !== undefined

  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
  }, [theme])

  const search = useCallback((text: string) => dispatch({ kind: 'search', query: text }), [dispatch])
  const setFollow = useCallback((next: boolean) => dispatch({ kind: 'follow', follow: next }), [dispatch])
  const open = useCallback((id: EntryId) => dispatch({ kind: 'select', id }), [dispatch])
  const close = useCallback(() => {
    dispatch({ kind: 'select' })
    list.current?.focus()
  }, [dispatch])
  const complete = useCallback((of: CompletionsOf) => client.completions(of, new AbortController().signal), [client])
  const addTerm = (term: QueryTerm): void => search(withTerm(query, term))
  const loadContext = useCallback(
    async ({ id, source }: ShownEntry, { direction, limit, signal }: ContextOptions) => {
      const sameSource = { query: printQuery([{ kind: 'source', sources: [source] }]) }
      const choice = direction === 'before' ? { before: id, limit } : { after: id, limit }
      return (await client.page(sameSource, choice, signal)).entries
    },
    [client],
  )

  const [letterKeys, setLetterKeys] = useLetterKeys()
  usePageKeys(
    {
      search: () => document.getElementById(searchBoxId)?.focus(),
      follow: () => setFollow(!follow),
      wrap: () => dispatch({ kind: 'wrap', wrap: !wrap }),
      jump: () => setJumpOpen(true),
      help: () => setHelpOpen(true),
      close: () => selected !== undefined && close(),
      list: (key) => list.current?.press(key) ?? false,
    },
    letterKeys,
  )

  const live = state?.live ?? 'connecting'
  const link = new URL(`${location.pathname}${searchFromPlace({ query, from, to, selected })}`, location.href).href
  return (
    <div className="app">
      <header className="app__head">
        <h1 className="brand">LogWisp</h1>
        <span className="state" data-state={live}>
          {stateWords[live]}
        </span>
        <span className="app__spacer" />
        <ThemeSwitch theme={theme} onChange={(next) => dispatch({ kind: 'theme', theme: next })} />
        <button type="button" title="?" onClick={() => setHelpOpen(true)}>
          Help
        </button>
      </header>
      <main className="app__main">
        <div className="app__query">
          <SearchBox
            text={query}
            problem={state?.problem?.parameter === 'q' ? state.problem.message : undefined}
            onSearch={search}
            complete={complete}
          />
          <ExportMenu link={(format) => client.exportUrl(lineQuery, format)} />
        </div>
        <div className="app__time">
          <TimeHistogram
            histogram={histogram}
            range={{ from, to }}
            onZoom={(zoomFrom, zoomTo) => dispatch({ kind: 'zoom', from: zoomFrom, to: zoomTo })}
            onReset={() => dispatch({ kind: 'zoom' })}
          />
        </div>
        <div className="app__tools">
          <LevelChips
            counts={histogram?.counts}
            selected={levelsOf(query)}
            onToggle={(level) => search(withLevelToggled(query, level))}
          />
          <JumpToTime
            isOpen={isJumpOpen}
            onOpenChange={setJumpOpen}
            now={() => entry?.time ?? Date.now()}
            onJump={(time) => {
              setFollow(false)
              feed?.goTo(time)
            }}
          />
          <button type="button" title="w" aria-pressed={wrap} onClick={() => dispatch({ kind: 'wrap', wrap: !wrap })}>
            Wrap
          </button>
          <button type="button" title="f" aria-pressed={follow} onClick={() => setFollow(!follow)}>
            Follow
          </button>
        </div>
        <div className="app__body">
          <div className="lines__frame">
            {feed !== undefined && state !== undefined && (
              <>
                <LineList
                  feed={feed}
                  state={state}
                  follow={follow}
                  wrap={wrap}
                  selected={selected}
                  onFollow={setFollow}
                  onOpen={open}
                  handle={list}
                />
                <ListNotices
                  state={state}
                  isEmpty={entries === 0}
                  isNarrowed={isNarrowed}
                  onStop={() => feed.stopSearch()}
                  onContinue={() => feed.continueSearch()}
                  onRetry={() => feed.retry()}
                  onShowAll={() => {
                    search('')
                    dispatch({ kind: 'zoom' })
                  }}
                />
                {!follow && state.newLines > 0 && (
                  <button type="button" className="lines__new" onClick={() => setFollow(true)}>
                    ↓ {newLinesWords(state.newLines)}
                  </button>
                )}
              </>
            )}
          </div>
          {selected !== undefined && (
            <DetailPane
              entry={entry}
              problem={problem}
              loadContext={loadContext}
              onClose={close}
              onAddTerm={addTerm}
              onSelect={({ id }) => {
                open(id)
                feed?.goTo(id)
              }}
              link={link}
            />
          )}
        </div>
      </main>
      <footer className="app__foot">
        <span>{entries.toLocaleString('en')} lines here</span>
        {histogram !== undefined && <span>{totalWords(histogram.counts, histogram.isComplete)}</span>}
        <span className="app__spacer" />
        <span>? for help</span>
      </footer>
      <Announcer text={state && announcementOf(state, entries, isNarrowed)} />
      <HelpSheet
        isOpen={isHelpOpen}
        onClose={() => setHelpOpen(false)}
        letterKeys={letterKeys}
        onLetterKeys={setLetterKeys}
      />
    </div>
  )
}

function totalWords(counts: Readonly<Record<string, number>>, isComplete: boolean): string {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return `${isComplete ? '' : 'at least '}${total.toLocaleString('en')} fit`
}
