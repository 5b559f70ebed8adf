/** What templates can ask of a time, as of Go's `time.Time`. */

import { partsOf, timeFormat } from './go-time.ts'
import { TemplateFailure } from './template-error.ts'
import { printedTime } from './template-printed.ts'
import { asText, TemplateTime } from './template-values.ts'

const monthName = timeFormat('January', 'utc')
const dayName = timeFormat('Monday', 'utc')

type Part = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'dayOfYear'

const part =
  (name: Part) =>
  (time: TemplateTime): number =>
    partsOf(new Date(time.ms), time.zone)[name]

/** The moment that the clock of its zone shows, as if that were UTC. */
function shownMs({ ms, zone }: TemplateTime): number {
  return ms + partsOf(new Date(ms), zone).offsetSeconds * 1000
}

const methods: Readonly<Record<string, (time: TemplateTime) => unknown>> = {
  Unix: ({ ms }) => Math.floor(ms / 1000),
  UnixMilli: ({ ms }) => Math.floor(ms),
  UnixMicro: ({ ms }) => Math.floor(ms) * 1000,
  UnixNano: ({ ms }) => BigInt(Math.floor(ms)) * 1_000_000n,
  UTC: ({ ms }) => new TemplateTime(ms, 'utc'),
  Local: ({ ms }) => new TemplateTime(ms, 'local'),
  Year: part('year'),
  Month: (time) => monthName(shownMs(time)),
  Day: part('day'),
  Weekday: (time) => dayName(shownMs(time)),
  YearDay: part('dayOfYear'),
  Hour: part('hour'),
  Minute: part('minute'),
  Second: part('second'),
  Nanosecond: ({ ms }) => (((Math.floor(ms) % 1000) + 1000) % 1000) * 1_000_000,
  IsZero: () => false,
  String: printedTime,
}

/** Layouts that were asked for; a template has few, but it could make them of an entry. */
const maxLayouts = 100
const layouts = new Map<string, (time: number) => string>()

/** Calls a method. */
export function timeMethod(time: TemplateTime, name: string, args: readonly unknown[]): unknown {
  if (name === 'Format' && args.length === 1) return formatted(time, asText(args[0], 'Format'))
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (method === undefined || args.length > 0) throw new TemplateFailure(`a time has no ${name} of this kind`)
  if (Number.isNaN(new Date(time.ms).getTime())) throw new TemplateFailure('no date can hold this time')
  return method(time)
}

function formatted({ ms, zone }: TemplateTime, layout: string): string {
  const key = `${zone} ${layout}`
  const known = layouts.get(key)
  if (known !== undefined) return known(ms)
  if (layouts.size >= maxLayouts) layouts.clear()
  const format = timeFormat(layout, zone)
  layouts.set(key, format)
  return format(ms)
}
