/** How a query is answered: which places to look at, what narrows them, and what decides. */

import type { LevelWord, LogQuery, QueryTerm } from '../../log-query.ts'
import { queryMatcher } from '../../query-matcher.ts'
import { storedLevels } from '../stored-levels.ts'
import { indexQuery, type SourceIds } from '../words/index-query.ts'
import { type Budget, timeBudget } from './budget.ts'
import type { Reader } from './reader.ts'
import { type SlotRange, slotRange } from './slot-range.ts'
import { type UnindexedSlots, unindexedSlots } from './unindexed-slots.ts'

export interface Plan {
  /** Whether an entry fits: what decides. */
  readonly fits: ReturnType<typeof queryMatcher>
  /** Undefined: no entry can stand in the time range. */
  readonly range: SlotRange | undefined
  /** The bit of each level, by its number in the database, that the query's levels allow. */
  readonly levels: number
  /** What the words index is asked; undefined: every entry in the range has to be looked at. */
  readonly words: string | undefined
  /** Whether `words` asks for nothing but levels: mostly too common to be worth it. */
  readonly isLevelsOnly: boolean
  readonly unindexed: UnindexedSlots | undefined
}

/** All levels, and none. */
export const allLevels: number = 2 ** storedLevels.length - 1

/** Looking for the names of sources may take this long; beyond it every entry is looked at. Unit: ms. */
const sourcesMs = 25

/** What is longer, a list of many values, narrows nothing. */
const maxAskedLength = 16_384

const facts =
  "SELECT max(CASE name WHEN 'maxSpillMs' THEN value END), max(CASE name WHEN 'indexedSeq' THEN value END) FROM facts"

/** @throws LogwispError `BAD_QUERY`. */
export function planQuery({ db, names, vocabulary }: Reader, query: LogQuery, budget: Budget): Plan {
  const fits = queryMatcher(query)
  const terms = query.terms ?? []
  const [maxSpillMs, indexedSeq] = db.prepare(facts).raw(true).get() as [number | null, number | null]
  const range = slotRange(query.from ?? -Infinity, query.to ?? Infinity, maxSpillMs ?? 0)
  const levels = allowedLevels(terms)
  const plan = { fits, range, levels, words: undefined, isLevelsOnly: false, unindexed: undefined }
  if (indexedSeq === null || range === undefined) return plan
  const namesBudget = timeBudget(sourcesMs, () => budget.isSpent())
  const narrowing: string[] = []
  let isLevelsOnly = true
  for (const term of terms) {
    const sourceIds: SourceIds = (fitsName) => names.idsOf(JSON.stringify(term), fitsName, namesBudget)
    const asked = indexQuery(term, sourceIds, (beginning) => vocabulary.tokensBeginning(beginning))
    if (asked === undefined || asked.length > maxAskedLength) continue
    narrowing.push(asked)
    if (term.kind !== 'level') isLevelsOnly = false
  }
  if (narrowing.length === 0) return plan
  const unindexed = unindexedSlots(db, indexedSeq, range)
  if (unindexed === undefined) return plan
  return { ...plan, words: narrowing.join(' AND '), isLevelsOnly, unindexed }
}

/** The levels that all terms about levels allow. */
export function allowedLevels(terms: readonly QueryTerm[]): number {
  let allowed = allLevels
  for (const term of terms) {
    if (term.kind !== 'level') continue
    const bits = term.levels.reduce((sum: number, level: LevelWord) => sum | (1 << storedLevels.indexOf(level)), 0)
    allowed &= term.not ? ~bits : bits
  }
  return allowed
}
