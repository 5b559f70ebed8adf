/** Fields as a query sees them: dotted paths, and at their ends texts. */

import { maxJsonDepth, parseExact, stringifyExact } from '@logwisp/core'

/** The end of a path. */
export interface FieldLeaf {
  /** The value as text: a string itself, a number by its digits, `true`, `false`, `null`. */
  readonly text: string
  readonly isNumber: boolean
}

/** Told of every place in fields, its path first; `leaf` is undefined for objects and arrays. Stops the walk with `true`. */
export type FieldVisitor = (path: string, leaf: FieldLeaf | undefined) => boolean

/** As many values as `stringifyExact` writes; only fields that never were JSON can have more. */
const maxNodes = 1_000_000

/**
 * Walks through fields. The elements of an array stand at the path of the array itself: `tags` is each of them. What is no
 * JSON (a Date, a Map) is taken as it is stored.
 *
 * @returns Whether the visitor stopped it.
 */
export function walkFields(fields: Readonly<Record<string, unknown>> | undefined, visit: FieldVisitor): boolean {
  if (fields === undefined || fields === null) return false
  const walk = { visit, left: maxNodes }
  return walkObject(fields, '', 1, walk)
}

interface Walk {
  readonly visit: FieldVisitor
  left: number
}

function walkObject(object: Readonly<Record<string, unknown>>, before: string, depth: number, walk: Walk): boolean {
  for (const key in object) {
    if (!Object.hasOwn(object, key)) continue
    if (walkValue(object[key], before + key, depth, walk)) return true
  }
  return false
}

function walkValue(value: unknown, path: string, depth: number, walk: Walk): boolean {
  if (--walk.left < 0) return false
  switch (typeof value) {
    case 'undefined':
      return false
    case 'string':
      return walk.visit(path, { text: value, isNumber: false })
    case 'number':
      // Not a number and the infinities are stored as texts.
      return walk.visit(path, { text: Object.is(value, -0) ? '-0' : String(value), isNumber: Number.isFinite(value) })
    case 'bigint':
      return walk.visit(path, { text: String(value), isNumber: true })
    case 'boolean':
      return walk.visit(path, { text: String(value), isNumber: false })
    case 'object':
      break
    default:
      return walk.visit(path, { text: `[${typeof value}]`, isNumber: false })
  }
  if (value === null) return walk.visit(path, { text: 'null', isNumber: false })
  const digits = losslessText(value)
  if (digits !== undefined) return walk.visit(path, { text: digits, isNumber: true })
  if (depth > maxJsonDepth) return walk.visit(path, { text: '[too deep]', isNumber: false })
  if (Array.isArray(value)) {
    if (walk.visit(path, undefined)) return true
    for (const item of value) if (walkItem(item, path, depth + 1, walk)) return true
    return false
  }
  if (isPlain(value)) {
    if (walk.visit(path, undefined)) return true
    return walkObject(value as Record<string, unknown>, `${path}.`, depth + 1, walk)
  }
  return walkValue(parseExact(stringifyExact(value, depth)), path, depth, walk)
}

function walkItem(item: unknown, path: string, depth: number, walk: Walk): boolean {
  // In an array, what JSON leaves out becomes null.
  return walkValue(item === undefined ? null : item, path, depth, walk)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The digits of a number that no JavaScript number can hold, as `parseExact` gives it. */
function losslessText(value: object): string | undefined {
  const { isLosslessNumber, value: digits } = value as { isLosslessNumber?: unknown; value?: unknown }
  return isLosslessNumber === true && typeof digits === 'string' && !isPlain(value) ? digits : undefined
}
