/** The functions of templates: Go's own, and those that the ancestor added. */

import { sprintf } from './go-printf.ts'
import { TemplateFailure } from './template-error.ts'
import { noValue, printed } from './template-printed.ts'
import { asText, isTrue, kindOf, member, TemplateFields, TemplateTime } from './template-values.ts'

/** A function: how many arguments it takes, and what it makes of them. */
export interface TemplateFunction {
  readonly min: number
  readonly max: number
  call(args: readonly unknown[]): unknown
}

const one = (call: (value: unknown) => unknown): TemplateFunction => ({
  min: 1,
  max: 1,
  call: ([value]) => call(value),
})
const any = (min: number, call: (args: readonly unknown[]) => unknown): TemplateFunction => ({
  min,
  max: Infinity,
  call,
})
const comparison = (name: string, holds: (order: number) => boolean): TemplateFunction => ({
  min: 2,
  max: 2,
  call: ([left, right]) => holds(order(left, right, name)),
})

/** All functions by name. `and` and `or` are the program's own, since they need not look at all of their arguments. */
export function templateFunctions(fmtTime: (time: number) => string): ReadonlyMap<string, TemplateFunction> {
  return new Map<string, TemplateFunction>([
    ['FmtTime', one((value) => fmtTime(asTime(value).ms))],
    ['ToUpper', one((value) => asText(value, 'ToUpper').toUpperCase())],
    ['ToLower', one((value) => asText(value, 'ToLower').toLowerCase())],
    ['TrimSpace', one((value) => asText(value, 'TrimSpace').trim())],
    ['not', one((value) => !isTrue(value))],
    ['len', one(lengthOf)],
    ['index', any(1, ([value, ...at]) => at.reduce(itemOf, value))],
    ['slice', { min: 1, max: 3, call: slice }],
    ['print', any(0, print)],
    ['println', any(0, (args) => `${args.map((arg) => printed(arg)).join(' ')}\n`)],
    ['printf', any(1, ([format, ...args]) => sprintf(asText(format, 'printf'), args))],
    ['html', any(0, (args) => marked(args).replace(/[\0"'&<>]/g, (found) => htmlEscapes[found] ?? found))],
    ['urlquery', any(0, (args) => queryText(marked(args)))],
    ['js', any(0, (args) => scriptText(marked(args)))],
    ['eq', any(2, ([left, ...rest]) => rest.some((right) => isEqual(left, right)))],
    ['ne', { min: 2, max: 2, call: ([left, right]) => !isEqual(left, right) }],
    ['lt', comparison('lt', (found) => found < 0)],
    ['le', comparison('le', (found) => found <= 0)],
    ['gt', comparison('gt', (found) => found > 0)],
    ['ge', comparison('ge', (found) => found >= 0)],
  ])
}

function asTime(value: unknown): TemplateTime {
  if (value instanceof TemplateTime) return value
  throw new TemplateFailure(`FmtTime takes a time, not ${kindOf(value)}`)
}

/** Texts are measured in bytes, as in Go. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (value instanceof TemplateFields) return Buffer.byteLength(value.toString())
  if (Array.isArray(value)) return value.length
  if (typeof value === 'object' && value !== null && !(value instanceof TemplateTime)) return Object.keys(value).length
  throw new TemplateFailure(`${kindOf(value)} has no len`)
}

function itemOf(value: unknown, at: unknown): unknown {
  if (Array.isArray(value) || typeof value === 'string') {
    const items = typeof value === 'string' ? Buffer.from(value) : value
    return items[placeIn(at, items.length - 1)]
  }
  if (value === undefined || value === null) throw new TemplateFailure('index of nothing')
  return member(value, asText(at, 'index'))
}

function slice([value, from = 0, to]: readonly unknown[]): unknown {
  const items = Array.isArray(value) ? value : Buffer.from(asText(value, 'slice'))
  const end = placeIn(to ?? items.length, items.length)
  const cut = items.slice(placeIn(from, end), end)
  return Array.isArray(cut) ? cut : cut.toString()
}

function placeIn(place: unknown, max: number): number {
  if (typeof place === 'number' && Number.isInteger(place) && place >= 0 && place <= max) return place
  throw new TemplateFailure(`${printed(place)} is no place in it`)
}

/** Blanks stand between two that are no texts. */
function print(args: readonly unknown[]): string {
  return args.reduce<string>((text, arg, index) => {
    const isApart = index > 0 && typeof arg !== 'string' && typeof args[index - 1] !== 'string'
    return `${text}${isApart ? ' ' : ''}${printed(arg)}`
  }, '')
}

/** Unlike `print`, these show what is not there as the template itself does. */
function marked(args: readonly unknown[]): string {
  const [only] = args
  return args.length === 1 ? printed(only, noValue) : print(args)
}

const htmlEscapes: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}

function queryText(text: string): string {
  // Through bytes, since half a character cannot be encoded.
  return encodeURIComponent(Buffer.from(text).toString())
    .replace(/%20/g, '+')
    .replace(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)
}

function scriptText(text: string): string {
  return text.replace(/[\\'"]/g, '\\$&').replace(/[\0-\x1f<>&=\u2028\u2029]/g, (found) => {
    return `\\u${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
  })
}

function comparable(value: unknown): string | number | bigint | boolean | undefined {
  if (value instanceof TemplateFields) return value.toString()
  if (value instanceof TemplateTime) return value.ms
  if (value === undefined || value === null) return undefined
  if (typeof value === 'object') throw new TemplateFailure(`${kindOf(value)} cannot be compared`)
  return value as string | number | bigint | boolean
}

function isEqual(left: unknown, right: unknown): boolean {
  const one = comparable(left)
  const other = comparable(right)
  if (one === undefined || other === undefined) return one === other
  sameKind(one, other)
  // Numbers and bigints are one kind, which `===` would keep apart.
  return typeof one === typeof other ? one === other : !(one < other) && !(one > other)
}

function order(left: unknown, right: unknown, name: string): number {
  const one = comparable(left)
  const other = comparable(right)
  if (one === undefined || other === undefined || typeof one === 'boolean') {
    throw new TemplateFailure(`${name} compares texts or numbers, not ${kindOf(one === undefined ? left : right)}`)
  }
  sameKind(one, other)
  return one < other ? -1 : one > other ? 1 : 0
}

function sameKind(one: unknown, other: unknown): void {
  const kinds = [one, other].map((value) => (typeof value === 'bigint' ? 'number' : typeof value))
  if (kinds[0] !== kinds[1]) throw new TemplateFailure(`${kindOf(one)} and ${kindOf(other)} cannot be compared`)
}
