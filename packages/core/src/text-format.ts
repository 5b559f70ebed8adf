/** Text by a template, compiled once into a list of small functions. */

import type { LogEntry } from './entry.ts'
import { OptionError } from './errors.ts'
import { timeToText } from './internal/wire-time.ts'
import { checkOptions } from './options.ts'
import { stringifyExact } from './stringify-exact.ts'

/** `[2026-01-31T23:59:59.999Z] [ERROR] app.log - out of disk {"code":28}`; the fields only when there are any. */
export const defaultTextTemplate = '[{time}] [{level:upper}] {source} - {message}{ fields}'

/** Options of {@link textFormat}. */
export interface TextFormatOptions {
  /**
   * What stands for a value that the entry does not have, such as the level of an entry without one.
   *
   * @default '-'
   */
  readonly missing?: string
}

const defaults = { missing: '-' } as const satisfies TextFormatOptions

const optionRules = {
  missing: { expected: 'a string', accepts: (value: unknown) => typeof value === 'string' },
}

/** Wider columns are typing errors; the bound keeps a configuration from asking for gigabytes. */
const maxWidth = 1_000

type Value = (entry: LogEntry) => string | undefined
type Change = (text: string) => string

/**
 * Makes a format from a template: text with placeholders in braces.
 *
 * | placeholder | gives |
 * |---|---|
 * | `{time}` `{time:local}` `{time:epoch}` | RFC 3339 with ms, in UTC or with the process's own offset; ms since the epoch |
 * | `{level}` `{source}` `{message}` | the entry's |
 * | `{fields}` | all fields as one JSON object; missing when there are none |
 * | `{fields.user.id}` | one field: a text as it is, anything else as JSON. A field named `user.id` comes before `id` inside `user` |
 * | `{{` `}}` | `{` and `}` |
 *
 * After a colon come changes, in the order in which they are done: `upper`, `lower`, `escaped` (control characters as `\n`, `\u001b`;
 * keeps an entry on one line), `8` (at least 8 wide, blanks after it), `>8` (blanks before it); for example `{level:upper:5}`.
 *
 * A value that the entry does not have shows as `missing`. With a blank after the opening brace, `{ fields}`, the value
 * comes with that blank before it, and one that is not there with nothing.
 *
 * A message with line breaks has them in the text, unless `{message:escaped}`.
 *
 * @param template Default {@link defaultTextTemplate}.
 * @throws OptionError `BAD_OPTION` for an unknown placeholder or change, a lone brace, a width above 1000.
 * @example
 * const format = textFormat('{time:local} {level:upper:5} {message}{ fields.requestId}')
 */
export function textFormat(
  template: string = defaultTextTemplate,
  options: TextFormatOptions = {},
): (entry: LogEntry) => string {
  if (typeof template !== 'string')
    throw new OptionError('textFormat', 'template', `\`template\` must be a string, got ${typeof template}`)
  checkOptions('textFormat', options, optionRules)
  const parts = compile(template, options.missing ?? defaults.missing)
  return (entry) => {
    let text = ''
    for (const part of parts) text += typeof part === 'string' ? part : part(entry)
    return text
  }
}

/** A doubled brace, a placeholder, a lone brace, or text up to the next brace. */
const token = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g

function compile(template: string, missing: string): readonly (string | ((entry: LogEntry) => string))[] {
  const parts: (string | ((entry: LogEntry) => string))[] = []
  for (const found of template.matchAll(token)) {
    const [text, inside] = found
    if (inside !== undefined) parts.push(placeholder(inside, missing, found.index))
    else if (text === '{' || text === '}') {
      throw badTemplate(
        `a lone \`${text}\` at position ${found.index}: write \`${text}${text}\` for the character itself`,
      )
    } else parts.push(text === '{{' || text === '}}' ? text.charAt(0) : text)
  }
  return parts
}

