/** Words of the index that nobody writes: they say what an entry is, not what it says. */

import type { LevelWord } from '../../log-query.ts'
import { decimalText } from './decimal-text.ts'
import type { FieldLeaf } from './field-nodes.ts'

/** No letter, so no word of a text begins with it; a letter for the tokenizer of the index. */
const mark = '\ue000'

/** Of an entry that is too large for the index: its texts and fields are not in it, so it is looked at for every term. */
export const unindexedTag = `${mark}o`

/** Of an entry's level. */
export function levelTag(level: LevelWord): string {
  return `${mark}l${level}`
}

/** Of an entry's source, by its id in the database. */
export function sourceTag(sourceId: number): string {
  return `${mark}s${sourceId}`
}

/** Of every path in an entry's fields. */
export function pathTag(path: string): string {
  return tagOf('p', hash(path))
}

/** Of a value in an entry's fields. */
export function leafTag(path: string, leaf: FieldLeaf): string {
  const number = leaf.isNumber ? decimalText(leaf.text) : undefined
  return number === undefined ? textTag(path, leaf.text) : numberTag(path, number)
}

/** Of the values that equal `text`: as texts, and as numbers when it is one. */
export function valueTags(path: string, text: string): string[] {
  const number = decimalText(text)
  return number === undefined ? [textTag(path, text)] : [textTag(path, text), numberTag(path, number)]
}

function textTag(path: string, text: string): string {
  return tagOf('t', hash(text, hash(path)))
}

function numberTag(path: string, number: string): string {
  return tagOf('n', hash(number, hash(path)))
}

/** A hash as three characters that the tokenizer keeps, each of up to 14 bits: digits of any base take five times as long to make. */
function tagOf(kind: string, sum: number): string {
  const first = 0x4e00
  return (
    mark + kind + String.fromCharCode(first + (sum & 0x3fff), first + ((sum >>> 14) & 0x3fff), first + (sum >>> 28))
  )
}

/** FNV-1a over code units. Two values that share a hash cost a look at an entry that does not fit, nothing else. */
function hash(text: string, sum = 0x811c9dc5): number {
  for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193)
  return sum >>> 0
}
