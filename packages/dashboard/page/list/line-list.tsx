/** The lines, however many: a box that draws those which are seen. */

import {
  type ReactElement,
  type RefObject,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useReducer,
  useRef,
  useState,
} from 'react'
import type { FeedState, LineFeed } from '../data/line-feed.ts'
import type { LineWindow } from '../data/line-window.ts'
import type { EntryId } from '../data/shown-entry.ts'
import { LineRow } from './line-row.tsx'
import { RowHeights } from './row-heights.ts'
import { RowScroll } from './row-scroll.ts'
import './list.css'

/** What keys elsewhere on the page can do with the list. */
export interface LineListHandle {
  /** Whether the key meant something here. */
  press(key: string): boolean
  focus(): void
}

export interface LineListProps {
  readonly feed: LineFeed
  readonly state: FeedState
  readonly follow: boolean
  readonly wrap: boolean
  readonly selected: EntryId | undefined
  readonly onFollow: (follow: boolean) => void
  readonly onOpen: (id: EntryId) => void
  readonly handle: RefObject<LineListHandle | null>
}

/** So long after the last step of a scroll it is over. Unit: ms. */
const idleAfterMs = 150

/** Rows before the end of what is loaded at which more is asked for: some screens. */
const wantedRows = 300

/** Before every line, and still a time that the API reads. Unit: ms since the epoch. */
const beginningOfTime = -62_135_596_800_000

