/** A query's text cut into pieces, before anyone asks what they mean. */

/** Characters of a query that are read. */
export const maxQueryLength = 1_000

/** A piece of text within a piece: bare or in quotes. */
export interface Quotable {
  readonly start: number
  readonly end: number
  /** What is meant, without quotes and escapes. */
  readonly text: string
  readonly isQuoted: boolean
  /** It has an opening quote only. */
  readonly isOpen: boolean
}

const space = /\s/

/** Whether a character is white space; also at the end of the text. */
export function isGap(text: string, index: number): boolean {
  return index >= text.length || space.test(text[index] as string)
}

/** The first place at or after `index` that is no white space. */
export function skipGap(text: string, index: number): number {
  while (index < text.length && space.test(text[index] as string)) index++
  return index
}

/** The end of the run of characters other than white space and those of `stops`. */
export function bareEnd(text: string, index: number, stops = ''): number {
  while (!isGap(text, index) && !stops.includes(text[index] as string)) index++
  return index
}

/** Reads a text in quotes at `start`, or else one up to white space or a character of `stops`. */
export function readQuotable(text: string, start: number, stops: string): Quotable {
  if (text[start] !== '"') {
    const end = bareEnd(text, start, stops)
    return { start, end, text: text.slice(start, end), isQuoted: false, isOpen: false }
  }
  let meant = ''
  for (let index = start + 1; index < text.length; index++) {
    const character = text[index] as string
    const next = text[index + 1]
    if (character === '"') return { start, end: index + 1, text: meant, isQuoted: true, isOpen: false }
    // Only a quote and a backslash need one before them: C:\logs is written as it is.
    if (character === '\\' && (next === '"' || next === '\\')) {
      meant += next
      index++
    } else meant += character
  }
  return { start, end: text.length, text: meant, isQuoted: true, isOpen: true }
}

/** `text` in quotes. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
