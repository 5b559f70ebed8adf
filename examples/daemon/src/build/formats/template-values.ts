/** The values of templates: what is true, what it looks like, and what is inside. */

import { stringifyExact } from '@logwisp/core'
import { TemplateFailure } from './template-error.ts'

/** A moment, in ms since the epoch, and the zone that it is written in. */
export class TemplateTime {
  readonly ms: number
  readonly zone: 'local' | 'utc'

  constructor(ms: number, zone: 'local' | 'utc') {
    this.ms = ms
    this.zone = zone
  }

  /** Within an object that is shown as JSON. */
  toJSON(): string | null {
    return Number.isNaN(new Date(this.ms).getTime()) ? null : new Date(this.ms).toISOString()
  }
}

/** The fields of an entry: their JSON as a text, as the ancestor had them, and yet each can be asked for. */
export class TemplateFields {
  readonly values: Readonly<Record<string, unknown>>
  #text: string | undefined

  constructor(values: Readonly<Record<string, unknown>>) {
    this.values = values
  }

  toString(): string {
    this.#text ??= stringifyExact(this.values)
    return this.#text
  }
}

/** Whether `if` goes on with it. */
export function isTrue(value: unknown): boolean {
  if (value instanceof TemplateFields) return true
  if (value instanceof TemplateTime) return true
  if (Array.isArray(value)) return value.length > 0
  if (typeof value === 'object' && value !== null && !hasOwnText(value)) return Object.keys(value).length > 0
  return Boolean(value)
}

/** What a value has under a name; undefined when it has nothing there. */
export function member(value: unknown, name: string): unknown {
  if (value === undefined || value === null) return undefined
  const inside = value instanceof TemplateFields ? value.values : value
  if (typeof inside !== 'object' || inside instanceof TemplateTime || Array.isArray(inside) || hasOwnText(inside)) {
    throw new TemplateFailure(`${kindOf(value)} has no ${name}`)
  }
  // Own names only: what everything in JavaScript has is nothing of an entry.
  return Object.hasOwn(inside, name) ? (inside as Readonly<Record<string, unknown>>)[name] : undefined
}

/** The members that `range` goes through, names in their order; undefined when a value has none. */
export function membersOf(value: unknown): readonly (readonly [string | number, unknown])[] | undefined {
  if (value === undefined || value === null) return []
  const inside = value instanceof TemplateFields ? value.values : value
  if (Array.isArray(inside)) return inside.map((item, index) => [index, item] as const)
  if (typeof inside !== 'object' || inside instanceof TemplateTime || hasOwnText(inside)) return undefined
  const named = inside as Readonly<Record<string, unknown>>
  return Object.keys(named)
    .sort()
    .map((name) => [name, named[name]] as const)
}

/** Numbers that JavaScript has no number for are objects with a text. */
function hasOwnText(value: object): boolean {
  return 'isLosslessNumber' in value
}

/** A value as a text, for functions that take one. */
export function asText(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  if (value instanceof TemplateFields) return value.toString()
  throw new TemplateFailure(`${name} takes a text, not ${kindOf(value)}`)
}

/** What a value is, for messages. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (value instanceof TemplateTime) return 'a time'
  if (value instanceof TemplateFields || typeof value === 'string') return 'a text'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && !hasOwnText(value)) return 'an object'
  return typeof value === 'boolean' ? 'true or false' : 'a number'
}
