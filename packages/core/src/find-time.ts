/** Finding the time in a line of log text, whoever wrote it. */

import {
  BEFORE_TIME,
  classOf,
  DIGIT,
  isDigitAt,
  LOWER,
  skipBlanks,
  skipColour,
  skipDigits,
  UPPER,
  WORD,
} from './internal/char-class.ts'
import { readEpochNumber } from './internal/epoch-number.ts'
import { isJsonObject, isLogfmt, kindOfName, nextJsonValue, nextLogfmtValue, TIME } from './internal/named-values.ts'
import { type Clock, readFromDigit, readFromLetter } from './internal/read-date.ts'

/** How a time is read that leaves something open. */
export interface TimeOptions {
  /**
   * Where a time that names no zone was written: this process's zone, UTC, or minutes east of UTC.
   * @default 'local'
   */
  readonly zone?: 'local' | 'utc' | number
}

/**
 * How far into a line of free text a time may begin, in UTF-16 code units. An access line's comes after a host name and a
 * user, OpenStack's after the name of a file.
 */
const maxHeadLength = 128

/**
 * How far into a JSON or logfmt line. Docker writes the time after the text, so this has to hold a whole usual line; it is
 * there for the line of a megabyte.
 */
const maxStructuredLength = 8_192

/**
 * After more words of prose than this a date belongs to what is told, not to the line; after the last of them it has to
 * stand in brackets. Before an access line's time come a host's and a user's name, before others' a program's.
 */
const maxProseWords = 2

/** One for all calls: a fresh one per line would be garbage. */
const clock: Clock = { now: 0, zone: 'local' }

/**
 * The time that the line from `start` to `end` of `text` tells, in ms since the epoch, or NaN when it tells none.
 *
 * A JSON object is asked by name (`time`, `ts`, `timestamp`, …), then logfmt pairs; only without such a value is the text
 * looked at, and there the first date with a time of day counts. Parts of a millisecond are cut off.
 * Never looks outside `start` to `end`, never throws, allocates nothing.
 *
 * @param text May hold many lines.
 * @param start Where the line begins.
 * @param end Where it ends, without its line ending.
 * @param now ms since the epoch: what tells the year of a time that names none, and which numbers can be times.
 */
export function findTime(text: string, start: number, end: number, now: number, options?: TimeOptions): number {
  clock.now = now
  clock.zone = options?.zone ?? 'local'
  const first = skipBlanks(text, start, end)
  if (first >= end) return Number.NaN
  const code = text.charCodeAt(first)
  // The commonest lines by far begin with their time.
  if ((classOf(code) & DIGIT) !== 0) {
    const time = readFromDigit(text, first, end, clock, true)
    if (!Number.isNaN(time)) return time
  } else if (code === 123) {
    if (isJsonObject(text, first, end)) return timeInJson(text, first, end)
  } else if (isLogfmt(text, first, end)) {
    const time = timeInLogfmt(text, first, end)
    if (!Number.isNaN(time)) return time
  }
  return timeInHead(text, first, end)
}

function timeInHead(text: string, first: number, end: number): number {
  const to = Math.min(end, first + maxHeadLength)
  let isFirst = true
  let prose = 0
  let isBoundary = true
  let isNamed = false
  let from = first
  let i = first
  while (i < to) {
    const code = text.charCodeAt(i)
    const bits = classOf(code)
    if ((bits & WORD) !== 0) {
      if (isBoundary && (prose < maxProseWords || isNamed || text.charCodeAt(i - 1) !== 32)) {
        const time =
          (bits & DIGIT) !== 0
            ? readFromDigit(text, i, end, clock, isFirst || isNamed)
            : (bits & (UPPER | LOWER)) !== 0
              ? readFromLetter(text, i, end, clock, isFirst)
              : Number.NaN
        if (!Number.isNaN(time)) return time
      }
      from = i
      do i++
      while (i < to && (classOf(text.charCodeAt(i)) & WORD) !== 0)
      if (isBoundary && isProse(text, from, i, end) && ++prose > maxProseWords) return Number.NaN
      isBoundary = false
      isNamed = false
      if (isFirst) {
        const time = timeAfterLabel(text, i, end)
        if (!Number.isNaN(time)) return time
        isFirst = false
      }
      continue
    }
    if (code === 27) {
      i = skipColour(text, i, to)
      isBoundary = true
      continue
    }
    if (code === 60 && isFirst) {
      // <34> is no word: what comes after it is still the line's first.
      const close = skipDigits(text, i + 1, Math.min(end, i + 5))
      if (close > i + 1 && close < end && text.charCodeAt(close) === 62) {
        i = close + 1
        isBoundary = true
        continue
      }
    }
    if (code === 123 && isJsonObject(text, i, end)) return timeInJson(text, i, end)
    if (code === 40 && text.startsWith('audit', i - 5) && i - 5 >= first) {
      // auditd: msg=audit(1700000000.123:456):
      const time = readEpochNumber(text, i + 1, end, clock.now)
      if (!Number.isNaN(time)) return time
    }
    if (code === 45 && isFirst) {
      const time = timeAfterLabel(text, i + 1, end)
      if (!Number.isNaN(time)) return time
    }
    // Docker Compose: web  | 2026-11-21 10:00:00
    if (code === 124) prose = 0
    // After a name only one for times will do, be the value in quotes or not.
    if (code === 61) isNamed = isBoundary = (kindOfName(text, from, i) & TIME) !== 0
    else if (!(code === 34 && i > first && text.charCodeAt(i - 1) === 61)) {
      isNamed = false
      isBoundary = (bits & BEFORE_TIME) !== 0
    }
    i++
  }
  return Number.NaN
}

