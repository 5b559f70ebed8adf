/**
 * Reading a date and its time of day in the forms that loggers write. Each reader begins at the first character of what
 * it reads and returns ms since the epoch, or NaN when its form is not there or the date does not exist.
 */

import { fromWallClock, isDate, utcMidnight, utcYear, type Zone } from './calendar.ts'
import { classOf, DIGIT, isDigitAt, skipBlanks, skipDigits, UPPER, WORD } from './char-class.ts'
import { isPlausible, readEpochNumber } from './epoch-number.ts'
import { NO_ZONE, readTimeOfDay, timeOfDay, twoDigits } from './time-of-day.ts'
import { WordTable } from './word-table.ts'

const TAB = 9
const SPACE = 32
const COMMA = 44
const DASH = 45
const DOT = 46
const SLASH = 47
const COLON = 58
const UNDERSCORE = 95

const months = new WordTable({
  jan: 1,
  feb: 2,
  mar: 3,
  apr: 4,
  may: 5,
  jun: 6,
  jul: 7,
  aug: 8,
  sep: 9,
  oct: 10,
  nov: 11,
  dec: 12,
})

const weekdays = new WordTable({ mon: 1, tue: 2, wed: 3, thu: 4, fri: 5, sat: 6, sun: 7 })

/** What a date needs around it to be made a time: when now is, and where. */
export interface Clock {
  /** ms since the epoch. */
  now: number
  /** For a time that names no zone. */
  zone: Zone
}

/** A log tells of the past: a time without a year is in the last year that does not put it further ahead than this. */
const maxAheadWithoutYearMs = 7 * 86_400_000

/** The time of {@link timeOfDay} on that date. */
function at(year: number, month: number, day: number, clock: Clock): number {
  if (!isDate(year, month, day)) return Number.NaN
  const wall = utcMidnight(year, month, day) + timeOfDay.ms
  return fromWallClock(wall, timeOfDay.zone === NO_ZONE ? clock.zone : timeOfDay.zone)
}

function atInLikelyYear(month: number, day: number, clock: Clock): number {
  const latest = clock.now + maxAheadWithoutYearMs
  let year = utcYear(latest)
  // The zone, hours at most, is left out of the choice of the year, so that it is asked for once.
  if (isDate(year, month, day) && utcMidnight(year, month, day) + timeOfDay.ms > latest) year--
  // 29 February was in a leap year, at most eight years ago.
  if (month === 2 && day === 29) for (let back = 0; back < 8 && !isDate(year, month, day); back++) year--
  return at(year, month, day, clock)
}

function plausible(time: number, clock: Clock): number {
  return isPlausible(time, clock.now) ? time : Number.NaN
}

function fourDigits(text: string, index: number, end: number): number {
  const high = twoDigits(text, index, end)
  const low = twoDigits(text, index + 2, end)
  return high < 0 || low < 0 ? -1 : high * 100 + low
}

function codeAtOrZero(text: string, index: number, end: number): number {
  return index < end ? text.charCodeAt(index) : 0
}

/** The month that the three letters at `index` name, or 0. */
function monthAt(text: string, index: number, end: number): number {
  return index + 3 <= end ? months.find(text, index, index + 3) : 0
}

/**
 * A date and time that begins with a digit.
 *
 * @param isFirst Whether nothing stands before it in the line: only there are the forms read that are hardly more than a
 * number, such as an epoch time, `081109 203615` or `03-17 16:13:38.811`.
 */
export function readFromDigit(text: string, index: number, end: number, clock: Clock, isFirst: boolean): number {
  const digitsEnd = skipDigits(text, index, Math.min(end, index + 20))
  const next = codeAtOrZero(text, digitsEnd, end)
  switch (digitsEnd - index) {
    case 1:
    case 2:
      return readFromDay(text, index, digitsEnd, end, clock, next, isFirst)
    case 4:
      return next === DASH || next === SLASH || next === DOT ? readYearFirst(text, index, end, clock, next) : Number.NaN
    case 6:
      return isFirst && next === SPACE ? readShortDate(text, index, digitsEnd, end, clock) : Number.NaN
    case 8:
      return readCompactDate(text, index, digitsEnd, end, clock, next)
    case 14:
      return isFirst ? readCompact(text, index, end, clock) : Number.NaN
    default:
      return isFirst ? readEpochNumber(text, index, end, clock.now) : Number.NaN
  }
}

