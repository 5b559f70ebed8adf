/** What to ask the index about a term of a query. */

import { logLevels } from '@logwisp/core'
import type { LevelWord, QueryTerm } from '../../log-query.ts'
import { phraseOf } from './find-phrase.ts'
import { levelTag, pathTag, sourceTag, unindexedTag, valueTags } from './index-tags.ts'
import { maxTokenLength, tokenOf } from './index-token.ts'
import { sourceFits } from './source-fits.ts'
import { cutWords } from './word-chars.ts'

/** The ids of the sources whose names fit; undefined when there are too many to name, or nobody knows. */
export type SourceIds = (fits: (name: string) => boolean) => readonly number[] | undefined

/** The tokens of the index that begin so; undefined when there are too many to name. */
export type TokensBeginning = (beginning: string) => readonly string[] | undefined

/** Of a phrase, so many of its words narrow the search: the longest, which are the rarest. */
const maxPhraseWords = 8

/** No entry has it: the question that has no answer. */
const nothing = '"\ue000n"'

const levelWords: readonly LevelWord[] = ['none', ...logLevels]

/**
 * An FTS5 query, in brackets if it needs them, that every entry with an `indexText` fits which fits the term; undefined when
 * the index can not tell. Join several with ` AND `. What it finds has still to be looked at: it may find more.
 */
export function indexQuery(
  term: QueryTerm,
  sourceIds: SourceIds,
  tokensBeginning: TokensBeginning,
): string | undefined {
  switch (term.kind) {
    case 'level':
      return anyOf(levelWords.filter((level) => term.levels.includes(level) !== (term.not ?? false)).map(levelTag))
    case 'source': {
      if (term.not) return undefined
      const ids = sourceIds((name) => term.sources.some((wanted) => sourceFits(name, wanted)))
      return ids === undefined ? undefined : anyOf(ids.map(sourceTag))
    }
    case 'field': {
      if (term.not) return undefined
      const tags =
        term.values.length === 0 ? [pathTag(term.path)] : term.values.flatMap((text) => valueTags(term.path, text))
      return anyOf([...tags, unindexedTag])
    }
    case 'word':
    case 'phrase': {
      if (term.not) return undefined
      const isPrefix = term.kind === 'word' && (term.prefix ?? false)
      const asked = askedOfPhrase(term.text, isPrefix, tokensBeginning)
      return asked === undefined ? undefined : `(${asked} OR ${quoted(unindexedTag)})`
    }
    case 'pattern':
      return undefined
  }
}

function anyOf(tags: readonly string[]): string {
  if (tags.length === 0) return nothing
  const all = tags.map(quoted).join(' OR ')
  return tags.length === 1 ? all : `(${all})`
}

/** No token has a quote in it. */
function quoted(token: string): string {
  return `"${token}"`
}

function askedOfPhrase(text: string, isPrefix: boolean, tokensBeginning: TokensBeginning): string | undefined {
  const phrase = phraseOf(text, isPrefix)
  if (phrase === undefined) return undefined
  const words = cutWords(phrase.text)
  const asked = new Set<string>()
  if (isPrefix && phrase.endsWithLetter) {
    const beginning = tokenOf(words.pop() as string)
    // A beginning that is cut itself is the whole token of every word that begins with it.
    const tokens = beginning.length >= maxTokenLength ? [beginning] : tokensBeginning(beginning)
    if (tokens !== undefined) asked.add(anyOf(tokens))
  }
  const longest = words.sort((a, b) => b.length - a.length).slice(0, maxPhraseWords)
  for (const word of longest) asked.add(quoted(tokenOf(word)))
  if (asked.size === 0) return undefined
  const all = [...asked].join(' AND ')
  return asked.size === 1 ? all : `(${all})`
}
