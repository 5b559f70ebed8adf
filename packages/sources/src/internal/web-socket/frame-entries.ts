/** The entries of one WebSocket frame: one, one a line, or a JSON array of them. Pure. */

import { type EntryDefaults, entryFrom, parseExact, stringifyExact, wireIdFrom } from '@logwisp/core'
import { type ReceivedEntry, receivedEntry } from '../receive/received-entry.ts'

/** The text's entries, in order. Blank lines are none. Never throws: what is no JSON, or has no message, is a message. */
export function frameEntries(text: string, defaults: EntryDefaults): ReceivedEntry[] {
  if (/^\s*\[/.test(text)) {
    const values = arrayOf(text)
    if (values !== undefined) return values.map((value) => elementEntry(value, defaults))
  }
  if (!text.includes('\n')) return isBlank(text) ? [] : [receivedEntry(withoutReturn(text), defaults)]
  const entries: ReceivedEntry[] = []
  for (const line of text.split('\n')) if (!isBlank(line)) entries.push(receivedEntry(withoutReturn(line), defaults))
  return entries
}

function arrayOf(text: string): readonly unknown[] | undefined {
  try {
    const value = parseExact(text)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function elementEntry(value: unknown, defaults: EntryDefaults): ReceivedEntry {
  if (typeof value === 'string') return receivedEntry(value, defaults)
  try {
    return { entry: entryFrom(value, defaults), wireId: wireIdFrom(value) }
  } catch {
    return receivedEntry(stringifyExact(value), defaults)
  }
}

function isBlank(line: string): boolean {
  return line.length === 0 || /^\s*$/.test(line)
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
