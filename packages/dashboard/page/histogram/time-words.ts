/** Times, spans and numbers as people read them, in the time zone of the browser. */

const day: Intl.DateTimeFormatOptions = { year: 'numeric', month: '2-digit', day: '2-digit' }
const seconds: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }

// Swedish writes dates as logs do: 2026-11-21 17:52:13.
const dayAndClock = new Intl.DateTimeFormat('sv-SE', { ...day, ...seconds })
const withMs = new Intl.DateTimeFormat('sv-SE', { ...day, ...seconds, fractionalSecondDigits: 3 })
const clock = new Intl.DateTimeFormat('sv-SE', seconds)
const minutes = new Intl.DateTimeFormat('sv-SE', { ...seconds, second: undefined })
const date = new Intl.DateTimeFormat('sv-SE', day)
const zone = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'longOffset' })
const numbers = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** Beyond it a number is no time, and formatting it would throw. */
const maxTimeMs = 8.64e15

/** `2026-11-21 17:52:13.123` */
export function exactTime(ms: number): string {
  return isTime(ms) ? withMs.format(ms).replace(',', '.') : `${ms}`
}

/** How far the local time is from UTC: `GMT+01:00`, or `UTC`. */
export function zoneOf(ms: number): string {
  const name = isTime(ms) ? zone.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value : undefined
  return name === undefined || name === 'GMT' ? 'UTC' : name
}

/** `2026-11-21 17:52:10 to 17:52:20`: the second one without what it shares with the first. */
export function spanWords(from: number, to: number): string {
  if (!isTime(from) || !isTime(to)) return `${from} to ${to}`
  const subMs = to - from < 1_000
  if (subMs) return `${exactTime(from)} to ${exactTime(to)}`
  const sameDay = date.format(from) === date.format(to)
  return `${dayAndClock.format(from)} to ${sameDay ? clock.format(to) : dayAndClock.format(to)}`
}

/** The label under a tick: month or date at midnight, else as much of the clock as the distance of ticks needs. */
export function tickWords(ms: number, stepMs: number): string {
  const time = new Date(ms)
  if (stepMs >= 28 * 86_400_000) return date.format(ms).slice(0, -3)
  if (stepMs >= 86_400_000 || (time.getHours() === 0 && time.getMinutes() === 0 && time.getSeconds() === 0))
    return date.format(ms).slice(5)
  return stepMs >= 60_000 ? minutes.format(ms) : stepMs >= 1_000 ? clock.format(ms) : exactTime(ms).slice(11)
}

/** `1,234 lines`, `1 line` */
export function linesWords(count: number): string {
  return `${numbers.format(count)} ${count === 1 ? 'line' : 'lines'}`
}

/** `1,234` */
export function numberWords(count: number): string {
  return numbers.format(count)
}

/** `1.2M`, where there is little room. */
export function shortNumber(count: number): string {
  return count < 10_000 ? numbers.format(count) : compact.format(count)
}

/** `10 s`, `5 min`, `1 h`, `1 day` */
export function bucketWords(ms: number): string {
  if (ms % 86_400_000 === 0) return ms === 86_400_000 ? '1 day' : `${ms / 86_400_000} days`
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`
  if (ms % 60_000 === 0) return `${ms / 60_000} min`
  return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`
}

function isTime(ms: number): boolean {
  return Math.abs(ms) <= maxTimeMs
}
