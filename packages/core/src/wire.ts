/** The wire form: one entry as one line of JSON, and back. `docs/wire-format.md` says it for other programs. */

import { isDeepStrictEqual } from 'node:util'
import { isLosslessNumber } from 'lossless-json'
import { type LogEntry, type LogLevel, logLevels } from './entry.ts'
import { LogwispError } from './errors.ts'
import { levelOf } from './internal/level-of.ts'
import { timeFromNumber, timeFromText, timeToText } from './internal/wire-time.ts'
import type { Origin } from './origin.ts'
import { parseExact } from './parse-exact.ts'
import { stringifyExact } from './stringify-exact.ts'

/**
 * Writes an entry as one line of JSON, without a line ending: `time` (RFC 3339, UTC, ms), `source`, `level`, `message`,
 * `fields`, in this order; `level` and `fields` only when the entry has them, `origin` never.
 *
 * {@link decodeEntry} gives back a deeply equal entry (without `origin`) when its time is whole ms that a date can hold and its
 * fields are what JSON can carry, numbers of any size and bigints beyond ±(2^53 − 1) included, up to 98 levels deep.
 *
 * Never throws, short of a text longer than a string can be (512 MiB). A time that no date can hold (NaN, beyond ±8.64e15) is written as `null`, and reads back as the time of reading;
 * parts of a ms are cut off. See {@link stringifyExact} for fields that JSON cannot carry.
 */
export function encodeEntry(entry: LogEntry): string {
  const time = timeToText(entry.time)
  let text = time === undefined ? '{"time":null,"source":' : `{"time":"${time}","source":`
  if (entry.source !== writtenSource) {
    writtenSourceJson = JSON.stringify(entry.source)
    writtenSource = entry.source
  }
  text += writtenSourceJson
  if (entry.level !== undefined) text += levelParts.get(entry.level) ?? `,"level":${JSON.stringify(entry.level)}`
  text += `,"message":${JSON.stringify(entry.message)}`
  if (entry.fields !== undefined) text += `,"fields":${stringifyExact(entry.fields, 1)}`
  return `${text}}`
}

/**
 * The wire form with the entry's id in front, when its origin has one: `{"logwisp.id":"…","time":…`. For hops where a
 * receiver is to know what it got before: between two LogWisps, and into a store.
 */
export function encodeEntryWithId(entry: LogEntry): string {
  const text = encodeEntry(entry)
  const id = entry.origin?.id
  return id === undefined || !isWireId(id) ? text : `{"${idName}":${JSON.stringify(id)},${text.slice(1)}`
}

/** The id that came with an entry's object: what {@link encodeEntryWithId} wrote. Undefined when there is none. */
export function wireIdFrom(value: unknown): string | undefined {
  const id = (value as Readonly<Record<string, unknown>> | null | undefined)?.[idName]
  return isWireId(id) ? id : undefined
}

/** Not a name that any other program has for something of its own. */
const idName = 'logwisp.id'

/** Longer ids are none of ours; a receiver that remembers ids must know what one can cost. */
const maxIdChars = 512

function isWireId(id: unknown): id is string {
  return typeof id === 'string' && id.length > 0 && id.length <= maxIdChars
}

const levelParts: ReadonlyMap<LogLevel, string> = new Map(logLevels.map((level) => [level, `,"level":"${level}"`]))

// Entries come in runs of the same source.
let writtenSource = ''
let writtenSourceJson = '""'

/** What an entry gets when its text does not say. */
export interface EntryDefaults {
  /** ms since the epoch; usually `Date.now()`. */
  readonly time: number
  /** Who sent it, e.g. the peer's name. */
  readonly source: string
}

/**
 * Reads an entry from one JSON object: what {@link encodeEntry} wrote, or another program's.
 *
 * Nothing that it says is lost: an unknown name goes to `fields`, and so does a known one whose value cannot be used.
 * See {@link entryFrom} for the names.
 *
 * @throws LogwispError `BAD_ENTRY` when the text is no JSON, is nested deeper than 100 levels, is no object, or has no message;
 * the error says what is wrong and, for JSON, at which character.
 */
export function decodeEntry(text: string, defaults: EntryDefaults): LogEntry {
  let value: unknown
  try {
    value = parseExact(text)
  } catch (error) {
    throw new LogwispError('BAD_ENTRY', (error as Error).message, { cause: error })
  }
  return entryFrom(value, defaults)
}