/** `2026-11-21T10:00:00.123Z`, `2026/11/21 10:00:00`, `2026.11.21 10:00`, BGL's `2005-06-03-15.42.50.363779`. */
function readYearFirst(text: string, index: number, end: number, clock: Clock, separator: number): number {
  if (index + 15 > end || text.charCodeAt(index + 7) !== separator) return Number.NaN
  const month = twoDigits(text, index + 5, end)
  const day = twoDigits(text, index + 8, end)
  if (month < 0 || day < 0) return Number.NaN
  let i = index + 10
  const between = text.charCodeAt(i) | 32
  // apt writes two spaces.
  if (between === SPACE && text.charCodeAt(i + 1) === SPACE) i++
  if (between === 116 /* T */ || between === SPACE || between === UNDERSCORE || between === 41 /* TAB | 32 */) {
    if (!readTimeOfDay(text, i + 1, end, COLON, false)) {
      // Fortinet: date=2026-11-21 time=10:00:00
      if (!text.startsWith(' time=', i) || !readTimeOfDay(text, i + 6, end, COLON, true)) return Number.NaN
    }
  } else if (between === DASH) {
    if (!readTimeOfDay(text, i + 1, end, DOT, true) && !readTimeOfDay(text, i + 1, end, COLON, true)) return Number.NaN
  } else if (between !== COLON || !readTimeOfDay(text, i + 1, end, COLON, true)) {
    return Number.NaN
  }
  return at(fourDigits(text, index, end), month, day, clock)
}

/** What begins with one or two digits: `21/Nov/2026:10:00:00`, `21 Nov 2026 10:00:00`, `03-17 16:13:38.811`, `17/06/09 20:10:40`. */
function readFromDay(
  text: string,
  index: number,
  digitsEnd: number,
  end: number,
  clock: Clock,
  separator: number,
  isFirst: boolean,
): number {
  if (separator !== SPACE && separator !== DASH && separator !== SLASH && separator !== DOT) return Number.NaN
  const first = digitsEnd - index === 2 ? twoDigits(text, index, end) : text.charCodeAt(index) - 48
  const second = digitsEnd + 1
  if (second >= end) return Number.NaN
  const bits = classOf(text.charCodeAt(second))
  if ((bits & DIGIT) === 0) {
    return (bits & WORD) === 0 ? Number.NaN : readDayMonthName(text, first, second, end, clock, separator)
  }
  if (separator === SPACE) return Number.NaN
  const secondEnd = skipDigits(text, second, Math.min(end, second + 3))
  const secondNumber = secondEnd - second === 2 ? twoDigits(text, second, end) : text.charCodeAt(second) - 48
  if (secondEnd - second > 2 || secondEnd + 1 >= end) return Number.NaN
  const after = text.charCodeAt(secondEnd)
  const third = secondEnd + 1
  if (after === SPACE) {
    // Android's 03-17 16:13:38.811, Proxifier's [10.30 16:49:06]
    const isNamed =
      isFirst && (separator === DASH || separator === DOT) && digitsEnd - index === 2 && secondEnd - second === 2
    if (!isNamed || !readTimeOfDay(text, third, end, COLON, true)) return Number.NaN
    return atInLikelyYear(first, secondNumber, clock)
  }
  if (after !== separator) return Number.NaN
  const year = fourDigits(text, third, end)
  if (year >= 0) {
    let i = third + 4
    if (codeAtOrZero(text, i, end) === COMMA) i++
    if (codeAtOrZero(text, i, end) !== SPACE || !readTimeOfDay(text, i + 1, end, COLON, false)) return Number.NaN
    // 21.11.2026 is day first wherever it is written; of 11/21/2026 only AM or PM tells that the month is first.
    if (separator === DOT) return at(year, secondNumber, first, clock)
    return separator === SLASH && endsWithHalf(text) ? at(year, first, secondNumber, clock) : Number.NaN
  }
  // Spark and Hadoop: 17/06/09 20:10:40
  const shortDay = twoDigits(text, third, end)
  const isSpark = isFirst && separator === SLASH && shortDay >= 0 && codeAtOrZero(text, third + 2, end) === SPACE
  if (!isSpark || !readTimeOfDay(text, third + 3, end, COLON, true)) return Number.NaN
  return plausible(at(fullYear(first), secondNumber, shortDay, clock), clock)
}

/** Whether {@link timeOfDay} ended in AM or PM. */
function endsWithHalf(text: string): boolean {
  return (text.charCodeAt(timeOfDay.end - 1) | 32) === 109
}

/** Two digits of a year as POSIX reads them: 69 to 99 are of the last century. */
function fullYear(year: number): number {
  return year + (year < 69 ? 2000 : 1900)
}