function placeholder(inside: string, missing: string, position: number): (entry: LogEntry) => string {
  const optional = inside.startsWith(' ')
  const [name = '', ...words] = inside.slice(optional ? 1 : 0).split(':')
  const changes: Change[] = []
  let value = name.startsWith('fields.') ? fieldAt(name.slice('fields.'.length)) : values.get(name)
  if (value === undefined || name === 'fields.') {
    throw badTemplate(
      `\`{${inside}}\` at position ${position} is no placeholder: they are {${[...values.keys()].join('}, {')}} and {fields.name}`,
    )
  }
  for (const word of words) {
    const form = name === 'time' ? timeForms.get(word) : undefined
    const change = changeFor(word)
    if (form !== undefined) value = form
    else if (change !== undefined) changes.push(change)
    else {
      throw badTemplate(
        `\`:${word}\` in \`{${inside}}\` at position ${position} is unknown: after a colon come upper, lower, escaped, ` +
          `a width up to ${maxWidth} such as 8 or >8${name === 'time' ? ', local, epoch' : ''}`,
      )
    }
  }
  return render(value, changes, optional ? undefined : missing)
}

function render(value: Value, changes: readonly Change[], missing: string | undefined): (entry: LogEntry) => string {
  const changed = (text: string): string => changes.reduce((now, change) => change(now), text)
  if (missing === undefined) {
    return (entry) => {
      const text = value(entry)
      return text === undefined ? '' : ` ${changed(text)}`
    }
  }
  if (changes.length === 0) return (entry) => value(entry) ?? missing
  return (entry) => changed(value(entry) ?? missing)
}

const values: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['time', (entry) => timeToText(entry.time)],
  ['level', (entry) => entry.level],
  ['source', (entry) => entry.source],
  ['message', (entry) => entry.message],
  [
    'fields',
    ({ fields }) => (fields === undefined || Object.keys(fields).length === 0 ? undefined : stringifyExact(fields)),
  ],
])

const timeForms: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['local', (entry) => localTime(entry.time)],
  ['epoch', (entry) => (Number.isFinite(entry.time) ? String(Math.floor(entry.time)) : undefined)],
])

function localTime(time: number): string | undefined {
  // Minutes west of Greenwich; NaN when no date can hold the time. Asked for each time, since it changes with the season.
  const west = new Date(time).getTimezoneOffset()
  const text = timeToText(time - west * 60_000)
  if (Number.isNaN(west) || text === undefined) return undefined
  const size = Math.abs(west)
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  return `${text.slice(0, -1)}${west > 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`
}

function fieldAt(path: string): Value {
  const names = path.split('.')
  return ({ fields }) => {
    if (fields === undefined) return undefined
    let found: unknown = fields
    if (Object.hasOwn(fields, path)) found = fields[path]
    else {
      for (const name of names) {
        // Own names only, so that {fields.constructor} is a field or nothing.
        if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
        found = (found as Record<string, unknown>)[name]
      }
    }
    if (found === undefined || found === null) return undefined
    if (typeof found === 'string') return found
    const json = stringifyExact(found)
    return json.startsWith('"') ? (JSON.parse(json) as string) : json
  }
}

function changeFor(word: string): Change | undefined {
  if (word === 'upper') return (text) => text.toUpperCase()
  if (word === 'lower') return (text) => text.toLowerCase()
  if (word === 'escaped') return escaped
  const width = /^(>?)([1-9]\d{0,3})$/.exec(word)
  if (width === null || Number(width[2]) > maxWidth) return undefined
  const columns = Number(width[2])
  return width[1] === '>' ? (text) => text.padStart(columns) : (text) => text.padEnd(columns)
}

/** The C0 and C1 controls, DEL, and Unicode's own line breaks: what moves a terminal's cursor or starts a line. */
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

function escaped(text: string): string {
  return text.replace(control, (character) => {
    if (character === '\n') return '\\n'
    if (character === '\r') return '\\r'
    if (character === '\t') return '\\t'
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function badTemplate(reason: string): OptionError {
  return new OptionError('textFormat', 'template', `\`template\`: ${reason}`)
}
