/** Changing the text of a query by a click, without touching what else stands there. */

import type { QueryTerm } from '@logwisp/store/log-query'
import { parseQuery, printQuery, type QueryPart } from '@logwisp/store/query-language'

/**
 * The query with one more term: at the end, unless it is there already. A term that says the opposite goes, since both
 * together fit nothing.
 */
export function withTerm(text: string, term: QueryTerm): string {
  const wanted = printQuery([term])
  const opposite = printQuery([{ ...term, not: term.not !== true }])
  if (parseQuery(text).terms.some((each) => printQuery([each]) === wanted)) return text
  const kept = withPartsReplaced(text, (part) => (part.term && printQuery([part.term]) === opposite ? '' : undefined))
  return kept === '' ? wanted : `${kept} ${wanted}`
}

/** The query with other words in the place of some of its parts; undefined keeps a part, nothing takes its blanks along. */
export function withPartsReplaced(text: string, replacement: (part: QueryPart) => string | undefined): string {
  let changed = text
  for (const part of parseQuery(text).parts.toReversed()) {
    const words = replacement(part)
    if (words === undefined) continue
    const before = changed.slice(0, part.start)
    const after = changed.slice(part.end)
    changed = words === '' ? `${before.trimEnd()} ${after.trimStart()}` : before + words + after
  }
  return changed.trim()
}