/**
 * Makes an entry from an object that came from outside, such as one element of a JSON array.
 *
 * - `time`: the first usable one of `time`, `timestamp`, `ts`, `@timestamp`: RFC 3339 with an offset, or an epoch number in
 *   s, ms, µs or ns. Else the default.
 * - `level`: the first usable one of `level`, `severity`: one of the six words or a usual alias (`WARNING`, `err`, `Critical`), in any
 *   case, or one of pino's numbers.
 * - `message`: `message`, else `msg`; a value that is no text counts as its JSON text. Never looked into.
 * - `source`: when it is a text. Else the default.
 * - `fields`: what `fields` holds when it is an object, and every other name that was not used above, with its value. When `fields`
 *   has that name too, with another value, the outer one is kept under the name with `_` added. An unused `null` under a known
 *   name is left out, and so is the id that {@link wireIdFrom} finds.
 *
 * `origin` becomes the entry's, for a source that has one for it.
 *
 * @throws LogwispError `BAD_ENTRY` when `value` is no object or has no message.
 */
export function entryFrom(value: unknown, defaults: EntryDefaults, origin?: Origin): LogEntry {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
    throw new LogwispError('BAD_ENTRY', `expected an entry as a JSON object such as {"message":"text"}, got ${kind}`)
  }
  // Each is read under its first name straight away: most entries have no other, and a search costs as much as parsing.
  const given = value as WireObject
  let messageName = 'message'
  let messageValue = given.message
  if (messageValue === undefined || messageValue === null) {
    messageName = 'msg'
    messageValue = given.msg
    if (messageValue === undefined || messageValue === null) {
      throw new LogwispError('BAD_ENTRY', 'expected an entry with a `message` (or `msg`), got an object without either')
    }
  }
  let timeName: string | undefined = 'time'
  let time = timeFrom(given.time)
  if (time === undefined) {
    timeName = laterTimeNames.find((name) => timeFrom(given[name]) !== undefined)
    time = timeName === undefined ? defaults.time : (timeFrom(given[timeName]) as number)
  }
  let levelName = 'level'
  let level = levelOf(given.level)
  if (level === undefined) {
    levelName = 'severity'
    level = levelOf(given.severity)
  }
  const source = typeof given.source === 'string' ? given.source : undefined
  const inner = isRecord(given.fields) ? given.fields : undefined

  let fields = inner
  let isOwn = false
  for (const name in given) {
    if (name === messageName || name === timeName) continue
    if (name === levelName && level !== undefined) continue
    if ((name === 'source' && source !== undefined) || (name === 'fields' && inner !== undefined)) continue
    const left = given[name]
    if (left === undefined || saysNothing(name, left) || (name === idName && isWireId(left))) continue
    if (!isOwn) {
      // A copy, since the object may be the caller's. Spread copies an own `__proto__` as an own property.
      fields = { ...inner }
      isOwn = true
    }
    addField(fields as Record<string, unknown>, name, left)
  }

  const message = typeof messageValue === 'string' ? messageValue : stringifyExact(messageValue)
  // In one order, so that entries are of few shapes.
  const entry: { -readonly [name in keyof LogEntry]: LogEntry[name] } =
    level === undefined
      ? { time, source: source ?? defaults.source, message }
      : { time, source: source ?? defaults.source, level, message }
  if (fields !== undefined) entry.fields = fields
  if (origin !== undefined) entry.origin = origin
  return entry
}

/** An object from outside: any value may stand under any name. */
type WireObject = Readonly<Record<string, unknown>> & {
  readonly time?: unknown
  readonly level?: unknown
  readonly severity?: unknown
  readonly message?: unknown
  readonly msg?: unknown
  readonly source?: unknown
  readonly fields?: unknown
}

/** After `time`, in the order in which they are tried. */
const laterTimeNames = ['timestamp', 'ts', '@timestamp']
const knownNames: ReadonlySet<string> = new Set(
  ['time', 'level', 'severity', 'message', 'msg', 'source', 'fields'].concat(laterTimeNames),
)

/** `null`, and the empty level by which some programs say that there is none. */
function saysNothing(name: string, value: unknown): boolean {
  if (value === '') return name === 'level' || name === 'severity'
  return value === null && knownNames.has(name)
}

function timeFrom(value: unknown): number | undefined {
  return typeof value === 'string' ? timeFromText(value) : value == null ? undefined : timeFromNumber(value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value)
}

/** Defined, not assigned, when it is `__proto__`: an assignment would change the object's prototype. */
function addField(fields: Record<string, unknown>, name: string, value: unknown): void {
  let free = name
  while (Object.hasOwn(fields, free)) {
    if (isDeepStrictEqual(fields[free], value)) return
    free += '_'
  }
  if (free === '__proto__')
    Object.defineProperty(fields, free, { value, writable: true, enumerable: true, configurable: true })
  else fields[free] = value
}
