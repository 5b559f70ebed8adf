/** Finding the level in a line of log text, whoever wrote it. */

import { type LogLevel, logLevels } from './entry.ts'
import { classOf, DIGIT, skipBlanks } from './internal/char-class.ts'
import { rankAtLineStart } from './internal/level-at-line-start.ts'
import { levelInHead } from './internal/level-in-head.ts'
import { NONE, rankOfValue } from './internal/level-words.ts'
import {
  foundKind,
  isJsonObject,
  isLogfmt,
  LETTER,
  LEVEL,
  MESSAGE,
  nextJsonValue,
  nextLogfmtValue,
  SYSLOG,
  skipQuoted,
} from './internal/named-values.ts'

/**
 * How far into a line of free text a level is looked for, in UTF-16 code units. Among the formats in
 * `test/fixtures/real-formats.ts` the level that stands furthest in is Blue Gene's, at 105; what comes after is the message.
 */
const maxHeadLength = 160

/**
 * How far into a JSON or logfmt line. Winston, Logback and Docker write the level or the time after the message, so this
 * has to hold a whole usual line; it is there for the line of a megabyte.
 */
const maxStructuredLength = 8_192

/**
 * The level that the line from `start` to `end` of `text` tells, or `undefined` when it tells none.
 *
 * A JSON object is asked by name (`level`, `severity`, `lvl`, …), then logfmt pairs; only without such a value is the text
 * looked at. There the first thing that is written as loggers write a level counts: a word in capitals that stands by
 * itself, a word of any case in brackets or before a colon, a syslog `<PRI>`, the letter of glog, Ruby or Android.
 * A word in lower case amid prose is none. Never looks outside `start` to `end`, never throws, allocates nothing.
 *
 * @param text May hold many lines.
 * @param start Where the line begins.
 * @param end Where it ends, without its line ending.
 */
export function findLevel(text: string, start: number = 0, end: number = text.length): LogLevel | undefined {
  const rank = rankInLine(text, start, end)
  return rank === NONE ? undefined : logLevels[rank - 1]
}

function rankInLine(text: string, start: number, end: number): number {
  const first = skipBlanks(text, start, end)
  if (first >= end) return NONE
  const code = text.charCodeAt(first)
  if (code === 123 && isJsonObject(text, first, end)) return rankInJson(text, first, end)
  const atStart = rankAtLineStart(text, first, end)
  if (atStart !== NONE) return atStart
  if ((classOf(code) & DIGIT) === 0 && isLogfmt(text, first, end)) {
    const named = rankInLogfmt(text, first, end)
    if (named !== NONE) return named
  }
  const inHead = levelInHead(text, first, Math.min(end, first + maxHeadLength), end)
  return inHead >= 0 ? inHead : rankInJson(text, ~inHead, end)
}

function rankInJson(text: string, brace: number, end: number): number {
  const bound = Math.min(end, brace + maxStructuredLength)
  let message = -1
  let value = nextJsonValue(text, brace + 1, bound, LEVEL | MESSAGE, true)
  while (value >= 0) {
    const kind = foundKind
    if (message < 0 && (kind & MESSAGE) !== 0 && text.charCodeAt(value) === 34) message = value
    else if ((kind & LEVEL) !== 0) {
      const rank = isJsonObject(text, value, bound)
        ? // ECS: "log":{"level":"error"}
          rankOfFirst(text, nextJsonValue(text, value + 1, bound, LEVEL, true), bound)
        : rankOfValue(text, value, bound, (kind & LETTER) !== 0, (kind & SYSLOG) !== 0)
      if (rank !== NONE) return rank
    }
    value = nextJsonValue(text, value, bound, LEVEL | MESSAGE, false)
  }
  return message < 0 ? NONE : rankInJsonMessage(text, message, bound)
}

function rankOfFirst(text: string, value: number, end: number): number {
  return value < 0 ? NONE : rankOfValue(text, value, end, false, false)
}

/** An object that names no level may still wrap a line that tells one: `{"log":"ERROR: …\n","stream":"stderr"}`. */
function rankInJsonMessage(text: string, quote: number, end: number): number {
  const from = quote + 1
  const to = skipQuoted(text, quote, Math.min(end, from + maxHeadLength))
  const atStart = rankAtLineStart(text, from, to)
  if (atStart !== NONE) return atStart
  const inHead = levelInHead(text, from, to, to)
  return inHead > NONE ? inHead : NONE
}

function rankInLogfmt(text: string, first: number, end: number): number {
  const bound = Math.min(end, first + maxStructuredLength)
  let value = nextLogfmtValue(text, first, bound, LEVEL)
  while (value >= 0) {
    const rank = rankOfValue(text, value, bound, (foundKind & LETTER) !== 0, (foundKind & SYSLOG) !== 0)
    if (rank !== NONE) return rank
    value = nextLogfmtValue(text, value, bound, LEVEL)
  }
  return NONE
}
