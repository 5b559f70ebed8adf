/** Reading a number that counts s, ms, µs or ns since the epoch. */

import { classOf, isDigitAt, WORD } from './char-class.ts'

/** 1990-01-01: a smaller number of as many digits is some other count. */
const minTime = 631_152_000_000

/** How far ahead of the clock a bare number may be: two days, for a clock that is set wrong or not at all in the zone. */
const maxAheadMs = 2 * 86_400_000

/** A time before a number is taken for one has to pass this: bare numbers are too common to believe all of them. */
export function isPlausible(time: number, now: number): boolean {
  return time >= minTime && time <= now + maxAheadMs
}

/**
 * The time that the number at `index` tells, in ms since the epoch, or NaN. Its digits tell the unit: 9 or 10 are seconds,
 * with a fraction perhaps, 12 or 13 ms, 15 or 16 µs, 18 or 19 ns. Not a time: a number within a longer word, one before 1990, one that
 * is more than two days ahead of `now`.
 */
export function readEpochNumber(text: string, index: number, end: number, now: number): number {
  const bound = index + 20 < end ? index + 20 : end
  let digitsEnd = index
  let number = 0
  while (digitsEnd < bound) {
    const digit = text.charCodeAt(digitsEnd) - 48
    if (digit < 0 || digit > 9) break
    // Thirteen digits hold every ms until the year 2286; all nineteen would not fit a double.
    if (digitsEnd < index + 13) number = number * 10 + digit
    digitsEnd++
  }
  const digits = digitsEnd - index
  if (digits < 9 || digits > 19) return Number.NaN
  if (digitsEnd < end && (classOf(text.charCodeAt(digitsEnd)) & WORD) !== 0) return Number.NaN
  let time: number
  if (digits <= 10) {
    time = number * 1000
    if (digitsEnd < end && text.charCodeAt(digitsEnd) === 46) {
      let weight = 100
      for (let i = digitsEnd + 1; weight > 0 && isDigitAt(text, i, end); i++) {
        time += (text.charCodeAt(i) - 48) * weight
        weight = Math.trunc(weight / 10)
      }
    }
  } else if (digits === 12 || digits === 13 || digits === 16 || digits === 19) {
    time = number
  } else if (digits === 15 || digits === 18) {
    // Before September 2001 ms had twelve digits, of the thirteen read.
    time = Math.floor(number / 10)
  } else {
    return Number.NaN
  }
  return isPlausible(time, now) ? time : Number.NaN
}
