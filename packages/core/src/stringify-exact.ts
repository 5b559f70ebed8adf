/** JSON out, whatever the value. */

import { isLosslessNumber } from 'lossless-json'
import { maxJsonDepth } from './parse-exact.ts'

/** How many values one text may hold; what comes after is written as `"[cut]"`. */
const maxValues = 1_000_000

/**
 * Writes `value` as one line of JSON that `parseExact` reads back unchanged, and never throws. As `JSON.stringify`, but
 *
 * | value | written as |
 * |---|---|
 * | bigint, LosslessNumber | its digits |
 * | −0 | `-0` |
 * | an integer number beyond ±(2^53 − 1) | with an exponent, `1.8e+19`: it comes back as a number, not as a bigint |
 * | NaN, ±Infinity | `"NaN"`, `"Infinity"`, `"-Infinity"` |
 * | function, symbol | `"[function]"`, `"[symbol]"`; `undefined` is left out, and `null` in an array |
 * | Map; Set | an object by its keys' text; an array |
 * | Error | an object with `name`, `message`, `stack`, `cause` and its own properties |
 * | RegExp; invalid Date | its text; `"[invalid date]"` |
 * | Buffer and other Uint8Array | base64 text |
 * | an object inside itself | `"[circular]"` |
 * | deeper than `maxJsonDepth` (100); after a million values | `"[too deep]"`; `"[cut]"` |
 * | what throws when read, or its `toJSON` does | `"[unreadable: …]"` with the error's message |
 *
 * @param depth How many levels of the text stand around `value` already. Default 0.
 */
export function stringifyExact(value: unknown, depth = 0): string {
  try {
    plainValues = 0
    if (typeof value === 'object' && value !== null && isPlain(value, depth)) return JSON.stringify(value)
  } catch {
    // A getter or a proxy that throws: the careful way finds out which.
  }
  return new Writer().write(value, depth, []) ?? 'null'
}

/** Beyond these the writer, which counts, takes over: few objects that share others many times can stand for millions of values. */
const maxPlainValues = 10_000
let plainValues = 0

/** Whether `JSON.stringify` writes it in the form described above: most fields, and ten times as fast. */
function isPlain(value: object, depth: number): boolean {
  if (depth >= maxJsonDepth) return false
  if (Array.isArray(value)) {
    for (const item of value) if (!isPlainValue(item, depth)) return false
    return true
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  for (const key in value) if (!isPlainValue((value as Record<string, unknown>)[key], depth)) return false
  return true
}

function isPlainValue(value: unknown, depth: number): boolean {
  if (++plainValues > maxPlainValues) return false
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true
    case 'number':
      if (value === 0) return !Object.is(value, -0)
      return (
        value >= -Number.MAX_VALUE &&
        value <= Number.MAX_VALUE &&
        (Number.isSafeInteger(value) || !Number.isInteger(value))
      )
    case 'object':
      return value === null || isPlain(value, depth + 1)
    default:
      return false
  }
}

class Writer {
  #values = 0

  /** `undefined` for what JSON leaves out. */
  write(value: unknown, depth: number, around: readonly object[]): string | undefined {
    if (++this.#values > maxValues) return '"[cut]"'
    switch (typeof value) {
      case 'string':
        return JSON.stringify(value)
      case 'number':
        return writeNumber(value)
      case 'bigint':
        return String(value)
      case 'boolean':
        return String(value)
      case 'undefined':
        return undefined
      case 'object':
        if (value === null) return 'null'
        try {
          return this.#writeObject(value, depth, around)
        } catch (error) {
          return JSON.stringify(`[unreadable: ${reasonOf(error)}]`)
        }
      default:
        return `"[${typeof value}]"`
    }
  }

  #writeObject(value: object, depth: number, around: readonly object[]): string | undefined {
    if (isLosslessNumber(value)) return value.value
    if (around.includes(value)) return '"[circular]"'
    if (depth >= maxJsonDepth) return '"[too deep]"'
    const inside = [...around, value]
    if (value instanceof Date)
      return Number.isNaN(value.getTime()) ? '"[invalid date]"' : JSON.stringify(value.toISOString())
    if (value instanceof Uint8Array)
      return `"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"`
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON === 'function') {
      const given: unknown = toJSON.call(value, '')
      // One level deeper, so that a toJSON which gives something fresh for ever comes to an end.
      if (given !== value) return this.write(given, depth + 1, inside)
    }
    if (Array.isArray(value) || value instanceof Set) return this.#writeItems(value, depth, inside)
    if (value instanceof Map) return this.#writeProperties([...value.keys()], (key) => value.get(key), depth, inside)
    if (value instanceof RegExp) return JSON.stringify(String(value))
    if (value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt) {
      return this.write(value.valueOf(), depth, inside)
    }
    const keys = Object.keys(value)
    if (value instanceof Error)
      keys.unshift(...['name', 'message', 'stack', 'cause'].filter((key) => key in value && !keys.includes(key)))
    return this.#writeProperties(keys, (key) => (value as Record<string, unknown>)[key as string], depth, inside)
  }

  #writeItems(items: Iterable<unknown>, depth: number, inside: readonly object[]): string {
    let text = ''
    for (const item of items) {
      text += `${text === '' ? '' : ','}${this.write(item, depth + 1, inside) ?? 'null'}`
      if (this.#values > maxValues) break
    }
    return `[${text}]`
  }

  #writeProperties(
    keys: readonly unknown[],
    read: (key: unknown) => unknown,
    depth: number,
    inside: readonly object[],
  ): string {
    let text = ''
    for (const key of keys) {
      let written: string | undefined
      try {
        written = this.write(read(key), depth + 1, inside)
      } catch (error) {
        written = JSON.stringify(`[unreadable: ${reasonOf(error)}]`)
      }
      if (written !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(String(key))}:${written}`
      if (this.#values > maxValues) break
    }
    return `{${text}}`
  }
}

function writeNumber(value: number): string {
  if (Object.is(value, -0)) return '-0'
  if (!Number.isFinite(value)) return `"${value}"`
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value)
}

/** Whatever was thrown, also what throws again when it is turned to text. */
function reasonOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error)
  } catch {
    return 'unknown'
  }
}
