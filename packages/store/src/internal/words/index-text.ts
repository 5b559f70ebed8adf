/** What the index holds of an entry. */

import type { LogEntry } from '@logwisp/core'
import { walkFields } from './field-nodes.ts'
import { foldText, isAscii } from './fold.ts'
import { leafTag, levelTag, pathTag, sourceTag, unindexedTag } from './index-tags.ts'
import { maxTokenLength, tokenOf } from './index-token.ts'
import { cutWords } from './word-chars.ts'

/** Of an entry whose texts are longer, only level and source are indexed. Unit: UTF-16 code units. */
export const maxIndexedLength = 65_536

/** Of an entry with more places in its fields, only level and source are indexed. */
export const maxIndexedNodes = 256

/** A run of ASCII letters that is cut in the index. */
const longWord = new RegExp(`[A-Za-z0-9]{${maxTokenLength + 1}}`)

/**
 * The text of one entry for the words index: its words, and tags for level, source and fields. Bounded: an entry beyond
 * {@link maxIndexedLength} or {@link maxIndexedNodes} has a tag instead that makes every search look at the entry itself,
 * so that it is found by all it holds, more slowly.
 *
 * The index narrows a search: for every entry that fits a term, its text has what `indexQuery` asks for.
 */
export function indexText(entry: Pick<LogEntry, 'level' | 'message' | 'fields'>, sourceId: number): string {
  const head = `${levelTag(entry.level ?? 'none')} ${sourceTag(sourceId)} `
  if (entry.message.length > maxIndexedLength) return head + unindexedTag
  let text = head + textWords(entry.message)
  if (entry.fields === undefined) return text
  let length = entry.message.length
  let nodes = 0
  let isTooLarge = false
  walkFields(entry.fields, (path, leaf) => {
    length += path.length + (leaf?.text.length ?? 0)
    isTooLarge = ++nodes > maxIndexedNodes || length > maxIndexedLength
    if (isTooLarge) return true
    text += ` ${pathTag(path)}`
    if (leaf !== undefined) text += ` ${leafTag(path, leaf)} ${textWords(leaf.text)}`
    return false
  })
  return isTooLarge ? head + unindexedTag : text
}

/** A word, or several with nothing between, that is not only ASCII. */
const foreignWord = /[A-Za-z0-9]*[^\x00-\x7f][A-Za-z0-9\u0080-\uffff]*/g

/** The tokenizer cuts and folds ASCII just as we do: most lines go to it as they are, and the ASCII words of others. */
function textWords(text: string): string {
  if (longWord.test(text)) return tokensOf(text)
  return isAscii(text) ? text : text.replace(foreignWord, tokensOf)
}

function tokensOf(text: string): string {
  return cutWords(foldText(text)).map(tokenOf).join(' ')
}
