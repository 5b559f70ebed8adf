/** From a date and a time of day to ms since the epoch, without making a Date where that can be spared. */

const msPerMinute = 60_000
const msPerDay = 86_400_000

const daysBeforeMonth = new Uint16Array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])
const daysInMonth = new Uint8Array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

/** The zone a time without one is in: that of this process, UTC, or minutes east of UTC. */
export type Zone = 'local' | 'utc' | number

function isLeap(year: number): boolean {
  return (year & 3) === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** Whether the month has that day in that year, and the year is one a log line can be of, 1970 to 9999. */
export function isDate(year: number, month: number, day: number): boolean {
  if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1) return false
  return day <= (daysInMonth[month] as number) || (month === 2 && day === 29 && isLeap(year))
}

/** Midnight UTC of a date of 1970 to 9999, in ms since the epoch. */
export function utcMidnight(year: number, month: number, day: number): number {
  const past = year - 1
  const leapDays = (past >> 2) - Math.trunc(past / 100) + Math.trunc(past / 400) - 477
  const thisLeapDay = month > 2 && isLeap(year) ? 1 : 0
  return ((year - 1970) * 365 + leapDays + (daysBeforeMonth[month] as number) + thisLeapDay + day - 1) * msPerDay
}

// The year that was last asked for and when it begins and ends, since now is nearly always in the same one.
let knownYear = Number.NaN
let knownYearStart = Number.NaN
let knownYearEnd = Number.NaN

/** The year in which `time` is, in UTC. */
export function utcYear(time: number): number {
  if (!(time >= knownYearStart && time < knownYearEnd)) {
    knownYear = new Date(time).getUTCFullYear()
    knownYearStart = Date.UTC(knownYear, 0)
    knownYearEnd = Date.UTC(knownYear + 1, 0)
  }
  return knownYear
}

// A Date costs several times the rest, and lines come in bursts of the same minute, so the last minute's offset is kept.
// By the minute, since zones have changed their offset at 00:01.
let knownMinute = Number.NaN
let knownOffset = 0

/**
 * The instant at which clocks in `zone` show what clocks in UTC show at `wall`.
 * A time that local clocks skip or show twice is taken as Date takes it.
 */
export function fromWallClock(wall: number, zone: Zone): number {
  if (zone === 'utc') return wall
  if (typeof zone === 'number') return wall - zone * msPerMinute
  const minute = Math.floor(wall / msPerMinute)
  if (minute !== knownMinute) {
    const shown = new Date(minute * msPerMinute)
    knownOffset =
      minute * msPerMinute -
      new Date(
        shown.getUTCFullYear(),
        shown.getUTCMonth(),
        shown.getUTCDate(),
        shown.getUTCHours(),
        shown.getUTCMinutes(),
      ).getTime()
    knownMinute = minute
  }
  return wall - knownOffset
}
