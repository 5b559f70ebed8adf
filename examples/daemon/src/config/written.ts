/** What was written in one or several places, before it is checked: a tree of values that know where they came from. */

import type { ValueOrigin } from './loaded-config.ts'

/** A single value. `bigint` where a whole number is beyond 2^53, so that none is quietly rounded. */
export interface WrittenValue {
  readonly kind: 'value'
  readonly value: string | number | bigint | boolean | Date | null
  readonly origin: ValueOrigin
}

/** A list; its origin is the place where it begins. */
export interface WrittenList {
  readonly kind: 'list'
  readonly items: Written[]
  readonly origin: ValueOrigin
}

/** A table. A map, not an object: keys such as `__proto__` mean nothing to it. Keys are in the order of writing. */
export interface WrittenTable {
  readonly kind: 'table'
  readonly entries: Map<string, WrittenEntry>
  readonly origin: ValueOrigin
}

/** A key of a table and what it is. */
export interface WrittenEntry {
  /** Where the key stands; the place to show when it is the key that is wrong. */
  readonly keyOrigin: ValueOrigin
  readonly node: Written
}

/** Anything that can be written. */
export type Written = WrittenValue | WrittenList | WrittenTable