/** From the month on: `Nov 2026 10:00:00`, `Nov 10:00:00`, `/Nov/2026:10:00:00 +0000`, `-Nov-2026 10:00:00.123`. */
function readDayMonthName(
  text: string,
  day: number,
  monthIndex: number,
  end: number,
  clock: Clock,
  separator: number,
): number {
  const month = monthAt(text, monthIndex, end)
  let i = monthIndex + 3
  if (month === 0 || i + 6 > end || text.charCodeAt(i) !== separator) return Number.NaN
  i++
  const year = fourDigits(text, i, end)
  if (year < 0) {
    // Redis before 3: 21 Nov 10:00:00.123
    if (separator !== SPACE || !readTimeOfDay(text, i, end, COLON, true)) return Number.NaN
    return atInLikelyYear(month, day, clock)
  }
  i += 4
  if (codeAtOrZero(text, i, end) === COMMA) i++
  const between = codeAtOrZero(text, i, end)
  if (between !== SPACE && between !== COLON && between !== 84) return Number.NaN
  i++
  // RabbitMQ before 3.7: 21-Nov-2026::10:00:00
  if (between === COLON && codeAtOrZero(text, i, end) === COLON) i++
  return readTimeOfDay(text, i, end, COLON, false) ? at(year, month, day, clock) : Number.NaN
}

/** `081109 203615` (HDFS) or `261121 10:00:00` (MySQL before 5.7). */
function readShortDate(text: string, index: number, digitsEnd: number, end: number, clock: Clock): number {
  const i = skipBlanks(text, digitsEnd, end)
  if (!readTimeOfDay(text, i, end, COLON, true) && !readSixDigitTime(text, i, end)) return Number.NaN
  const year = fullYear(twoDigits(text, index, end))
  return plausible(at(year, twoDigits(text, index + 2, end), twoDigits(text, index + 4, end), clock), clock)
}

/** Fills {@link timeOfDay} from `hhmmss`, with a fraction or `Z` perhaps. */
function readSixDigitTime(text: string, index: number, end: number): boolean {
  const hour = twoDigits(text, index, end)
  const minute = twoDigits(text, index + 2, end)
  const second = twoDigits(text, index + 4, end)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return false
  let i = index + 6
  let ms = 0
  const point = codeAtOrZero(text, i, end)
  if ((point === DOT || point === COMMA) && isDigitAt(text, i + 1, end)) {
    let weight = 100
    for (i++; isDigitAt(text, i, end); i++) {
      ms += (text.charCodeAt(i) - 48) * weight
      weight = Math.trunc(weight / 10)
    }
  }
  if (isDigitAt(text, i, end)) return false
  timeOfDay.ms = ((hour * 60 + minute) * 60 + second) * 1000 + (second === 60 ? 0 : ms)
  timeOfDay.zone = codeAtOrZero(text, i, end) === 90 ? 0 : NO_ZONE
  timeOfDay.end = i
  return true
}

/** `20261121T100000Z`, `20261121 10:00:00`, HealthApp's `20171223-22:15:29:606`. */
function readCompactDate(
  text: string,
  index: number,
  digitsEnd: number,
  end: number,
  clock: Clock,
  separator: number,
): number {
  const i = digitsEnd + 1
  if (separator === DASH) {
    if (!readLooseTime(text, i, end)) return Number.NaN
  } else if (separator === 84 || separator === SPACE || separator === UNDERSCORE) {
    if (!readTimeOfDay(text, i, end, COLON, true) && !readSixDigitTime(text, i, end)) return Number.NaN
  } else {
    return Number.NaN
  }
  const year = fourDigits(text, index, end)
  return at(year, twoDigits(text, index + 4, end), twoDigits(text, index + 6, end), clock)
}

/** Fills {@link timeOfDay} from `h:m:s:ms`, where no part is padded and the last counts ms, or from `hh:mm:ss`. */
function readLooseTime(text: string, index: number, end: number): boolean {
  let i = index
  let ms = 0
  for (let part = 0; part < 4; part++) {
    const after = skipDigits(text, i, Math.min(end, i + 4))
    const length = after - i
    if (length === 0 || length > (part === 3 ? 3 : 2)) return false
    let number = 0
    for (; i < after; i++) number = number * 10 + text.charCodeAt(i) - 48
    if (number > (part === 0 ? 23 : part === 3 ? 999 : 59)) return false
    ms = part === 0 ? number : ms * (part === 3 ? 1000 : 60) + number
    if (part === 3) break
    if (codeAtOrZero(text, i, end) !== COLON) {
      if (part !== 2) return false
      ms *= 1000
      break
    }
    i++
  }
  timeOfDay.ms = ms
  timeOfDay.zone = NO_ZONE
  timeOfDay.end = i
  return true
}

