/** Turns the text of a flag or of an environment variable into the value that its place takes. */

import type { ValueOrigin } from './loaded-config.ts'
import type { LeafForm } from './shape.ts'
import type { Written } from './written.ts'

/** A value without its place. */
export type Plain = string | number | bigint | boolean | null | readonly Plain[] | { readonly [key: string]: Plain }

const truths: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
])

/**
 * The value that a text stands for at a place.
 *
 * Numbers, `true`/`false`/`yes`/`no`/`1`/`0`, lists as JSON or with commas between (commas within `{…}` are part of
 * an element), records as JSON. A text that is nothing of what the place takes stays a text: the check of the whole
 * then says what is wrong.
 */
export function coerce(text: string, forms: readonly LeafForm[], origin: ValueOrigin): Written {
  return withOrigin(plainOf(text, forms), origin)
}

/** The forms of an element of a list, or of a value of a record, at a place that takes one; none where it does not. */
export function formsInside(forms: readonly LeafForm[], key: string): readonly LeafForm[] | undefined {
  const isIndex = /^(0|[1-9]\d{0,5})$/.test(key)
  for (const form of forms) {
    if (form.form === 'list' && isIndex) return form.item
    if (form.form === 'record') return form.value
  }
  return undefined
}

function plainOf(text: string, forms: readonly LeafForm[]): Plain {
  const trimmed = text.trim()
  const isWord = forms.some((form) => form.form === 'words' && form.words.includes(text))
  if (isWord) return text
  for (const { form } of forms) {
    if (form === 'number') {
      const number = numberOf(trimmed)
      if (number !== undefined) return number
    } else if (form === 'boolean') {
      const truth = truths.get(trimmed.toLowerCase())
      if (truth !== undefined) return truth
    } else if (form === 'record' && trimmed.startsWith('{')) {
      const record = json(trimmed)
      if (record !== undefined) return record
    }
  }
  const list = forms.find((form) => form.form === 'list')
  if (list !== undefined) return listOf(text, list.item, forms)
  return text
}

function numberOf(text: string): number | bigint | undefined {
  const digits = text.replace(/(?<=\d)_(?=\d)/g, '')
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(digits)) return undefined
  const number = Number(digits)
  // A whole number that would be rounded stays exact, so that the check can refuse it.
  return /^[+-]?\d+$/.test(digits) && !Number.isSafeInteger(number) ? BigInt(digits) : number
}

function listOf(text: string, item: readonly LeafForm[], forms: readonly LeafForm[]): Plain {
  const isOfTexts = item.some(({ form }) => form === 'text')
  // In a list of texts only `["` begins JSON: `[a-z]+` may be a pattern.
  if ((isOfTexts ? /^\s*\[\s*("|\])/ : /^\s*\[/).test(text)) return json(text) ?? text
  const parts = splitAtCommas(text)
  const takesText = forms.some(({ form }) => form === 'text' || form === 'words')
  if (takesText && parts.length === 1) return text
  return parts.map((part) => plainOf(part.trim(), item))
}

function splitAtCommas(text: string): readonly string[] {
  if (text.trim() === '') return []
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]
    if (letter === '{') depth++
    else if (letter === '}') depth = Math.max(0, depth - 1)
    else if (letter === ',' && depth === 0) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  return [...parts, text.slice(start)]
}

function json(text: string): Plain | undefined {
  try {
    return JSON.parse(text) as Plain
  } catch {
    return undefined
  }
}

function withOrigin(value: Plain, origin: ValueOrigin): Written {
  if (value === null || typeof value !== 'object') return { kind: 'value', value, origin }
  if (Array.isArray(value)) {
    return { kind: 'list', items: (value as readonly Plain[]).map((item) => withOrigin(item, origin)), origin }
  }
  const entries = Object.entries(value as Readonly<Record<string, Plain>>).map(
    ([key, inner]) => [key, { keyOrigin: origin, node: withOrigin(inner, origin) }] as const,
  )
  return { kind: 'table', entries: new Map(entries), origin }
}
