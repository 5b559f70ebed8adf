/** The levels that a query's text asks for, and the text when one more, or one less, is asked for. */

import { parseQuery, printQuery, type QueryPart } from '@logwisp/store/query-language'
import type { LevelWord } from '../data/shown-entry.ts'
import { withPartsReplaced } from '../search/query-terms.ts'

/** From the most urgent to the least; entries without a level last. */
export const levelWords: readonly LevelWord[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'none']

/** The levels that every `level:` of the query allows; empty when it has none, and so allows all of them. */
export function levelsOf(text: string): readonly LevelWord[] {
  const asked = levelParts(text).map(levelsOfPart)
  if (asked.length === 0) return []
  return levelWords.filter((level) => asked.every((levels) => levels.includes(level)))
}

/** The query's text with this level asked for if it was not, or else no longer; the last one that goes takes `level:` with it. */
export function withLevelToggled(text: string, level: LevelWord): string {
  const before = levelsOf(text)
  const levels = levelWords.filter((each) => before.includes(each) !== (each === level))
  const printed = levels.length === 0 ? '' : printQuery([{ kind: 'level', levels }])
  const [first] = levelParts(text)
  if (first === undefined) return `${text.trim()} ${printed}`.trim()
  return withPartsReplaced(text, (part) => (part.start === first.start ? printed : isLevelPart(part) ? '' : undefined))
}

function isLevelPart({ term }: QueryPart): boolean {
  return term?.kind === 'level' && term.not !== true
}

function levelParts(text: string): readonly QueryPart[] {
  return parseQuery(text).parts.filter(isLevelPart)
}

function levelsOfPart({ term }: QueryPart): readonly LevelWord[] {
  return term?.kind === 'level' ? term.levels : []
}
