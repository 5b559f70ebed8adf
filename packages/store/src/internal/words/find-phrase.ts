/** Looking for words in folded text. */

import { foldText } from './fold.ts'
import { isInsideWord, isLetterAt } from './word-chars.ts'

/** What is looked for: folded, and whether it may end, or begin, within a word. */
export interface Phrase {
  readonly text: string
  readonly isPrefix: boolean
  readonly beginsWithLetter: boolean
  readonly endsWithLetter: boolean
}

/** Undefined when nothing is left of `text` once it is folded: there is nothing to look for. */
export function phraseOf(text: string, isPrefix: boolean): Phrase | undefined {
  const folded = foldText(text)
  if (folded === '') return undefined
  const last = folded.codePointAt(folded.length - 2) as number
  const lastStart = folded.length > 1 && last > 0xffff ? folded.length - 2 : folded.length - 1
  return {
    text: folded,
    isPrefix,
    beginsWithLetter: isLetterAt(folded, 0),
    endsWithLetter: isLetterAt(folded, lastStart),
  }
}

/** Whether the phrase stands in `folded`: its words whole, all else just as it is. */
export function hasPhrase(folded: string, phrase: Phrase): boolean {
  const { text, isPrefix } = phrase
  for (let at = folded.indexOf(text); at !== -1; at = folded.indexOf(text, at + 1)) {
    const end = at + text.length
    if (isHalf(folded, at) || isHalf(folded, end)) continue
    if (phrase.beginsWithLetter && isInsideWord(folded, at)) continue
    if (phrase.endsWithLetter && !isPrefix && isInsideWord(folded, end)) continue
    return true
  }
  return false
}

/** Whether `index` is in the middle of a character of two code units. */
function isHalf(text: string, index: number): boolean {
  if (index <= 0 || index >= text.length) return false
  const code = text.charCodeAt(index)
  if (code < 0xdc00 || code > 0xdfff) return false
  const before = text.charCodeAt(index - 1)
  return before >= 0xd800 && before <= 0xdbff
}
