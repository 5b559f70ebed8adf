/** An entry as a line of `logwisp tap`. */

import type { LogEntry } from '@logwisp/core'
import { encodeEntryWithId } from '@logwisp/core'

/** How lines look. */
export interface LineOptions {
  readonly json: boolean
  /** True for all fields, or their names. */
  readonly fields: true | readonly string[] | undefined
}

/** The level takes so many columns. */
const levelWidth = 5

/** Makes the function that writes an entry: `12:34:56.789 WARN  app.log  disk nearly full  free=12`. */
export function entryLine({ json, fields }: LineOptions): (entry: LogEntry) => string {
  if (json) return encodeEntryWithId
  return (entry) => {
    const level = (entry.level ?? '').toUpperCase().padEnd(levelWidth)
    return [`${clock(entry.time)} ${level} ${entry.source}`, entry.message, ...fieldTexts(entry, fields)].join('  ')
  }
}

function fieldTexts({ fields }: LogEntry, wanted: LineOptions['fields']): readonly string[] {
  if (fields === undefined || wanted === undefined) return []
  const names = wanted === true ? Object.keys(fields) : wanted
  return names.flatMap((name) => {
    const value = fieldNamed(fields, name)
    return value === undefined
      ? []
      : [`${name}=${typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value)}`]
  })
}

/** A field named `user.id` comes before `id` inside `user`. */
function fieldNamed(fields: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(fields, name)) return fields[name]
  let value: unknown = fields
  for (const key of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

/** The time of day here, and the date when it is another day. */
function clock(time: number): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return '--:--:--.---'
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} `
  const isToday = date.toDateString() === new Date().toDateString()
  const text = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`
  return isToday ? text : day + text
}
