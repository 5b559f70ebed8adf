/** An entry in memory of its own: what a stage keeps that keeps entries for long. */

import type { LogEntry } from './entry.ts'

/** What an object, an array or an entry costs beside its strings; V8 needs 30 to 60 bytes, the map around it the rest. */
const objectBytes = 96

/** Deeper values are kept as they are: nobody logs them on purpose, and a cycle must end somewhere. */
const maxDepth = 8

/** Shorter strings are never slices of longer ones. V8: `SlicedString::kMinLength`. */
const minSliceLength = 13

/** An entry that keeps nothing alive but itself, and about how many bytes it takes. */
export interface OwnedEntry {
  /** The same entry, in memory of its own. */
  readonly entry: LogEntry
  /** About how much memory that is. */
  readonly bytes: number
}

/**
 * A copy of the entry whose texts are its own; its origin, and values that are no plain data, are the same.
 *
 * A line that was cut out of a block's text is a slice of it for V8 and keeps the whole 64 KiB alive, and so is every
 * field that was cut out of the line: a ring of a few thousand such entries would hold hundreds of megabytes.
 */
export function ownedEntry(entry: LogEntry): OwnedEntry {
  const fields = entry.fields === undefined ? undefined : ownedValue(entry.fields, 0)
  return {
    entry: {
      ...entry,
      message: ownedText(entry.message),
      ...(fields !== undefined && { fields: fields.value as Record<string, unknown> }),
    },
    bytes: objectBytes + textBytes(entry.message) + (fields?.bytes ?? 0),
  }
}

function ownedValue(value: unknown, depth: number): { value: unknown; bytes: number } {
  if (typeof value === 'string') return { value: ownedText(value), bytes: textBytes(value) }
  if (typeof value !== 'object' || value === null) return { value, bytes: 8 }
  const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
  if (!plain || depth === maxDepth) return { value, bytes: objectBytes }
  let bytes = objectBytes
  const own = (part: unknown): unknown => {
    const owned = ownedValue(part, depth + 1)
    bytes += owned.bytes + 8
    return owned.value
  }
  if (Array.isArray(value)) return { value: value.map(own), bytes }
  // From entries, so that an own `__proto__` stays an own property.
  return { value: Object.fromEntries(Object.entries(value).map(([name, part]) => [name, own(part)])), bytes }
}

function textBytes(text: string): number {
  return 24 + 2 * text.length
}

/** Joining makes V8 write the characters into a new string of this length, whatever `text` was cut out of. */
function ownedText(text: string): string {
  return text.length < minSliceLength ? text : ` ${text}`.slice(1)
}
