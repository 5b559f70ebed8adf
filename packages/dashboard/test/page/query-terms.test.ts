import { expect, test } from 'vitest'
import { withTerm } from '../../page/search/query-terms.ts'

const user = { kind: 'field', path: 'user.id', values: ['42'] } as const

test('adds a term at the end of what is written', () => {
  expect(withTerm('', user)).toBe('field.user.id=42')
  expect(withTerm(' timeout  "a b" ', user)).toBe('timeout  "a b" field.user.id=42')
  expect(withTerm('timeout', { ...user, not: true })).toBe('timeout -field.user.id=42')
})

test('adds none that is there already, however it is written', () => {
  expect(withTerm('field."user.id":"42" x', user)).toBe('field."user.id":"42" x')
})

test('takes the place of the term that says the opposite', () => {
  expect(withTerm('a -field.user.id=42 b', user)).toBe('a b field.user.id=42')
  expect(withTerm('field.user.id=42', { ...user, not: true })).toBe('-field.user.id=42')
})

test('writes values and paths with strange signs so that they are read back', () => {
  const strange = { kind: 'field', path: 'a b.c"d', values: ['1, "2"\n<script>'] } as const
  const once = withTerm('x', strange)
  expect(withTerm(once, strange)).toBe(once)
  expect(withTerm(once, { ...strange, not: true })).toMatch(/^x -/)
})

test('leaves what is wrong in the text to whoever wrote it', () => {
  expect(withTerm('level:err "open', user)).toBe('level:err "open field.user.id=42')
})