/** `20261121100000` */
function readCompact(text: string, index: number, end: number, clock: Clock): number {
  if (!readSixDigitTime(text, index + 8, end)) return Number.NaN
  const year = fourDigits(text, index, end)
  return plausible(at(year, twoDigits(text, index + 4, end), twoDigits(text, index + 6, end), clock), clock)
}

/**
 * A date and time that begins with a letter: `Nov 21 10:00:00`, `Nov 21, 2026 10:00:00 AM`, `Sat Nov 21 10:00:00 2026`,
 * `Sat, 21 Nov 2026 10:00:00 GMT`, and glog's `E1121 10:00:00.123456` when `isFirst`.
 */
export function readFromLetter(text: string, index: number, end: number, clock: Clock, isFirst: boolean): number {
  if (index + 14 > end) return Number.NaN
  const next = classOf(text.charCodeAt(index + 1))
  if ((next & DIGIT) !== 0) return isFirst ? readGlog(text, index, end, clock) : Number.NaN
  const fourth = text.charCodeAt(index + 3)
  if (fourth !== SPACE && fourth !== COMMA) return Number.NaN
  const month = months.find(text, index, index + 3)
  if (month !== 0) return readMonthName(text, month, index + 4, end, clock)
  if (weekdays.find(text, index, index + 3) === 0) return Number.NaN
  const i = skipBlanks(text, index + 4, end)
  if (i >= end) return Number.NaN
  if (isDigitAt(text, i, end)) return readFromDigit(text, i, end, clock, false)
  const monthAfterDay = monthAt(text, i, end)
  return monthAfterDay === 0 ? Number.NaN : readMonthName(text, monthAfterDay, i + 3, end, clock)
}

/** From after the month's name on. */
function readMonthName(text: string, month: number, index: number, end: number, clock: Clock): number {
  let i = skipBlanks(text, index, end)
  let day = twoDigits(text, i, end)
  if (day >= 0) i += 2
  else if (isDigitAt(text, i, end)) day = text.charCodeAt(i++) - 48
  else return Number.NaN
  // Java: Nov 21, 2026 10:00:00 AM, or with a second comma since JDK 9.
  if (codeAtOrZero(text, i, end) === COMMA) i++
  if (codeAtOrZero(text, i, end) !== SPACE) return Number.NaN
  i++
  const yearFirst = fourDigits(text, i, end)
  if (yearFirst >= 0) {
    i += 4
    if (codeAtOrZero(text, i, end) === COMMA) i++
    if (codeAtOrZero(text, i, end) !== SPACE || !readTimeOfDay(text, i + 1, end, COLON, false)) return Number.NaN
    return at(yearFirst, month, day, clock)
  }
  if (!readTimeOfDay(text, i, end, COLON, true)) return Number.NaN
  // ctime: the year comes last, date(1) puts the zone before it.
  i = timeOfDay.end
  if (codeAtOrZero(text, i, end) === SPACE) {
    let year = i + 1
    if (year < end && (classOf(text.charCodeAt(year)) & UPPER) !== 0) {
      while (year < end && (classOf(text.charCodeAt(year)) & UPPER) !== 0) year++
      if (codeAtOrZero(text, year, end) === SPACE) year++
    }
    const yearLast = fourDigits(text, year, end)
    if (yearLast >= 1970 && !isDigitAt(text, year + 4, end) && isYearEnd(codeAtOrZero(text, year + 4, end))) {
      return at(yearLast, month, day, clock)
    }
  }
  return atInLikelyYear(month, day, clock)
}

/** What may follow the year of ctime; a syslog line may go on with a host that begins with four digits. */
function isYearEnd(code: number): boolean {
  return code === 0 || code === SPACE || code === TAB || code === 93 || code === COLON || code === 13 || code === 34
}

/** `E1121 10:00:00.123456` or, with the year, `E20261121 10:00:00.123456`. */
function readGlog(text: string, index: number, end: number, clock: Clock): number {
  const digitsEnd = skipDigits(text, index + 1, Math.min(end, index + 10))
  if (codeAtOrZero(text, digitsEnd, end) !== SPACE || !readTimeOfDay(text, digitsEnd + 1, end, COLON, true)) {
    return Number.NaN
  }
  const length = digitsEnd - index - 1
  const i = digitsEnd - 4
  const month = twoDigits(text, i, end)
  const day = twoDigits(text, i + 2, end)
  if (length === 4) return atInLikelyYear(month, day, clock)
  return length === 8 ? at(fourDigits(text, index + 1, end), month, day, clock) : Number.NaN
}
