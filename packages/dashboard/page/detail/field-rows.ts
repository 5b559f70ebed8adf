/** The fields of an entry as rows of a tree, whatever they are: deep, wide, or strange. */

import { stringifyExact } from '@logwisp/core/stringify-exact'

/** One row. */
export interface FieldRow {
  /** Says which row it is, also among those of other entries: its keys as JSON. */
  readonly id: string
  /** The field as queries name it, `user.id`; all items of a list by the list's name. */
  readonly path: string
  /** The last part of its own name: in a list the place, from 0. */
  readonly key: string
  /** 1 is outermost. */
  readonly depth: number
  /** What kind of value, for its colour. */
  readonly kind: 'text' | 'number' | 'word' | 'object' | 'list'
  /** The value as text as queries compare it: a text without quotes; of objects and lists how many they hold. */
  readonly text: string
  readonly value: unknown
  /** Whether rows of its own can follow it. */
  readonly isOpen?: boolean | undefined
  /** Its place among its siblings, from 1, and how many they are. */
  readonly place: number
  readonly siblings: number
}

/** The rows and how many more there would be. */
export interface FieldRows {
  readonly rows: readonly FieldRow[]
  /** Values that are left out at the places where there are too many. */
  readonly left: number
}

/** More rows than this make the page slow, and nobody reads them; copying gives all of them. */
export const maxFieldRows = 500

/**
 * The rows of `fields`, those of objects and lists after them unless their id is in `closed`.
 *
 * Depth: as deep as `parseExact` reads. Length: at most `maxRows`.
 */
export function fieldRows(
  fields: Readonly<Record<string, unknown>>,
  closed: ReadonlySet<string>,
  maxRows: number = maxFieldRows,
): FieldRows {
  const rows: FieldRow[] = []
  let left = 0
  const visit = (parent: unknown, parentPath: string, keys: readonly string[]): void => {
    const children = childrenOf(parent)
    for (const [index, [key, value]] of children.entries()) {
      if (rows.length >= maxRows) {
        left += children.length - index
        return
      }
      const own = [...keys, key]
      const id = JSON.stringify(own)
      const path = Array.isArray(parent) ? parentPath : parentPath === '' ? key : `${parentPath}.${key}`
      const count = isParent(value) ? childrenOf(value).length : 0
      const isOpen = count === 0 ? undefined : !closed.has(id)
      rows.push({
        ...{ id, path, key, depth: own.length, kind: kindOf(value), text: textOf(value), value },
        ...{ isOpen, place: index + 1, siblings: children.length },
      })
      if (isOpen === true) visit(value, path, own)
    }
  }
  visit(fields, '', [])
  return { rows, left }
}

/** A value as text: a text as it is, everything else as JSON, every digit of it. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : stringifyExact(value)
}

function childrenOf(value: unknown): readonly (readonly [string, unknown])[] {
  return Array.isArray(value) ? value.map((item, index) => [`${index}`, item]) : Object.entries(value as object)
}

/** Whether it is an object or a list of JSON: a number that no double can hold is an object too, of a class. */
function isParent(value: unknown): boolean {
  if (Array.isArray(value)) return true
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function kindOf(value: unknown): FieldRow['kind'] {
  if (isParent(value)) return Array.isArray(value) ? 'list' : 'object'
  if (typeof value === 'string') return 'text'
  return typeof value === 'boolean' || value === null ? 'word' : 'number'
}

function textOf(value: unknown): string {
  if (!isParent(value)) return valueText(value)
  const count = childrenOf(value).length
  return Array.isArray(value) ? `[${count}]` : `{${count}}`
}
