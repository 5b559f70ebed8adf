/** Reading a time of day, its fraction and its zone out of text: `10:00:00.123456 +0530`, `9:05 AM`, `10:00:00,5Z`. */

import { classOf, DIGIT, isDigitAt, UPPER, WORD } from './char-class.ts'
import { WordTable } from './word-table.ts'

/** No zone was written. */
export const NO_ZONE: number = 0x7fff

/**
 * What the last call of {@link readTimeOfDay} found. One object for all calls: a fresh one per line would be garbage,
 * and nothing here is called again before its answer is used.
 */
export const timeOfDay = {
  /** Since midnight; a leap second is the next minute's first. */
  ms: 0,
  /** Minutes east of UTC, or {@link NO_ZONE}. */
  zone: NO_ZONE,
  /** The index after it all. */
  end: 0,
}

/** Hours east of UTC plus 20, for those names that mean one zone everywhere; RFC 2822 fixes the American ones. */
const zoneNames = new WordTable({
  z: 20,
  utc: 20,
  gmt: 20,
  ut: 20,
  est: 15,
  edt: 16,
  cst: 14,
  cdt: 15,
  mst: 13,
  mdt: 14,
  pst: 12,
  pdt: 13,
  wet: 20,
  cet: 21,
  cest: 22,
  eet: 22,
  eest: 23,
  msk: 23,
  jst: 29,
})

const longestZoneName = 4

/** The number that the two digits at `index` write, or -1. */
export function twoDigits(text: string, index: number, end: number): number {
  if (index + 2 > end) return -1
  const tens = text.charCodeAt(index) - 48
  const ones = text.charCodeAt(index + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

/**
 * Reads `h:mm`, `hh:mm:ss`, or those with `.` for `:`, and what may follow: a fraction of the second after `.` or `,`, `AM`
 * or `PM`, and a zone. Fills {@link timeOfDay} and says whether it is a time of day; 25:00 and 10:61 are none.
 *
 * @param separator The character between hours, minutes and seconds.
 * @param needsSeconds Whether `hh:mm` alone will not do.
 */
export function readTimeOfDay(
  text: string,
  index: number,
  end: number,
  separator: number,
  needsSeconds: boolean,
): boolean {
  let i = index
  let hour = twoDigits(text, i, end)
  if (hour >= 0) i += 2
  else if (isDigitAt(text, i, end)) hour = text.charCodeAt(i++) - 48
  else return false
  if (i >= end || text.charCodeAt(i) !== separator) return false
  const minute = twoDigits(text, i + 1, end)
  if (minute < 0 || minute > 59) return false
  i += 3
  let second = 0
  let ms = 0
  if (i + 2 < end && text.charCodeAt(i) === separator) {
    second = twoDigits(text, i + 1, end)
    if (second < 0 || second > 60) return false
    i += 3
    if (i + 1 < end) {
      const point = text.charCodeAt(i)
      // Log4j writes a comma, .NET and Nginx a point.
      if ((point === 46 || point === 44) && isDigitAt(text, i + 1, end)) {
        let weight = 100
        i++
        do {
          ms += (text.charCodeAt(i++) - 48) * weight
          weight = Math.trunc(weight / 10)
        } while (isDigitAt(text, i, end))
      }
    }
  } else if (needsSeconds) {
    return false
  }
  if (i < end && (classOf(text.charCodeAt(i)) & DIGIT) !== 0) return false
  timeOfDay.end = i
  hour = onTwentyFourHours(text, i, end, hour)
  if (hour < 0 || hour > 23) return false
  if (second === 60) ms = 0
  timeOfDay.ms = ((hour * 60 + minute) * 60 + second) * 1000 + ms
  readZone(text, timeOfDay.end, end)
  return true
}

/** The hour with the `AM` or `PM` that may follow taken in, or -1 when the two do not fit; moves {@link timeOfDay}'s end. */
function onTwentyFourHours(text: string, index: number, end: number, hour: number): number {
  let i = index
  // JDK 20 and later write a narrow no-break space.
  if (i < end && (text.charCodeAt(i) === 32 || text.charCodeAt(i) === 0x202f)) i++
  if (i + 2 > end || (text.charCodeAt(i + 1) | 32) !== 109) return hour
  const letter = text.charCodeAt(i) | 32
  if (letter !== 97 && letter !== 112) return hour
  if (i + 2 < end && (classOf(text.charCodeAt(i + 2)) & WORD) !== 0) return hour
  if (hour < 1 || hour > 12) return -1
  timeOfDay.end = i + 2
  return (hour % 12) + (letter === 112 ? 12 : 0)
}

/** Reads `Z`, `±hh`, `±hhmm`, `±hh:mm` or a zone's name into {@link timeOfDay}; a name that is none of ours is left alone. */
function readZone(text: string, index: number, end: number): void {
  timeOfDay.zone = NO_ZONE
  if (index >= end) return
  let i = index
  let code = text.charCodeAt(i)
  const isApart = code === 32
  if (isApart) {
    if (++i >= end) return
    code = text.charCodeAt(i)
  }
  if (code === 43 || code === 45) {
    const hours = twoDigits(text, i + 1, end)
    if (hours < 0 || hours > 14) return
    let after = i + 3
    const hasColon = after < end && text.charCodeAt(after) === 58
    let minutes = twoDigits(text, hasColon ? after + 1 : after, end)
    if (minutes >= 0) after += hasColon ? 3 : 2
    // " -05" may be anything, "-05" right after the time is PostgreSQL's zone.
    else if (isApart || hasColon) return
    else minutes = 0
    if (minutes > 59 || isDigitAt(text, after, end)) return
    timeOfDay.zone = (code === 45 ? -1 : 1) * (hours * 60 + minutes)
    timeOfDay.end = after
    return
  }
  if ((classOf(code) & UPPER) === 0 && code !== 122) return
  const bound = Math.min(end, i + longestZoneName + 1)
  let after = i + 1
  while (after < bound && (classOf(text.charCodeAt(after)) & WORD) !== 0) after++
  if (after - i > longestZoneName) return
  const found = zoneNames.find(text, i, after)
  if (found === 0) return
  timeOfDay.zone = (found - 20) * 60
  timeOfDay.end = after
}