export function LineList(props: LineListProps): ReactElement {
  const { feed, state, follow, wrap, selected, onFollow, onOpen, handle } = props
  const { lines } = feed
  const [, redraw] = useReducer((turn: number) => turn + 1, 0)
  const [focusedKey, setFocusedKey] = useState<string>()
  const box = useRef<HTMLDivElement>(null)
  const block = useRef<HTMLDivElement>(null)
  const [scroll] = useState(() => new RowScroll())
  const [heights] = useState(() => new RowHeights())
  /** What the arithmetic was told of. */
  const known = useRef({
    lines: undefined as LineWindow | undefined,
    anchorKey: undefined as string | undefined,
    turn: 0,
  })
  const isScrolling = useRef(false)
  const toFocus = useRef<string>(undefined)
  const focusOnBegin = useRef<'first' | 'last'>(undefined)

  const rowOfKey = (key: string): number => lines.rowOfGap(key) ?? (key.startsWith('gap ') ? -1 : lines.rowOf(key))
  /** Tells of the rows as they are now, the one that was seen staying where it is. Lines come between two renderings. */
  const reckon = (): void => {
    const anchorKey = known.current.lines === lines ? known.current.anchorKey : undefined
    const anchorRow = anchorKey === undefined ? 0 : rowOfKey(anchorKey)
    const heightOf = (row: number): number | undefined => (wrap ? heights.of(lines.row(row)?.key) : undefined)
    const sizes = { rows: lines.length, usualPx: heights.usualPx, heightOf }
    scroll.setRows(sizes, anchorRow === -1 ? scroll.anchorRow : anchorRow)
  }
  const keepAnchor = (): void => {
    known.current.anchorKey = lines.row(scroll.anchorRow)?.key
  }
  const isSame = known.current.lines === lines
  reckon()
  const hasBegun = !isSame || known.current.turn !== state.turn
  if (hasBegun && state.phase === 'ready') {
    known.current.turn = state.turn
    const { start } = state
    if (start === undefined) scroll.toEnd()
    else if (typeof start === 'string') scroll.toRow(lines.rowOf(start), 'center')
    else scroll.toRow(lines.rowAtTime(start), 'start')
  }
  known.current.lines = lines
  if (follow) scroll.toEnd()
  else scroll.settle(!isScrolling.current)
  keepAnchor()
  const { first, end, top } = scroll.drawn()

  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    if (Math.abs(element.scrollTop - scroll.scrollTop) >= 1) element.scrollTop = scroll.scrollTop
  })

  useLayoutEffect(() => {
    if (block.current !== null && heights.measure(block.current, wrap)) redraw()
  })

  useLayoutEffect(() => {
    const rows = block.current
    const key = toFocus.current
    if (rows === null) return
    if (key !== undefined) {
      const element = rows.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)
      if (element === null) return
      toFocus.current = undefined
      element.focus({ preventScroll: true })
      // On a low screen the list itself may have been scrolled away.
      box.current?.scrollIntoView({ block: 'nearest' })
    }
  })

  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement
    const observer = new ResizeObserver(() => {
      scroll.setView(element.clientHeight)
      heights.setWidth(element.clientWidth)
      redraw()
    })
    scroll.setView(element.clientHeight)
    observer.observe(element)
    return () => observer.disconnect()
  }, [scroll, heights])

  useEffect(() => {
    if (first < wantedRows) feed.want('older')
    if (end > lines.length - wantedRows) feed.want('newer')
  })

  const idle = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(idle.current), [])
  const onScroll = (): void => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = box.current ?? {}
    const before = scroll.scrollTop
    if (Math.abs(scrollTop - before) < 1) return
    isScrolling.current = true
    clearTimeout(idle.current)
    idle.current = setTimeout(() => {
      isScrolling.current = false
      redraw()
    }, idleAfterMs)
    reckon()
    scroll.scrolledTo(scrollTop)
    keepAnchor()
    // A box that becomes higher is scrolled back by the browser, and still is at its end.
    const isAtBottom = scrollHeight - clientHeight - scrollTop < 2
    if (follow && scrollTop < before && !isAtBottom) onFollow(false)
    else if (!follow && scrollTop > before && scroll.isAtEnd && feed.state.isAtEnd && selected === undefined)
      onFollow(true)
    redraw()
  }

  /** Whoever presses on a line means that one: it moves on neither before it is let go nor while its text is marked. */
  const hold = (): void => {
    // A program that scrolls to a line and presses it does so before the browser tells of the scroll.
    onScroll()
    if (follow) onFollow(false)
  }

  const focusRow = (row: number): void => {
    reckon()
    const target = Math.max(0, Math.min(row, lines.length - 1))
    const found = lines.row(target)
    if (found === undefined) return
    if (follow && target < lines.length - 1) onFollow(false)
    scroll.toRow(target, 'nearest')
    keepAnchor()
    toFocus.current = found.key
    setFocusedKey(found.key)
    if (selected !== undefined && found.kind === 'entry') onOpen(found.entry.id)
    redraw()
  }

  // A list that begins elsewhere because of a key has its focus there, too.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only then
  useEffect(() => {
    const row = focusOnBegin.current
    if (row === undefined) return
    focusOnBegin.current = undefined
    focusRow(row === 'first' ? 0 : lines.length - 1)
  }, [state.turn])

  const press = (key: string): boolean => {
    reckon()
    const focusedRow = focusedKey === undefined ? -1 : rowOfKey(focusedKey)
    const isHere = focusedRow >= 0 && lines.row(focusedRow)?.key === focusedKey
    // Without a focused row: from what is seen.
    const from = isHere ? focusedRow : follow ? lines.length : scroll.firstSeen - 1
    const page = Math.max(1, Math.floor(scroll.viewPx / heights.usualPx) - 1)
    switch (key) {
      case 'ArrowDown':
      case 'j':
        focusRow(from + 1)
        return true
      case 'ArrowUp':
      case 'k':
        focusRow(from - 1)
        return true
      case 'PageDown':
        focusRow(from + page)
        return true
      case 'PageUp':
        focusRow(from - page)
        return true
      case 'Home':
      case 'g':
        onFollow(false)
        if (state.isAtStart) focusRow(0)
        else {
          focusOnBegin.current = 'first'
          feed.goTo(beginningOfTime)
        }
        return true
      case 'End':
      case 'G':
        onFollow(true)
        if (state.isAtEnd) focusRow(lines.length - 1)
        else focusOnBegin.current = 'last'
        return true
      case 'Enter': {
        const row = isHere ? lines.row(focusedRow) : undefined
        if (row?.kind === 'entry') onOpen(row.entry.id)
        else if (row?.kind === 'gap') feed.loadGap(row.key)
        return row !== undefined
      }
      default:
        return false
    }
  }

  useImperativeHandle(handle, () => ({
    press,
    focus() {
      if (focusedKey === undefined) box.current?.focus()
      else {
        toFocus.current = focusedKey
        redraw()
      }
    },
  }))

  const loadGap = useCallback((key: string) => feed.loadGap(key), [feed])
  const setSize = state.isAtStart && state.isAtEnd ? lines.length : -1
  const rows = Array.from({ length: end - first }, (_, offset) => lines.row(first + offset))
  return (
    <div className={`lines${wrap ? ' lines--wrap' : ''}`}>
      <div
        ref={box}
        className="lines__box"
        role="feed"
        aria-label="Log lines"
        aria-busy={state.phase === 'loading' || state.search?.isStopped === false}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
        tabIndex={0}
        onScroll={onScroll}
      >
        <div className="lines__space" style={{ height: scroll.spacePx }}>
          <div ref={block} className="lines__rows" style={{ top }} onPointerDown={hold} onFocusCapture={onScroll}>
            {rows.map((row, offset) =>
              row === undefined ? null : (
                <LineRow
                  key={row.key}
                  row={row}
                  index={first + offset}
                  setSize={setSize}
                  isFocused={row.key === focusedKey}
                  isSelected={row.key === selected}
                  isLoading={row.kind === 'gap' && state.loadingGaps.includes(row.key)}
                  onOpen={onOpen}
                  onLoadGap={loadGap}
                  onFocus={setFocusedKey}
                />
              ),
            )}
          </div>
        </div>
      </div>
    </div>
  )
}
