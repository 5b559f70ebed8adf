/** Times in Go's reference layout: a layout is the moment `Mon Jan 2 15:04:05 MST 2006` written as one wants it. */

/** RFC 3339, as Go's `time.RFC3339`. */
export const rfc3339Layout = '2006-01-02T15:04:05Z07:00'

/** What Go prints of a time by itself. */
export const defaultLayout = '2006-01-02 15:04:05.999999999 -0700 MST'

/** A moment in the parts that layouts have. */
export interface Parts {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
  readonly dayOfYear: number
  /** 0 is Sunday. */
  readonly weekday: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly ms: number
  /** East of UTC. */
  readonly offsetSeconds: number
  zone(): string
}

type Write = (parts: Parts) => string

const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
] as const
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const

const padded = (value: number, width: number, fill = '0'): string => String(value).padStart(width, fill)
const twelve = (hour: number): number => hour % 12 || 12

/** The elements of a layout, a longer one before a shorter one that it begins with. */
const elements: readonly (readonly [string, Write])[] = [
  ['January', ({ month }) => months[month - 1] ?? ''],
  ['Jan', ({ month }) => months[month - 1]?.slice(0, 3) ?? ''],
  ['Monday', ({ weekday }) => days[weekday] ?? ''],
  ['Mon', ({ weekday }) => days[weekday]?.slice(0, 3) ?? ''],
  ['MST', ({ zone }) => zone()],
  ['002', ({ dayOfYear }) => padded(dayOfYear, 3)],
  ['01', ({ month }) => padded(month, 2)],
  ['02', ({ day }) => padded(day, 2)],
  ['03', ({ hour }) => padded(twelve(hour), 2)],
  ['04', ({ minute }) => padded(minute, 2)],
  ['05', ({ second }) => padded(second, 2)],
  ['06', ({ year }) => padded(((year % 100) + 100) % 100, 2)],
  ['15', ({ hour }) => padded(hour, 2)],
  ['1', ({ month }) => String(month)],
  ['2006', ({ year }) => (year < 0 ? `-${padded(-year, 4)}` : padded(year, 4))],
  ['2', ({ day }) => String(day)],
  ['_2006', ({ year }) => `_${padded(year, 4)}`],
  ['__2', ({ dayOfYear }) => padded(dayOfYear, 3, ' ')],
  ['_2', ({ day }) => padded(day, 2, ' ')],
  ['3', ({ hour }) => String(twelve(hour))],
  ['4', ({ minute }) => String(minute)],
  ['5', ({ second }) => String(second)],
  ['PM', ({ hour }) => (hour >= 12 ? 'PM' : 'AM')],
  ['pm', ({ hour }) => (hour >= 12 ? 'pm' : 'am')],
  ['-07:00:00', (parts) => offset(parts, ':', 'seconds')],
  ['-070000', (parts) => offset(parts, '', 'seconds')],
  ['-07:00', (parts) => offset(parts, ':', 'minutes')],
  ['-0700', (parts) => offset(parts, '', 'minutes')],
  ['-07', (parts) => offset(parts, '', 'hours')],
  ['Z07:00:00', (parts) => orZ(parts, offset(parts, ':', 'seconds'))],
  ['Z070000', (parts) => orZ(parts, offset(parts, '', 'seconds'))],
  ['Z07:00', (parts) => orZ(parts, offset(parts, ':', 'minutes'))],
  ['Z0700', (parts) => orZ(parts, offset(parts, '', 'minutes'))],
  ['Z07', (parts) => orZ(parts, offset(parts, '', 'hours'))],
]

/** Names that do not count when a small letter follows: `Month` is no `Mon` and `Janus` no `Jan`. */
const shortNames: ReadonlySet<string> = new Set(['Jan', 'Mon'])

const byFirst = new Map<string, (readonly [string, Write])[]>()
for (const element of elements) {
  const first = element[0].charAt(0)
  byFirst.set(first, [...(byFirst.get(first) ?? []), element])
}

/**
 * Makes a function that writes times, in ms since the epoch, as a layout says.
 *
 * `utc` writes them in UTC, else they are written in this process's time zone. Parts of a ms are zeros. A time that no
 * date can hold is an empty text.
 */
export function timeFormat(layout: string = rfc3339Layout, zone: 'local' | 'utc' = 'local'): (time: number) => string {
  const writes = compiled(layout)
  return (time) => {
    const ms = Math.floor(time)
    const date = new Date(ms)
    if (Number.isNaN(date.getTime())) return ''
    const parts = partsOf(date, zone)
    let text = ''
    for (const write of writes) text += typeof write === 'string' ? write : write(parts)
    return text
  }
}

