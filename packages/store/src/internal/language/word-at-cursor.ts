/** What is being written at a place of a query. */

import type { WordAtCursor } from '../../query-language.ts'
import type { Quotable } from './pieces.ts'
import { bareEnd, readQuotable, skipGap } from './pieces.ts'
import { pathStops, scanTerm, valueStops } from './scan-term.ts'

/** The piece at the cursor, or the place itself when it stands between pieces. */
export function findWordAtCursor(text: string, cursor: number): WordAtCursor {
  for (let start = skipGap(text, 0); start < text.length && start <= cursor; ) {
    const { end } = scanTerm(text, start)
    if (cursor <= end) return withinTerm(text, start, end, cursor)
    start = skipGap(text, end)
  }
  return { start: cursor, end: cursor, wants: 'any', prefix: '' }
}

function withinTerm(text: string, start: number, end: number, cursor: number): WordAtCursor {
  const at = text[start] === '-' && start < cursor ? start + 1 : start
  const head = /^(?:level[:=]?(?:>=|<=|[<>])?|source[:=]|has[:=]|field\.)/i.exec(text.slice(at, end))?.[0] ?? ''
  const from = at + head.length
  const name = head.slice(0, head.search(/[^a-z]|$/i)).toLowerCase()
  if (head === '' || name === head.toLowerCase() || cursor < from) {
    return { start: at, end, wants: 'any', prefix: text.slice(at, cursor) }
  }
  if (name === 'level') return amongValues(text, from, cursor, { wants: 'level' })
  if (name === 'source') return amongValues(text, from, cursor, { wants: 'source' })
  const path = readQuotable(text, from, name === 'has' ? '' : pathStops)
  if (cursor <= path.end) return wordOf(text, path, cursor, { wants: 'field' })
  const operator = /^(?:!=|[=:])/.exec(text.slice(path.end))?.[0]
  if (operator === undefined || cursor < path.end + operator.length) {
    return { start: at, end, wants: 'any', prefix: text.slice(at, cursor) }
  }
  return amongValues(text, path.end + operator.length, cursor, { wants: 'value', path: path.text })
}

function amongValues(text: string, from: number, cursor: number, what: Wanted): WordAtCursor {
  for (let start = from; ; ) {
    const value = readQuotable(text, start, valueStops)
    const end = value.isQuoted ? bareEnd(text, value.end, valueStops) : value.end
    if (cursor <= end || text[end] !== ',') return wordOf(text, { ...value, end }, cursor, what)
    start = end + 1
  }
}

type Wanted = Pick<WordAtCursor, 'wants' | 'path'>

/** `prefix` is what stands before the cursor, without the quotes. */
function wordOf(text: string, { start, end }: Quotable, cursor: number, what: Wanted): WordAtCursor {
  return { start, end, ...what, prefix: readQuotable(text.slice(0, cursor), start, '').text }
}
