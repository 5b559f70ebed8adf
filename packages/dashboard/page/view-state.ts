/** What the page shows, in one place: searched for what, which stretch of time, which entry, and how. In the URL, too. */

import {
  createContext,
  createElement,
  type Dispatch,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useReducer,
} from 'react'
import type { EntryId } from './data/shown-entry.ts'

export type Theme = 'dark' | 'light' | 'system'

export interface View {
  /** In the query language. */
  readonly query: string
  /** Not before this, in ms since the epoch; undefined: from the beginning. */
  readonly from?: number | undefined
  /** Before this, in ms since the epoch; undefined: without end. */
  readonly to?: number | undefined
  /** The entry whose details are open. */
  readonly selected?: EntryId | undefined
  /** Whether the list stays at the newest entry. */
  readonly follow: boolean
  /** Whether long lines are broken. */
  readonly wrap: boolean
  readonly theme: Theme
}

export type ViewAction =
  | { readonly kind: 'search'; readonly query: string }
  /** Without `from` and `to`: all of the time. */
  | { readonly kind: 'zoom'; readonly from?: number | undefined; readonly to?: number | undefined }
  /** Without `id`: closes the details. */
  | { readonly kind: 'select'; readonly id?: EntryId | undefined }
  | { readonly kind: 'follow'; readonly follow: boolean }
  | { readonly kind: 'wrap'; readonly wrap: boolean }
  | { readonly kind: 'theme'; readonly theme: Theme }
  /** The browser's back and forward. */
  | { readonly kind: 'visit'; readonly place: Place }

/** The part of a view that is in the URL. */
export type Place = Pick<View, 'query' | 'from' | 'to' | 'selected'>

export function viewReducer(view: View, action: ViewAction): View {
  switch (action.kind) {
    case 'search':
      return { ...view, query: action.query }
    case 'zoom':
      // A stretch that has an end gets no new entries: there is nothing to follow.
      return {
        ...view,
        from: within(action.from),
        to: within(action.to),
        follow: action.to === undefined && view.follow,
      }
    case 'select':
      return { ...view, selected: action.id, follow: action.id === undefined && view.follow }
    case 'follow':
      return { ...view, follow: action.follow }
    case 'wrap':
      return { ...view, wrap: action.wrap }
    case 'theme':
      return { ...view, theme: action.theme }
    case 'visit':
      return { ...view, ...action.place, follow: follows(action.place) }
  }
}

/** Beyond it a number is no time that a date can hold, or the API reads. Unit: ms since the epoch. */
const maxTimeMs = 8.64e15

function within(time: number | undefined): number | undefined {
  return time === undefined ? undefined : Math.max(-maxTimeMs, Math.min(maxTimeMs, time))
}

/** Reads `?q=&from=&to=&id=`. What is no time, or no id, is left out: a link that was cut short still opens. */
export function placeFromSearch(search: string, now: number): Place {
  const parameters = new URLSearchParams(search)
  return {
    query: parameters.get('q') ?? '',
    from: timeFrom(parameters.get('from'), now),
    to: timeFrom(parameters.get('to'), now),
    selected: idFrom(parameters.get('id')),
  }
}

function idFrom(text: string | null): EntryId | undefined {
  return text !== null && /^-?[0-9a-z]{1,12}-[0-9a-z]{1,12}$/.test(text) ? text : undefined
}

/** The other way round, with the question mark; empty for the view that opens without any. */
export function searchFromPlace({ query, from, to, selected }: Place): string {
  const parameters = new URLSearchParams()
  if (query !== '') parameters.set('q', query)
  if (from !== undefined) parameters.set('from', new Date(from).toISOString())
  if (to !== undefined) parameters.set('to', new Date(to).toISOString())
  if (selected !== undefined) parameters.set('id', selected)
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

/** Whole ms since the epoch, RFC 3339, or so long ago: `-15m`. */
function timeFrom(text: string | null, now: number): number | undefined {
  if (text === null) return undefined
  const ago = /^-(\d+)([smhd])$/.exec(text)
  if (ago !== null) return now - Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs]
  const time = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text)
  return Number.isNaN(new Date(time).getTime()) ? undefined : time
}

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A link to a line, or to a stretch that has ended, is opened to look at that. */
function follows({ to, selected }: Place): boolean {
  return to === undefined && selected === undefined
}

const keptKey = 'logwisp-view'

/** Reads the address, which from then on names what was read: so long ago is a time, or going back would not end. */
function visited(): Place {
  const place = placeFromSearch(location.search, Date.now())
  const search = searchFromPlace(place)
  if (search !== location.search) history.replaceState(null, '', `${location.pathname}${search}${location.hash}`)
  return place
}

function firstView(): View {
  const place = visited()
  return { wrap: false, theme: 'dark', ...kept(), ...place, follow: follows(place) }
}

/** What this browser was told before. Storage may be forbidden, and may hold anything. */
function kept(): Partial<Pick<View, 'wrap' | 'theme'>> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(keptKey) ?? '{}')
    if (typeof value !== 'object' || value === null) return {}
    const { wrap, theme } = value as Record<string, unknown>
    return {
      ...(typeof wrap === 'boolean' && { wrap }),
      ...((theme === 'dark' || theme === 'light' || theme === 'system') && { theme }),
    }
  } catch {
    return {}
  }
}

function keep({ wrap, theme }: Pick<View, 'wrap' | 'theme'>): void {
  try {
    localStorage.setItem(keptKey, JSON.stringify({ wrap, theme }))
  } catch {
    // Then it is asked for again with the next visit.
  }
}

interface ViewAccess {
  readonly view: View
  readonly dispatch: Dispatch<ViewAction>
}

const ViewContext = createContext<ViewAccess | undefined>(undefined)

/** Holds the view for all below it, and mirrors it to the URL: a search is a step of the browser's history. */
export function ViewProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const [view, dispatch] = useReducer(viewReducer, undefined, firstView)
  const { query, from, to, selected, wrap, theme } = view

  useEffect(() => {
    const search = searchFromPlace({ query, from, to, selected })
    if (search === searchFromPlace(placeFromSearch(location.search, Date.now()))) return
    const url = `${location.pathname}${search}${location.hash}`
    const before = new URLSearchParams(location.search)
    const after = new URLSearchParams(search)
    // Going through lines with the arrow keys makes no hundred steps.
    const isStep = ['q', 'from', 'to'].some((name) => before.get(name) !== after.get(name))
    if (isStep) history.pushState(null, '', url)
    else history.replaceState(null, '', url)
  }, [query, from, to, selected])

  useEffect(() => {
    const visit = (): void => dispatch({ kind: 'visit', place: visited() })
    addEventListener('popstate', visit)
    return () => removeEventListener('popstate', visit)
  }, [])

  useEffect(() => keep({ wrap, theme }), [wrap, theme])

  const access = useMemo(() => ({ view, dispatch }), [view])
  return createElement(ViewContext, { value: access }, children)
}

/** The view, and how to change it. */
export function useView(): ViewAccess {
  const access = useContext(ViewContext)
  if (access === undefined) throw new Error('useView() needs a ViewProvider above it')
  return access
}
