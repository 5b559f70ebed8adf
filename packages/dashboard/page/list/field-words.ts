/** An entry's fields behind its text: `user=42 path=/cart`, as far as there is room. */

import { stringifyExact } from '@logwisp/core/stringify-exact'

const maxChars = 300
const maxFields = 20

export function fieldWords(fields: Readonly<Record<string, unknown>>): string {
  let words = ''
  for (const [name, value] of Object.entries(fields).slice(0, maxFields)) {
    words += `${words === '' ? '' : ' '}${name}=${valueWords(value)}`
    if (words.length > maxChars) return `${words.slice(0, maxChars)}…`
  }
  return words
}

function valueWords(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, maxChars)
  if (Array.isArray(value)) return '[…]'
  // Of objects, numbers with all their digits are no braces.
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) return '{…}'
  return stringifyExact(value)
}
