/**
 * What a server-sent event's data says, whatever format the pipeline has: LogWisp's wire form, the ancestor's JSON
 * (`timestamp`, fields beside the message), or text that is taken as it is.
 */

const names = {
  time: ['time', 'timestamp', 'ts', '@timestamp'],
  level: ['level', 'severity'],
  message: ['message', 'msg'],
}

/** From the least urgent to the most. */
export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

const aliases = {
  trc: 'trace',
  dbg: 'debug',
  inf: 'info',
  information: 'info',
  notice: 'info',
  wrn: 'warn',
  warning: 'warn',
  err: 'error',
  severe: 'error',
  ftl: 'fatal',
  critical: 'fatal',
  crit: 'fatal',
  panic: 'fatal',
  alert: 'fatal',
  emerg: 'fatal',
  emergency: 'fatal',
}

/**
 * @typedef {object} ReadLine
 * @property {number | undefined} time ms since the epoch
 * @property {string | undefined} level one of {@link levels}
 * @property {string} source
 * @property {string} message
 * @property {Record<string, unknown> | undefined} fields
 */

/** @param {string} data @returns {ReadLine} */
export function readLine(data) {
  return lineOf(data, parseObject(data))
}

/** The same, with numbers as they were written: `12345678901234567890` stays that. Slower. @param {string} data */
export function readLineExactly(data) {
  return lineOf(data, parseObject(data, asWritten))
}

function lineOf(data, object) {
  if (object === undefined) return { time: undefined, level: undefined, source: '', message: data, fields: undefined }
  const rest = new Map(Object.entries(object))
  rest.delete('logwisp.id')
  const time = take(rest, names.time, timeOf)
  const level = take(rest, names.level, levelOf)
  const message = take(rest, names.message, textOf)
  const source = take(rest, ['source'], textOf) ?? ''
  const nested = rest.get('fields')
  if (isObject(nested)) {
    rest.delete('fields')
    for (const [name, value] of Object.entries(nested)) rest.set(name, value)
  }
  // Without anything that is a message its own names are the line.
  if (message === undefined && rest.size > 0)
    return { time, level, source, message: JSON.stringify(Object.fromEntries(rest)), fields: undefined }
  return { time, level, source, message: message ?? '', fields: rest.size > 0 ? Object.fromEntries(rest) : undefined }
}

/** The value of the first name that has a usable one; it is no field then. */
function take(rest, among, usable) {
  for (const name of among) {
    const value = usable(rest.get(name))
    if (value === undefined) continue
    rest.delete(name)
    return value
  }
  return undefined
}

function timeOf(value) {
  if (typeof value !== 'string') return undefined
  const time = Date.parse(value)
  return Number.isNaN(time) ? undefined : time
}

function levelOf(value) {
  if (typeof value !== 'string') return undefined
  const word = value.toLowerCase()
  // The ancestor writes '' for a line without one: nothing to show, and no field either.
  if (word === '') return ''
  return levels.includes(word) ? word : Object.hasOwn(aliases, word) ? aliases[word] : undefined
}

const textOf = (value) => (typeof value === 'string' ? value : undefined)
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

function parseObject(data, reviver) {
  if (!data.startsWith('{')) return undefined
  try {
    const value = JSON.parse(data, reviver)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Browsers of before 2025 do not say how a number was written; the number itself must do there. */
function asWritten(_name, value, context) {
  if (typeof value !== 'number' || context?.source === undefined || String(value) === context.source) return value
  return JSON.rawJSON?.(context.source) ?? context.source
}