/** Whether the word is one of a sentence: letters only, with a small one, and a blank after it. */
function isProse(text: string, from: number, to: number, end: number): boolean {
  if (to >= end || text.charCodeAt(to) !== 32 || to - from < 2) return false
  for (let i = from; i < to; i++) if ((classOf(text.charCodeAt(i)) & (UPPER | LOWER)) === 0) return false
  return (classOf(text.charCodeAt(to - 1)) & LOWER) !== 0
}

/** The supercomputers' `- 1117838570 2005.06.03 …`, where a word or a dash tells of an alert: the date vouches for the number. */
function timeAfterLabel(text: string, index: number, end: number): number {
  const number = index + 1
  const date = number + 11
  if (date + 10 > end || text.charCodeAt(index) !== 32 || text.charCodeAt(date - 1) !== 32) return Number.NaN
  if (!isDigitAt(text, number, end) || text.charCodeAt(date + 4) !== 46 || text.charCodeAt(date + 7) !== 46)
    return Number.NaN
  return readEpochNumber(text, number, end, clock.now)
}

function timeInJson(text: string, brace: number, end: number): number {
  const bound = Math.min(end, brace + maxStructuredLength)
  let value = nextJsonValue(text, brace + 1, bound, TIME, true)
  while (value >= 0) {
    const time = timeOfJsonValue(text, value, bound)
    if (!Number.isNaN(time)) return time
    value = nextJsonValue(text, value, bound, TIME, false)
  }
  return Number.NaN
}

/** MongoDB nests twice: `{"$date":{"$numberLong":"1700000000000"}}`. */
function timeOfJsonValue(text: string, value: number, end: number): number {
  let inner = value
  for (let depth = 0; depth < 3 && inner >= 0 && inner < end; depth++) {
    if (text.charCodeAt(inner) !== 123) return timeOfValue(text, inner, end)
    inner = nextJsonValue(text, inner + 1, end, TIME, true)
  }
  return Number.NaN
}

function timeInLogfmt(text: string, first: number, end: number): number {
  const bound = Math.min(end, first + maxStructuredLength)
  let value = nextLogfmtValue(text, first, bound, TIME)
  while (value >= 0) {
    const time = timeOfValue(text, value, bound)
    if (!Number.isNaN(time)) return time
    value = nextLogfmtValue(text, value, bound, TIME)
  }
  return Number.NaN
}

/** The time that a value tells, in quotes or not; here a number needs no more than to be plausible. */
function timeOfValue(text: string, value: number, end: number): number {
  let i = value
  if (i < end && (text.charCodeAt(i) === 34 || text.charCodeAt(i) === 91)) i++
  if (i >= end) return Number.NaN
  const bits = classOf(text.charCodeAt(i))
  if (i === value && (bits & DIGIT) !== 0) {
    const time = readEpochNumber(text, i, end, clock.now)
    if (!Number.isNaN(time)) return time
  }
  if ((bits & DIGIT) !== 0) return readFromDigit(text, i, end, clock, true)
  return (bits & WORD) !== 0 ? readFromLetter(text, i, end, clock, false) : Number.NaN
}
