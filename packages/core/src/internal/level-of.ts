/** The level that a word or a number of some other program means. */

import { type LogLevel, logLevels } from '../entry.ts'
import { NONE, rankOfLevelWord, rankOfTens } from './level-words.ts'

/** Longer than any word for a level; spares trimming a text that cannot be one. */
const maxWordLength = 32

/** pino's and Bunyan's numbers, sent as text by some shippers. */
const tens = /^[1-6]0$/

/**
 * The level that `value` means, or `undefined` when it means none.
 *
 * A text: one of the six levels or a usual alias (`WARNING`, `err`, `Critical`, `notice`, `E`, …), in any case, blanks around
 * it ignored. A number: pino's and bunyan's, 10 (`trace`) to 69 (`fatal`), tens floored. Other numbers mean nothing here,
 * since syslog, GELF and OpenTelemetry each count differently.
 */
export function levelOf(value: unknown): LogLevel | undefined {
  let rank = NONE
  if (typeof value === 'number') rank = rankOfTens(value)
  else if (typeof value === 'string') rank = rankOfText(value)
  return rank === NONE ? undefined : logLevels[rank - 1]
}

function rankOfText(text: string): number {
  const rank = rankOfLevelWord(text)
  if (rank !== NONE || text.length > maxWordLength) return rank
  const word = text.trim()
  return tens.test(word) ? rankOfTens(Number(word)) : rankOfLevelWord(word)
}
