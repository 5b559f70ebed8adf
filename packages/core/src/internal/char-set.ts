/** Sets of code points as sorted, disjoint, inclusive ranges, flat: `[from, to, from, to, …]`. */

export type CharSet = readonly number[]

const maxCodePoint = 0x10ffff
const lineFeed = 10

/** Puts ranges in order and joins those that touch. */
export function charSet(...ranges: readonly number[]): CharSet {
  const pairs: [number, number][] = []
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i] as number, ranges[i + 1] as number])
  pairs.sort((a, b) => a[0] - b[0])
  const joined: number[] = []
  for (const [from, to] of pairs) {
    const last = joined.at(-1)
    if (last !== undefined && from <= last + 1) joined[joined.length - 1] = Math.max(last, to)
    else joined.push(from, to)
  }
  return joined
}

export function complement(set: CharSet): CharSet {
  const ranges: number[] = []
  let next = 0
  for (let i = 0; i < set.length; i += 2) {
    if ((set[i] as number) > next) ranges.push(next, (set[i] as number) - 1)
    next = (set[i + 1] as number) + 1
  }
  if (next <= maxCodePoint) ranges.push(next, maxCodePoint)
  return ranges
}

export function union(a: CharSet, b: CharSet): CharSet {
  return charSet(...a, ...b)
}

export function intersection(a: CharSet, b: CharSet): CharSet {
  return complement(union(complement(a), complement(b)))
}

export function areDisjoint(a: CharSet, b: CharSet): boolean {
  return intersection(a, b).length === 0
}

export function isSubset(a: CharSet, b: CharSet): boolean {
  return intersection(a, complement(b)).length === 0
}

/** Every code point that one line can hold. */
export const anyInLine: CharSet = complement(charSet(lineFeed, lineFeed))
export const digits: CharSet = charSet(48, 57)
export const wordCharacters: CharSet = charSet(48, 57, 65, 90, 95, 95, 97, 122)
/** RE2's `\s`: no vertical tab and no Unicode blanks, unlike JavaScript's. */
export const blanks: CharSet = charSet(9, 10, 12, 13, 32, 32)

const ascii: CharSet = charSet(0, 127)
const longS = 0x17f
const kelvin = 0x212a

/**
 * The set with the other case of each of its letters, as RE2 folds: ſ is an s and the Kelvin sign a k.
 *
 * @returns `undefined` when the set has more than ASCII: Unicode's case tables are the engine's own, and may differ in age.
 */
export function folded(set: CharSet): CharSet | undefined {
  if (!isSubset(set, ascii)) return undefined
  const more: number[] = [...set]
  for (let i = 0; i < set.length; i += 2) {
    for (let code = set[i] as number; code <= (set[i + 1] as number); code++) {
      const lower = code | 32
      if (lower < 97 || lower > 122 || (code !== lower && code !== lower - 32)) continue
      more.push(lower, lower, lower - 32, lower - 32)
      if (lower === 115 /* s */) more.push(longS, longS)
      if (lower === 107 /* k */) more.push(kelvin, kelvin)
    }
  }
  return charSet(...more)
}

/** Whether a regex needs the `u` flag to take the set's members as whole code points: it has surrogates, or what is beyond them. */
export function needsUnicodeFlag(set: CharSet): boolean {
  return !areDisjoint(set, charSet(0xd800, 0xdfff, 0x10000, maxCodePoint))
}

/** The set as a part of a JavaScript regex that uses the `u` flag when {@link needsUnicodeFlag} says so. */
export function sourceOf(set: CharSet): string {
  if (set.length === 2 && set[0] === set[1]) return escaped(set[0] as number)
  const others = complement(set)
  const [mark, ranges] = others.length < set.length ? ['^', others] : ['', set]
  let source = ''
  for (let i = 0; i < ranges.length; i += 2) {
    const [from, to] = [ranges[i] as number, ranges[i + 1] as number]
    source += from === to ? escaped(from) : `${escaped(from)}-${escaped(to)}`
  }
  return `[${mark}${source}]`
}

function escaped(code: number): string {
  if (code > 0xffff) return `\\u{${code.toString(16)}}`
  const character = String.fromCharCode(code)
  if (/[\w !"#%&',:;<=>@`~]/.test(character)) return character
  return /[$()*+./?[\\\]^{|}]/.test(character) ? `\\${character}` : `\\u${code.toString(16).padStart(4, '0')}`
}
