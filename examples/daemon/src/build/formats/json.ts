/** The format `json`: one flat object, its names in alphabetical order, as the ancestor wrote it. */

import { entryFrom, type LogEntry, LogwispError, parseExact, stringifyExact, textFormat } from '@logwisp/core'
import type { FormatOptions } from '../format.ts'
import { indentedJson } from './indented-json.ts'

type Names = Pick<FormatOptions, 'timestamp_field' | 'level_field' | 'message_field' | 'source_field'>

/** Names and the JSON of their values. A map, since any name may come from outside. */
type Members = Map<string, string>

const timeText = textFormat('{time}', { missing: '' })

/**
 * Makes the format. An entry has its time (RFC 3339 in UTC), its level in capitals (empty without one), its source and
 * its message under the names given; what stands in its fields stands beside them.
 *
 * A message that is a JSON object is taken apart: its names stand beside the others too, and the message is what it has
 * under the message's name, else empty, so that a receiver that needs a message finds one.
 *
 * Nothing is lost: numbers keep their digits, and a name that is taken already, by another value, gets `_` behind it.
 */
export function jsonFormat(options: FormatOptions): (entry: LogEntry) => string {
  const names = [options.timestamp_field, options.level_field, options.message_field, options.source_field]
  const inOrder = [...new Set(names)].sort()
  return (entry) => {
    const members = ownMembers(entry, options)
    const inside = objectIn(entry.message)
    if (inside === undefined) members.set(options.message_field, JSON.stringify(entry.message))
    else addMessage(members, entry, inside, options)
    if (entry.fields !== undefined) addFields(members, entry, entry.fields, options)
    const isPlain = inside === undefined && members.size === inOrder.length
    const order = isPlain ? inOrder : [...members.keys()].sort()
    const text = order.map((name) => `${JSON.stringify(name)}:${members.get(name)}`).join(',')
    return options.pretty ? indentedJson(safe(`{${text}}`)) : safe(`{${text}}`)
  }
}

function ownMembers(entry: LogEntry, names: Names): Members {
  const time = timeText(entry)
  return new Map([
    [names.timestamp_field, time === '' ? 'null' : `"${time}"`],
    [names.level_field, `"${entry.level?.toUpperCase() ?? ''}"`],
    [names.source_field, JSON.stringify(entry.source)],
  ])
}

function addMessage(members: Members, entry: LogEntry, inside: Readonly<Record<string, unknown>>, names: Names): void {
  for (const [name, value] of Object.entries(inside)) {
    if (name === names.message_field && value === null) continue
    add(members, entry, name, value, names)
  }
  // As LogWisp reads it, `msg` is a message too.
  const { msg } = inside
  if (!members.has(names.message_field) && (msg === undefined || msg === null)) members.set(names.message_field, '""')
}

function addFields(members: Members, entry: LogEntry, fields: Readonly<Record<string, unknown>>, names: Names): void {
  for (const [name, value] of Object.entries(fields)) add(members, entry, name, value, names)
}

function add(members: Members, entry: LogEntry, name: string, value: unknown, names: Names): void {
  if (value === undefined || isOwn(entry, name, value, names)) return
  const text = stringifyExact(value, 1)
  let free = name
  while (members.has(free)) {
    if (members.get(free) === text) return
    free += '_'
  }
  members.set(free, text)
}

/** Whether a value only says again what the entry says: its time, level or source, in whatever spelling. */
function isOwn(entry: LogEntry, name: string, value: unknown, names: Names): boolean {
  if (name === names.source_field) return value === entry.source
  if (name === names.level_field) {
    return value === ''
      ? entry.level === undefined
      : entry.level !== undefined && read({ level: value }).level === entry.level
  }
  return name === names.timestamp_field && read({ time: value }).time === entry.time
}

function read(object: object): LogEntry {
  return entryFrom({ message: '', ...object }, { time: Number.NaN, source: '' })
}

/** The JSON object that a message is, if it is one. */
function objectIn(message: string): Readonly<Record<string, unknown>> | undefined {
  // Most messages are none, and this is asked of each.
  if (!/^\s*\{/.test(message)) return undefined
  try {
    return parseExact(message) as Readonly<Record<string, unknown>>
  } catch (error) {
    if (error instanceof LogwispError) return undefined
    throw error
  }
}

const unsafe = /[<>&\u2028\u2029]/g
const mayBeUnsafe = /[<>&\u2028\u2029]/

/** As Go writes it: what a page could take for markup is escaped. In JSON these characters stand in strings only. */
function safe(json: string): string {
  if (!mayBeUnsafe.test(json)) return json
  return json.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
