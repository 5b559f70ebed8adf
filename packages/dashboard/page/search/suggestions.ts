/** What could be written next in a search: asked of the language, of the store, and of what was searched before. */

import { complete, printQuery, type WordAtCursor } from '@logwisp/store/query-language'
import type { Completion, CompletionsOf, LevelWord } from '../data/shown-entry.ts'
import { levelWords } from '../levels/level-query.ts'

/** One of the list. */
export interface Suggestion {
  /** `search` replaces the whole text, `forget` empties the history, the others go in the place of the word. */
  readonly kind: 'key' | 'level' | 'source' | 'field' | 'value' | 'search' | 'forget'
  readonly text: string
  /** What it is, or how many entries have it. */
  readonly note?: string | undefined
  readonly entries?: number | undefined
}

/** So many fit without scrolling for long; the rest comes with another character. */
export const maxSuggestions = 12

const keys: readonly Suggestion[] = [
  { kind: 'key', text: 'level:', note: 'error, warn, info …' },
  { kind: 'key', text: 'level>=', note: 'this level and worse' },
  { kind: 'key', text: 'source:', note: 'where lines come from' },
  { kind: 'key', text: 'field.', note: 'the value of a field' },
  { kind: 'key', text: 'has:', note: 'lines that have a field' },
]

/** What the store has to be asked for this word, if anything. */
export function completionsFor({ wants, path, prefix }: WordAtCursor): CompletionsOf | undefined {
  if (wants === 'source') return { of: 'source', prefix, limit: maxSuggestions }
  if (wants === 'value' && path !== undefined) return { of: 'value', path, prefix, limit: maxSuggestions }
  if (wants === 'field' || (wants === 'any' && prefix !== '')) return { of: 'field', prefix, limit: maxSuggestions }
  return undefined
}

/** What the page knows by itself: levels, keys, and, while nothing is written, earlier searches. */
export function knownSuggestions(
  text: string,
  { wants, prefix }: WordAtCursor,
  searches: readonly string[],
): readonly Suggestion[] {
  const begins = ({ text: each }: { readonly text: string }): boolean => each.startsWith(prefix.toLowerCase())
  if (wants === 'level') return levelWords.map(levelSuggestion).filter(begins)
  if (wants !== 'any') return []
  if (text.trim() !== '') return prefix === '' ? [] : keys.filter(begins)
  const earlier = searches.map((search): Suggestion => ({ kind: 'search', text: search }))
  if (earlier.length === 0) return keys
  const forget: Suggestion = { kind: 'forget', text: 'Forget these searches' }
  return [...earlier.slice(0, maxSuggestions - keys.length - 1), forget, ...keys]
}

/** What the store answered, as suggestions; what is written out already is none. */
export function storedSuggestions(
  { wants, prefix }: WordAtCursor,
  completions: readonly Completion[],
): readonly Suggestion[] {
  const kind = wants === 'source' || wants === 'value' ? wants : 'field'
  return completions
    .filter(({ text }) => text !== prefix)
    .map(({ text, entries }) => ({ kind, text: wants === 'any' ? fieldKey(text) : text, entries }))
}

/** The text with the suggestion in the place of the word, and what has to be written after it anyway. */
export function withSuggestion(
  text: string,
  word: WordAtCursor,
  suggestion: Suggestion,
): { readonly text: string; readonly cursor: number } {
  const { text: completed, cursor } = complete(text, word, suggestion.text)
  const after = completed.slice(cursor)
  const sign = signAfter(text, word, suggestion)
  // One that is there already is only stepped over, or left to whoever wrote it.
  if (after.startsWith(sign)) return { text: completed, cursor: cursor + sign.length }
  if (sign === '=' && /^[:!]/.test(after)) return { text: completed, cursor }
  return { text: completed.slice(0, cursor) + sign + after, cursor: cursor + sign.length }
}

function signAfter(text: string, { wants, start }: WordAtCursor, { kind }: Suggestion): string {
  if (kind === 'key' || wants === 'any') return ''
  return wants === 'field' && /field\.$/i.test(text.slice(0, start)) ? '=' : ' '
}

/** `field.user.id=`, the path in quotes if it must be. */
function fieldKey(path: string): string {
  return printQuery([{ kind: 'field', path, values: ['0'] }]).slice(0, -1)
}

function levelSuggestion(level: LevelWord): Suggestion {
  return { kind: 'level', text: level, note: level === 'none' ? 'lines without a level' : undefined }
}
