/** Values as templates print them. */

import { stringifyExact } from '@logwisp/core'
import { defaultLayout, timeFormat } from './go-time.ts'
import { TemplateFields, TemplateTime } from './template-values.ts'

/** What stands where there is nothing. */
export const noValue = '<no value>'

const timeText = { local: timeFormat(defaultLayout, 'local'), utc: timeFormat(defaultLayout, 'utc') }

/** A time as Go prints it by itself. */
export function printedTime({ ms, zone }: TemplateTime): string {
  return timeText[zone](ms)
}

/** A value as Go's `%v` has it; objects and lists as JSON. `missing` stands for nothing. */
export function printed(value: unknown, missing = '<nil>'): string {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return missing
  if (value instanceof TemplateTime) return printedTime(value)
  if (value instanceof TemplateFields) return value.toString()
  if (typeof value === 'number') return printedNumber(value)
  return stringifyExact(value)
}

/** With an exponent only where the digits could not be read; it has two digits at least, as in Go. */
function printedNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const size = Math.abs(value)
  if (size === 0 || (size >= 1e-4 && size < 1e21)) return String(value)
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}
