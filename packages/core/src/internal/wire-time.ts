/** Time on the wire: RFC 3339 out, RFC 3339 and epoch numbers in. */

import { isLosslessNumber } from 'lossless-json'

const msPerSecond = 1_000
const msPerMinute = 60_000
const msPerHour = 3_600_000

/** The bounds of an ECMAScript time value, in ms: the only times that a Date, and so the wire, can tell. */
const maxTime = 8.64e15

/** `.000Z` to `.999Z`. */
const fractions: readonly string[] = Array.from({ length: 1000 }, (_, ms) => `.${String(ms).padStart(3, '0')}Z`)

// Entries come in bursts of the same second, so the last second's text is kept; toISOString alone costs ten times as much.
let writtenSecond = Number.NaN
let writtenText = ''

/**
 * RFC 3339 in UTC with milliseconds, e.g. `2026-01-31T23:59:59.999Z`; parts of a millisecond are cut off.
 *
 * @param time ms since the epoch. Years before 0 and after 9999 come in ECMAScript's form with six digits.
 * @returns `undefined` when no date can hold it: NaN, or beyond ±8.64e15.
 */
export function timeToText(time: number): string | undefined {
  const ms = Math.floor(time)
  const second = Math.floor(ms / msPerSecond)
  if (second !== writtenSecond) {
    if (!(time >= -maxTime && time <= maxTime)) return undefined
    writtenText = new Date(second * msPerSecond).toISOString().slice(0, -5)
    writtenSecond = second
  }
  return `${writtenText}${fractions[ms - second * msPerSecond]}`
}

/** Date, time, fraction, offset; RFC 3339 lets `T` and `Z` be lower case and `T` a blank, and log libraries write a comma. */
const rfc3339 = /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))$/

/** Two seconds' worth of digits and separators: `2026-01-31T23:59:59`. */
const secondLength = 19
const canonicalLength = 24

let readText = 'none yet'
let readSecond = Number.NaN

/**
 * Reads RFC 3339: date, time and offset (`Z` or `±hh:mm`); digits after the milliseconds are cut off, second 60 is the next
 * minute's first. A time without an offset is refused, since guessing one would be wrong by hours.
 *
 * @returns ms since the epoch, or `undefined` when the text is no such time.
 */
export function timeFromText(text: string): number | undefined {
  // Most texts are of the form that timeToText writes and of the same second as the one before: then only the ms differ.
  if (
    text.length === canonicalLength &&
    text.charCodeAt(secondLength) === 46 /* . */ &&
    text.charCodeAt(23) === 90 /* Z */
  ) {
    const ms = threeDigits(text, 20)
    if (ms >= 0 && text.slice(0, secondLength + 1) === readText) return readSecond + ms
  }
  const found = rfc3339.exec(text)
  if (found === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour, offsetMinute] = found
  // `Date.UTC` takes years 0 to 99 for 1900 to 1999, and rolls 30 February over to March: set, then compare.
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined
  const utcSecond =
    date.getTime() + Number(hour) * msPerHour + Number(minute) * msPerMinute + Number(second) * msPerSecond
  let offset = 0
  if (sign !== undefined) {
    if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined
    offset = (sign === '-' ? -1 : 1) * (Number(offsetHour) * msPerHour + Number(offsetMinute) * msPerMinute)
  } else if (year?.length === 4 && text.charCodeAt(secondLength) === 46 /* . */) {
    readText = text.slice(0, secondLength + 1)
    readSecond = utcSecond
  }
  const time = utcSecond - offset + Number(fraction.slice(0, 3).padEnd(3, '0'))
  return time >= -maxTime && time <= maxTime ? time : undefined
}

function threeDigits(text: string, at: number): number {
  const a = text.charCodeAt(at) - 48
  const b = text.charCodeAt(at + 1) - 48
  const c = text.charCodeAt(at + 2) - 48
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 && c >= 0 && c <= 9 ? a * 100 + b * 10 + c : -1
}

// One number tells its unit by its size: each bound is a year beyond 5000 in its own unit and before April 1973 in the next.
const secondsBelow = 1e11
const millisecondsBelow = 1e14
const microsecondsBelow = 1e17
const nanosecondsBelow = 1e20

/**
 * Reads an epoch number; its size tells its unit: below 1e11 seconds, 1e14 ms, 1e17 µs, 1e20 ns, also negative.
 * Parts of a millisecond are cut off.
 *
 * @param value A number, a bigint, or a number that was kept as written.
 * @returns ms since the epoch, or `undefined` when the value is no number or too large.
 */
export function timeFromNumber(value: unknown): number | undefined {
  if (typeof value === 'bigint') {
    // A number would be off by up to 128 ns here, and so at times by a whole ms once cut off.
    if (value < 0n) {
      const time = timeFromNumber(-value)
      return time === undefined ? undefined : -time
    }
    if (value < 100_000_000_000_000_000n) return Number(value / 1_000n)
    return value < 100_000_000_000_000_000_000n ? Number(value / 1_000_000n) : undefined
  }
  if (typeof value !== 'number') return isLosslessNumber(value) ? timeFromNumber(Number(value.value)) : undefined
  const size = Math.abs(value)
  // Rounded to the µs first: 1700000000.123 * 1000 may come out a hair below …123.
  if (size < secondsBelow) return Math.floor(Math.round(value * 1e6) / 1e3)
  if (size < millisecondsBelow) return Math.floor(value)
  if (size < microsecondsBelow) return Math.floor(value / 1e3)
  if (size < nanosecondsBelow) return Math.floor(value / 1e6)
  return undefined
}
