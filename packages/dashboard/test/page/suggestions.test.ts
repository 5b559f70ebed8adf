import { wordAtCursor } from '@logwisp/store/query-language'
import { expect, test } from 'vitest'
import {
  completionsFor,
  knownSuggestions,
  type Suggestion,
  storedSuggestions,
  withSuggestion,
} from '../../page/search/suggestions.ts'

/** The text up to the cursor, which is written as |. */
function at(marked: string): { text: string; word: ReturnType<typeof wordAtCursor> } {
  const cursor = marked.indexOf('|')
  const text = marked.replace('|', '')
  return { text, word: wordAtCursor(text, cursor) }
}

test.each([
  ['|', undefined],
  ['level:e|', undefined],
  ['source:ap|', { of: 'source', prefix: 'ap' }],
  ['a -source:x,ap| b', { of: 'source', prefix: 'ap' }],
  ['field.us|', { of: 'field', prefix: 'us' }],
  ['has:us|', { of: 'field', prefix: 'us' }],
  ['us|', { of: 'field', prefix: 'us' }],
  ['field.user.id=4|', { of: 'value', path: 'user.id', prefix: '4' }],
  ['field."a b"=|', { of: 'value', path: 'a b', prefix: '' }],
])('asks the store for what is being written: %s', (marked, of) => {
  expect(completionsFor(at(marked).word)).toEqual(of && { limit: 12, ...of })
})

test('an empty box suggests what was searched before, to forget it, and how to begin', () => {
  const { text, word } = at('|')
  expect(knownSuggestions(text, word, ['b', 'a']).map((each) => each.text)).toEqual([
    ...['b', 'a', 'Forget these searches'],
    ...['level:', 'level>=', 'source:', 'field.', 'has:'],
  ])
  expect(knownSuggestions(text, word, []).map((each) => each.kind)).toEqual(['key', 'key', 'key', 'key', 'key'])
})

test('levels and keys are suggested as far as they are written', () => {
  const texts = (marked: string): string[] => {
    const { text, word } = at(marked)
    return knownSuggestions(text, word, ['old']).map((each) => each.text)
  }
  expect(texts('level:|')).toEqual(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'none'])
  expect(texts('level:W|')).toEqual(['warn'])
  expect(texts('a le|')).toEqual(['level:', 'level>='])
  expect(texts('a |')).toEqual([])
  expect(texts('source:|')).toEqual([])
})

test.each([
  ['source:ap|', { kind: 'source', text: '/var/log/api.log' }, 'source:/var/log/api.log |'],
  ['source:ap| x', { kind: 'source', text: 'api log' }, 'source:"api log" |x'],
  ['level:e|', { kind: 'level', text: 'error' }, 'level:error |'],
  ['field.us|', { kind: 'field', text: 'user.id' }, 'field.user.id=|'],
  ['field.us|=42', { kind: 'field', text: 'user.id' }, 'field.user.id=|42'],
  ['field.us|!=42', { kind: 'field', text: 'user.id' }, 'field.user.id|!=42'],
  ['has:us|', { kind: 'field', text: 'user.id' }, 'has:user.id |'],
  ['us|', { kind: 'field', text: 'field.user.id=' }, 'field.user.id=|'],
  ['-le|', { kind: 'key', text: 'level:' }, '-level:|'],
  ['field.a=4|', { kind: 'value', text: '42,"43"' }, 'field.a="42,\\"43\\"" |'],
] as const)('puts a suggestion in the place of the word: %s', (marked, suggestion, expected) => {
  const { text, word } = at(marked)
  const { text: changed, cursor } = withSuggestion(text, word, suggestion as Suggestion)
  expect(`${changed.slice(0, cursor)}|${changed.slice(cursor)}`).toBe(expected)
})

test('what the store knows comes with how often it is there, and what is written out already does not come', () => {
  expect(storedSuggestions(at('source:a|').word, [{ text: 'a' }, { text: 'ab', entries: 3 }])).toEqual([
    { kind: 'source', text: 'ab', entries: 3 },
  ])
  expect(storedSuggestions(at('us|').word, [{ text: 'user id' }])).toEqual([
    { kind: 'field', text: 'field."user id"=' },
  ])
  expect(storedSuggestions(at('has:us|').word, [{ text: 'user id' }])).toEqual([{ kind: 'field', text: 'user id' }])
})
