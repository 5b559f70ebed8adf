/**
 * Some hundred entries that follow each other. An object per entry costs 300 bytes and more beside its text; so a block at
 * which nothing happens any more is packed:
 *
 * ```
 *   texts     "m3k2x1a0-0" "m3k2x1a0-1" …  "first message" "second message" …  {"a":1} …     one string for each column
 *   offsets    0            10                0               13                  0             where each text begins
 *   times, levels, sources                                                                      typed arrays
 * ```
 */

import { parseExact } from '@logwisp/core/parse-exact'
import { stringifyExact } from '@logwisp/core/stringify-exact'
import { compareEntryIds } from '@logwisp/store/stored-entry'
import type { EntryId, LogLevel, ShownEntry } from './shown-entry.ts'

const levels: readonly (LogLevel | undefined)[] = [undefined, 'trace', 'debug', 'info', 'warn', 'error', 'fatal']

/** Texts of one column in one string. */
interface TextColumn {
  readonly text: string
  /** One more than there are texts. */
  readonly offsets: Uint32Array
}

interface PackedEntries {
  readonly ids: TextColumn
  readonly messages: TextColumn
  /** JSON; empty for an entry without fields. */
  readonly fields: TextColumn
  readonly times: Float64Array
  readonly levels: Uint8Array
  /** Indexes into `sourceNames`. */
  readonly sources: Uint16Array
  readonly sourceNames: readonly string[]
}

/** Entries in the order of their ids. */
export class EntryBlock {
  #open: ShownEntry[] | undefined
  #packed: PackedEntries | undefined
  #openChars: number | undefined

  /** `entries` belongs to the block from then on. */
  constructor(entries: ShownEntry[]) {
    this.#open = entries
  }

  get length(): number {
    return this.#open?.length ?? (this.#packed as PackedEntries).times.length
  }

  get isPacked(): boolean {
    return this.#packed !== undefined
  }

  /** About how long its texts are together; of fields that are not packed yet, a guess. Unit: characters. */
  get chars(): number {
    if (this.#packed !== undefined) return this.#packed.messages.text.length + this.#packed.fields.text.length
    this.#openChars ??= (this.#open as ShownEntry[]).reduce((sum, entry) => sum + guessedChars(entry), 0)
    return this.#openChars
  }

  /** Puts entries, newer than all that are here, at the end. */
  append(entries: readonly ShownEntry[]): void {
    const chars = this.chars
    this.open().push(...entries)
    this.#openChars = entries.reduce((sum, entry) => sum + guessedChars(entry), chars)
  }

  at(index: number): ShownEntry {
    if (this.#open !== undefined) return this.#open[index] as ShownEntry
    const packed = this.#packed as PackedEntries
    const level = levels[packed.levels[index] as number]
    const fields = textAt(packed.fields, index)
    return {
      id: textAt(packed.ids, index),
      time: packed.times[index] as number,
      source: packed.sourceNames[packed.sources[index] as number] as string,
      ...(level !== undefined && { level }),
      message: textAt(packed.messages, index),
      ...(fields !== '' && { fields: parseExact(fields) as Record<string, unknown> }),
    }
  }

  idAt(index: number): EntryId {
    return this.#open?.[index]?.id ?? textAt((this.#packed as PackedEntries).ids, index)
  }

  timeAt(index: number): number {
    return this.#open?.[index]?.time ?? ((this.#packed as PackedEntries).times[index] as number)
  }

  /** The first entry at or after an id; `length` when there is none. */
  placeOf(id: EntryId): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareEntryIds(this.idAt(middle), id) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  has(id: EntryId): boolean {
    const place = this.placeOf(id)
    return place < this.length && this.idAt(place) === id
  }

  /** The entries, to be changed; the block is no longer packed then. */
  open(): ShownEntry[] {
    this.#open ??= Array.from({ length: this.length }, (_, index) => this.at(index))
    this.#packed = undefined
    this.#openChars = undefined
    return this.#open
  }

  pack(): void {
    if (this.#open === undefined) return
    const entries = this.#open
    const sourceNames = [...new Set(entries.map(({ source }) => source))]
    const sourceIndexes = new Map(sourceNames.map((name, index) => [name, index]))
    this.#packed = {
      ids: columnOf(entries.map(({ id }) => id)),
      messages: columnOf(entries.map(({ message }) => message)),
      fields: columnOf(entries.map(({ fields }) => (fields === undefined ? '' : stringifyExact(fields)))),
      times: Float64Array.from(entries, ({ time }) => time),
      levels: Uint8Array.from(entries, ({ level }) => levels.indexOf(level)),
      sources: Uint16Array.from(entries, ({ source }) => sourceIndexes.get(source) as number),
      sourceNames,
    }
    this.#open = undefined
  }
}

/** An entry's fields have some hundred characters. */
const guessedFieldChars = 200

function guessedChars({ message, fields }: ShownEntry): number {
  return message.length + (fields === undefined ? 0 : guessedFieldChars)
}

function columnOf(texts: readonly string[]): TextColumn {
  const offsets = new Uint32Array(texts.length + 1)
  for (const [index, text] of texts.entries()) offsets[index + 1] = (offsets[index] as number) + text.length
  return { text: texts.join(''), offsets }
}

function textAt({ text, offsets }: TextColumn, index: number): string {
  return text.slice(offsets[index], offsets[index + 1])
}
