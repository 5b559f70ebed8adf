/** JSON in, with every digit. */

import { LosslessNumber, parse, splitNumber } from 'lossless-json'
import { LogwispError } from './errors.ts'

/** How many objects and arrays may stand inside each other, the outermost counted: far beyond any log, far below any stack. */
export const maxJsonDepth = 100

/** Longer integers stay text inside a LosslessNumber: making a bigint of a million digits takes a third of a second. */
const maxBigintDigits = 1_000

/** A number of up to this many significant digits survives being read as a double. */
const safeDigits = 15

/** A number token, not one inside a word, that may have more digits. What stands in strings is a false alarm that only costs time. */
const longNumber = /(?:^|[:,[\s])-?\d[\d.]{15}/

/**
 * Parses JSON as `JSON.parse` does, but loses no digit. What a number cannot hold comes as
 * - a `bigint`, when it is an integer beyond ±(2^53 − 1) written without fraction and exponent (up to 1,000 digits);
 * - a `LosslessNumber` of the library lossless-json, its text in `value`, otherwise: `1e400`, or more digits than a number has.
 *
 * `__proto__` and `constructor` are keys like any other and touch no prototype; of a repeated key the last value counts.
 * A byte order mark before the text is ignored.
 *
 * Nesting: up to {@link maxJsonDepth}. Length: unlimited, so bound it where the text is read.
 *
 * @throws LogwispError `BAD_JSON` when the text is no JSON or nested too deep; the message says at which character.
 */
export function parseExact(text: string): unknown {
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    refuseDeep(text)
    throw badJson(text, cause)
  }
  return mayHaveLostDigits(text, value) ? parse(text, null, { parseNumber, onDuplicateKey: lastWins }) : value
}

function lastWins({ newValue }: { newValue: unknown }): unknown {
  return newValue
}

/** `JSON.parse` does not always tell the place, and quotes pieces of what may be secret; lossless-json tells a place and one character. */
function badJson(text: string, cause: unknown): LogwispError {
  let reason = (cause as Error).message
  try {
    parse(text, null, { onDuplicateKey: lastWins })
  } catch (error) {
    reason = (error as Error).message
  }
  return new LogwispError('BAD_JSON', `expected JSON: ${reason}`, { cause })
}

/** Whether `value`, parsed from `text`, might lack digits that the text has. Asked of every text, and mostly answered without a regex. */
function mayHaveLostDigits(text: string, value: unknown): boolean {
  // Few digits and a large exponent show in the value: 1e400 became Infinity, and 1e-400 zero.
  const suspicion = suspicionOf(value, 0)
  if (suspicion === tooDeep) refuseDeep(text)
  // Half of all entries have no number at all: their text, whatever digits are in its strings, is not looked at.
  if (suspicion === noNumber) return false
  if (hasLongRun(text) && longNumber.test(text)) return true
  return suspicion === extreme || (suspicion === zero && (text.includes('e-') || text.includes('E-')))
}

/** Whether more than {@link safeDigits} digits and dots stand in a row. Such a row covers one of every 16 characters: look at those only. */
function hasLongRun(text: string): boolean {
  const stride = safeDigits + 1
  for (let at = stride - 1; at < text.length; at += stride) {
    if (!isDigitOrDot(text.charCodeAt(at))) continue
    let from = at
    while (from > 0 && isDigitOrDot(text.charCodeAt(from - 1))) from--
    let to = at + 1
    while (to < text.length && isDigitOrDot(text.charCodeAt(to))) to++
    if (to - from >= stride) return true
    at = to - 1
  }
  return false
}

function isDigitOrDot(code: number): boolean {
  return (code >= 48 && code <= 57) || code === 46
}

/** Below this, doubles have fewer digits (they are subnormal). */
const smallestNormal = 2.2250738585072014e-308

/** What the numbers in a value may hide, the worst of them counting: nothing, digits, an underflow, or that they are not the number that was written. */
const noNumber = 0
const ordinary = 1
const zero = 2
const extreme = 3
/** Nothing of the kind, but nobody has to look further. `JSON.parse` itself needs no stack, so it can come first. */
const tooDeep = 4

function suspicionOf(value: unknown, depth: number): number {
  if (typeof value === 'number') {
    if (value === 0) return zero
    return (value < smallestNormal && value > -smallestNormal) || value === Infinity || value === -Infinity
      ? extreme
      : ordinary
  }
  if (typeof value !== 'object' || value === null) return noNumber
  if (depth === maxJsonDepth) return tooDeep
  let worst = noNumber
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    if (typeof item !== 'number' && typeof item !== 'object') continue
    const suspicion = suspicionOf(item, depth + 1)
    if (suspicion === tooDeep) return tooDeep
    if (suspicion > worst) worst = suspicion
  }
  return worst
}

/** Finds where a text is nested too deep, if it is. */
function refuseDeep(text: string): void {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === 92 /* \ */) i++
      else if (code === 34 /* " */) inString = false
    } else if (code === 34) inString = true
    else if (code === 123 /* { */ || code === 91 /* [ */) {
      if (++depth > maxJsonDepth) {
        throw new LogwispError('BAD_JSON', `expected JSON nested at most ${maxJsonDepth} deep: deeper at position ${i}`)
      }
    } else if (code === 125 /* } */ || code === 93 /* ] */) depth--
  }
}

function parseNumber(text: string): unknown {
  const number = Number(text)
  if (/^-?\d+$/.test(text)) {
    if (Number.isSafeInteger(number)) return number
    return text.length <= maxBigintDigits ? BigInt(text) : new LosslessNumber(text)
  }
  if (!Number.isFinite(number)) return new LosslessNumber(text)
  // A number's own text is the shortest that means it: when that is the same decimal value, nothing was lost.
  const written = splitNumber(text)
  const kept = splitNumber(String(number))
  return written.digits === kept.digits && written.exponent === kept.exponent ? number : new LosslessNumber(text)
}
