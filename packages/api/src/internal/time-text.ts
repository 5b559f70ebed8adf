/** Times as people write them in an address: RFC 3339, ms since the epoch, or so long ago. */

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** What a date can hold. */
const maxTimeMs = 8.64e15

/** What {@link timeFromText} reads, as a pattern that JSON Schema knows too. */
export const timePattern =
  '^(-?\\d{1,16}|-\\d{1,9}[smhdw]|\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?([Zz]|[+ -]\\d{2}:\\d{2}))$'

const form = new RegExp(timePattern)

/** A time in ms since the epoch; undefined when the text is none. `-15m` is a quarter of an hour before `nowMs`. */
export function timeFromText(text: string, nowMs: number): number | undefined {
  if (!form.test(text)) return undefined
  const unit = units[text.at(-1) as string]
  if (unit !== undefined) return nowMs + Number(text.slice(0, -1)) * unit
  if (/^-?\d+$/.test(text)) return within(Number(text))
  // A `+` that was not written as %2B arrives as a blank.
  const time = Date.parse(text.replace(' ', '+').toUpperCase())
  return isDay(text) ? within(time) : undefined
}

function within(time: number): number | undefined {
  return Math.abs(time) <= maxTimeMs ? time : undefined
}

/** `Date.parse` takes the 31st of every month, as a day of the next one. */
function isDay(text: string): boolean {
  const [year, month, day] = text.slice(0, 10).split('-').map(Number) as [number, number, number]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

/** A time as RFC 3339; undefined when no date can hold it. */
export function timeText(time: number): string | undefined {
  return Math.abs(time) <= maxTimeMs ? new Date(time).toISOString() : undefined
}
