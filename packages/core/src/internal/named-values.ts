/** The values that a structured line gives under a name: of one JSON object, or of logfmt's `name=value` pairs. */

import { skipBlanks } from './char-class.ts'
import { WordTable } from './word-table.ts'

/** Names under which loggers write the level. */
export const LEVEL = 1
/** Names under which loggers write the time. */
export const TIME = 2
/** Names under which loggers write the text itself. */
export const MESSAGE = 4
/** Besides LEVEL: the value is a level only when it is a single letter, as in MongoDB's `"s":"I"`. */
export const LETTER = 8
/** Besides LEVEL: a number is a severity of syslog's, as in journald's `"PRIORITY":"3"`. */
export const SYSLOG = 16
/** ECS nests the level as `"log":{"level":…}`, and Docker calls the text `log`. */
const LOG = LEVEL | MESSAGE

const names = new WordTable({
  // logrus, pino, zap, slog, winston, Bunyan, …
  level: LEVEL,
  lvl: LEVEL,
  severity: LEVEL,
  loglevel: LEVEL,
  log_level: LEVEL,
  levelname: LEVEL,
  level_name: LEVEL,
  'log.level': LEVEL,
  '@level': LEVEL,
  '@l': LEVEL,
  severitytext: LEVEL,
  severity_text: LEVEL,
  priority: LEVEL | SYSLOG,
  // Heroku's router: `at=error code=H12`.
  at: LEVEL,
  s: LEVEL | LETTER,

  time: TIME,
  ts: TIME,
  timestamp: TIME,
  '@timestamp': TIME,
  t: TIME,
  '@t': TIME,
  _time: TIME,
  date: TIME,
  datetime: TIME,
  asctime: TIME,
  eventtime: TIME,
  start_time: TIME,
  timemillis: TIME,
  time_iso8601: TIME,
  __realtime_timestamp: TIME,
  // The inner names of MongoDB's `{"$date":…}`, Log4j's `{"epochSecond":…}` and Google's `{"seconds":…}`.
  instant: TIME,
  $date: TIME,
  $numberlong: TIME,
  epochsecond: TIME,
  seconds: TIME,

  message: MESSAGE,
  msg: MESSAGE,
  log: LOG,
  short_message: MESSAGE,
  event: MESSAGE,
  '@m': MESSAGE,
  '@mt': MESSAGE,
})

/** All that the name of the last value found stands for. A variable, since a pair of results per line would be garbage. */
export let foundKind = 0

/** What the name that fills `from` to `to` stands for: {@link LEVEL}, {@link TIME}, {@link MESSAGE}, or 0. */
export function kindOfName(text: string, from: number, to: number): number {
  return names.find(text, from, to)
}

/** Longer strings are left to `indexOf`, which costs as much as a dozen steps to call but then looks at many at once. */
const shortStringLength = 16

/** The index after the string whose opening quote stands at `quote`, at most `end`. */
export function skipQuoted(text: string, quote: number, end: number): number {
  let i = quote + 1
  const bound = i + shortStringLength < end ? i + shortStringLength : end
  while (i < bound) {
    const code = text.charCodeAt(i++)
    if (code === 34) return i
    if (code === 92) i++
  }
  while (i < end) {
    // Runs on to the next quote wherever it is, at most to the next line that has one; what is not in this line is not used.
    const close = text.indexOf('"', i)
    if (close < 0 || close >= end) return end
    let slash = close - 1
    while (slash >= i && text.charCodeAt(slash) === 92) slash--
    i = close + 1
    if (((close - slash) & 1) === 1) return i
  }
  return end
}

/** Whether a JSON object with a first name begins at `index`. */
export function isJsonObject(text: string, index: number, end: number): boolean {
  if (index >= end || text.charCodeAt(index) !== 123) return false
  const inner = skipBlanks(text, index + 1, end)
  return inner < end && text.charCodeAt(inner) === 34
}

/**
 * Where the next value begins whose name is of the `wanted` kind, or -1. The names of nested objects do not count,
 * and nothing inside a string can: quotes are followed, escapes and all.
 *
 * Begin after the object's `{` with `expectName`; to go on after a value that would not do, begin at that value without.
 */
export function nextJsonValue(text: string, from: number, end: number, wanted: number, expectName: boolean): number {
  let depth = 1
  let i = from
  while (i < end) {
    const code = text.charCodeAt(i)
    if (code === 34) {
      const after = skipQuoted(text, i, end)
      if (expectName && depth === 1) {
        expectName = false
        const colon = skipBlanks(text, after, end)
        if (colon >= end || text.charCodeAt(colon) !== 58) return -1
        const value = skipBlanks(text, colon + 1, end)
        if (value >= end) return -1
        foundKind = names.find(text, i + 1, after - 1)
        if ((foundKind & wanted) !== 0) return value
        i = value
      } else {
        i = after
      }
      continue
    }
    i++
    if (code === 44) expectName = true
    else if (code === 123 || code === 91) depth++
    else if ((code === 125 || code === 93) && --depth === 0) return -1
  }
  return -1
}

/**
 * Where the next value begins whose name is of the `wanted` kind in a row of `name=value` pairs, or -1. Quoted values
 * are passed over whole, so what they say of a level or a time does not count. Begin at a name, or at the end of a value.
 */
export function nextLogfmtValue(text: string, from: number, end: number, wanted: number): number {
  let i = from
  while (i < end) {
    const name = skipBlanks(text, i, end)
    i = name
    let code = 0
    while (i < end) {
      code = text.charCodeAt(i)
      if (code === 61 || code === 32 || code === 9 || code === 34) break
      i++
    }
    if (i >= end) return -1
    if (code === 34) {
      i = skipQuoted(text, i, end)
      continue
    }
    if (code !== 61) continue
    i++
    foundKind = names.find(text, name, i - 1)
    if (i < end && (foundKind & wanted) !== 0) return i
    i = skipLogfmtValue(text, i, end)
  }
  return -1
}

/** The index after the logfmt value that begins at `index`, at most `end`. */
export function skipLogfmtValue(text: string, index: number, end: number): number {
  if (index < end && text.charCodeAt(index) === 34) return skipQuoted(text, index, end)
  while (index < end) {
    const code = text.charCodeAt(index)
    if (code === 32 || code === 9) break
    index++
  }
  return index
}

/** Whether the line begins as logfmt does, with a name and `=`. */
export function isLogfmt(text: string, index: number, end: number): boolean {
  const first = index
  while (index < end) {
    const code = text.charCodeAt(index)
    if (code === 61) return index > first
    const isNamePart =
      (code >= 97 && code <= 122) ||
      (code >= 64 && code <= 90) ||
      code === 95 ||
      code === 46 ||
      (code >= 48 && code <= 57)
    if (!isNamePart) return false
    index++
  }
  return false
}
