/** Makes an entry of a text that came over the network: the wire form, another program's JSON, or plain text. */

import {
  type EntryDefaults,
  entryFrom,
  findLevel,
  findTime,
  type LogEntry,
  type Origin,
  parseExact,
  wireIdFrom,
} from '@logwisp/core'

/** What a text turned out to be. Its fields are those of an entry, without a way back yet. */
export interface ReceivedEntry {
  readonly entry: LogEntry
  /** The id that came with it. */
  readonly wireId: string | undefined
}

/** Reads a text that may be an entry's JSON; one that is none is a message itself. Never throws. */
export function receivedEntry(text: string, defaults: EntryDefaults): ReceivedEntry {
  if (text.startsWith('{')) {
    try {
      const value = parseExact(text)
      return { entry: entryFrom(value, defaults), wireId: wireIdFrom(value) }
    } catch {
      // No JSON, or an object without a message: nothing is lost when it is taken as it is.
    }
  }
  return { entry: textEntry(text, defaults), wireId: undefined }
}

/** An entry of plain text, with the time and the level that its text tells. */
function textEntry(message: string, { time, source }: EntryDefaults): LogEntry {
  const told = findTime(message, 0, message.length, time)
  return {
    time: Number.isNaN(told) ? time : told,
    source,
    level: findLevel(message, 0, message.length),
    message,
    fields: undefined,
    origin: undefined,
  }
}

/** The entry with its way back. Not by spread: entries of one shape are quicker everywhere after this. */
export function withOrigin(entry: LogEntry, origin: Origin | undefined): LogEntry {
  const { time, source, level, message, fields } = entry
  return { time, source, level, message, fields, origin }
}