function compiled(layout: string): readonly (string | Write)[] {
  const writes: (string | Write)[] = []
  let plain = ''
  let at = 0
  while (at < layout.length) {
    const [length, write] = elementAt(layout, at)
    if (write === undefined) plain += layout.charAt(at)
    else {
      if (plain !== '') writes.push(plain)
      plain = ''
      writes.push(write)
    }
    at += length
  }
  return plain === '' ? writes : [...writes, plain]
}

function elementAt(layout: string, at: number): readonly [number, Write | undefined] {
  for (const [text, write] of byFirst.get(layout.charAt(at)) ?? []) {
    if (!layout.startsWith(text, at)) continue
    if (shortNames.has(text) && /^[a-z]/.test(layout.slice(at + text.length, at + text.length + 1))) continue
    return [text.length, write]
  }
  // Parts of a second: after a point or a comma, zeros or nines that no other digit follows.
  const found = /^[.,](0+|9+)(?!\d)/.exec(layout.slice(at, at + maxFractionChars))
  const digits = found?.[1]
  if (found === null || digits === undefined) return [1, undefined]
  const mark = found[0].charAt(0)
  return [found[0].length, digits.startsWith('0') ? fraction(mark, digits.length) : shortFraction(mark, digits.length)]
}

/** More zeros than anybody means; what is longer is plain text. */
const maxFractionChars = 64

function fraction(mark: string, digits: number): Write {
  // Go has nanoseconds, and no more zeros than these.
  return ({ ms }) => mark + padded(ms, 3).padEnd(9, '0').slice(0, digits)
}

/** Nines leave out the zeros at the end, and the mark when there is nothing else. */
function shortFraction(mark: string, digits: number): Write {
  return ({ ms }) => {
    const text = padded(ms, 3).slice(0, digits).replace(/0+$/, '')
    return text === '' ? '' : mark + text
  }
}

function offset({ offsetSeconds }: Parts, between: string, until: 'hours' | 'minutes' | 'seconds'): string {
  const size = Math.abs(offsetSeconds)
  const parts = [padded(Math.floor(size / 3600), 2)]
  if (until !== 'hours') parts.push(padded(Math.floor(size / 60) % 60, 2))
  if (until === 'seconds') parts.push(padded(size % 60, 2))
  return `${offsetSeconds < 0 ? '-' : '+'}${parts.join(between)}`
}

function orZ({ offsetSeconds }: Parts, text: string): string {
  return offsetSeconds === 0 ? 'Z' : text
}

/** The moment in a zone; exported for what templates ask of a time. */
export function partsOf(date: Date, zone: 'local' | 'utc'): Parts {
  // Node has offsets in minutes; those of some zones before 1900 had seconds.
  const offsetSeconds = zone === 'utc' ? 0 : -date.getTimezoneOffset() * 60 || 0
  const shown = new Date(date.getTime() + offsetSeconds * 1000)
  const year = shown.getUTCFullYear()
  const newYear = new Date(0).setUTCFullYear(year, 0, 1)
  return {
    year,
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    dayOfYear: Math.floor((shown.getTime() - newYear) / msPerDay) + 1,
    weekday: shown.getUTCDay(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
    ms: shown.getUTCMilliseconds(),
    offsetSeconds,
    zone: () => (zone === 'utc' ? 'UTC' : zoneName(date, offsetSeconds)),
  }
}

const msPerDay = 86_400_000

/** Which English knows a zone's short name differs by country. */
const countries = ['en-US', 'en-GB', 'en-AU', 'en-IN'] as const

/** Made when a layout asks: each takes some ms. */
let zoneWriters: readonly Intl.DateTimeFormat[] | undefined

/** `CET`, or the offset where there is no such name, as in Go. */
function zoneName(date: Date, offsetSeconds: number): string {
  zoneWriters ??= countries.map((locale) => new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }))
  for (const writer of zoneWriters) {
    const name = writer.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value
    if (name !== undefined && /^[A-Z]{3,5}$/.test(name)) return name
  }
  const size = Math.abs(offsetSeconds)
  const minutes = Math.floor(size / 60) % 60
  return `${offsetSeconds < 0 ? '-' : '+'}${padded(Math.floor(size / 3600), 2)}${minutes === 0 ? '' : padded(minutes, 2)}`
}
