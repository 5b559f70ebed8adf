/** What a character can be in the head of a log line, one bit per answer: the scanners ask by table, not by comparing. */

/** A letter, a digit or `_`: part of a word. */
export const WORD = 1
/** `0` to `9`. */
export const DIGIT = 2
/** `A` to `Z`. */
export const UPPER = 4
/** `a` to `z`. */
export const LOWER = 8
/** May stand before a level word in capitals. */
export const LEFT = 16
/** May stand after a level word in capitals. */
export const RIGHT = 32
/** May stand before a time. */
export const BEFORE_TIME = 64
/** May stand before or after a level word that is not in capitals, or before or after a name that a level follows. */
export const NEAR_SMALL = 128

/** What the scanners see before a line's first and after its last character. NUL: no log line holds one. */
export const OUTSIDE = 0

// One byte for each code unit there is, so that asking needs neither a comparison nor a bounds check. Beyond ASCII
// everything counts as a letter: no level word and no time has one.
const classes = new Uint8Array(65_536).fill(WORD, 128)

function mark(characters: string, bits: number): void {
  for (let i = 0; i < characters.length; i++) {
    const code = characters.charCodeAt(i)
    classes[code] = (classes[code] ?? 0) | bits
  }
}

mark('ABCDEFGHIJKLMNOPQRSTUVWXYZ', WORD | UPPER)
mark('abcdefghijklmnopqrstuvwxyz', WORD | LOWER)
mark('0123456789', WORD | DIGIT)
mark('_', WORD)
mark('\0 \t[(<|{,;]>*', LEFT)
// ESC opens a colour code, a backslash the `\n` that ends a line inside a JSON string.
mark('\0 \t\r])>|:,;![}*\x1b\\', RIGHT)
mark('\0 \t[(<|{,;]>*="\'#', BEFORE_TIME)
mark('\0 \t\r[]<>|:="\'\\{(,;!\x1b', NEAR_SMALL)

/** The bits of a UTF-16 code unit. */
export function classOf(code: number): number {
  return classes[code] as number
}

/** The code unit at `index`, or {@link OUTSIDE} when that is not within `start` to `end`. */
export function codeAt(text: string, index: number, start: number, end: number): number {
  return index >= start && index < end ? text.charCodeAt(index) : OUTSIDE
}

/** Whether a digit stands at `index`, before `end`. */
export function isDigitAt(text: string, index: number, end: number): boolean {
  if (index >= end) return false
  const code = text.charCodeAt(index)
  return code >= 48 && code <= 57
}

/** The first index from `index` on that holds no digit, at most `end`. */
export function skipDigits(text: string, index: number, end: number): number {
  while (index < end) {
    const code = text.charCodeAt(index)
    if (code < 48 || code > 57) break
    index++
  }
  return index
}

/** The first index from `index` on that holds neither a space nor a tab, at most `end`. */
export function skipBlanks(text: string, index: number, end: number): number {
  while (index < end) {
    const code = text.charCodeAt(index)
    if (code !== 32 && code !== 9) break
    index++
  }
  return index
}

/** The index after the colour code (`ESC [ … letter`) that begins at `index`, at most `end`. */
export function skipColour(text: string, index: number, end: number): number {
  index++
  if (index >= end || text.charCodeAt(index) !== 91) return index
  index++
  while (index < end) {
    const code = text.charCodeAt(index++)
    if (code >= 64) break
  }
  return index
}
