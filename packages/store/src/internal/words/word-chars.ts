/** What a word is, in folded text: a run of letters and digits. */

/** Scripts that put no space between words, and the signs that their words are written with beside letters. */
const unspaced = ['Han', 'Hira', 'Kana', 'Thai', 'Laoo', 'Khmr', 'Mymr', 'Tibt']
  .map((name) => `\\p{sc=${name}}`)
  .join('')
const letter = '[\\p{L}\\p{N}\\p{M}]'
const spacedLetter = `(?![${unspaced}\\u30fc])${letter}`

const anyLetter = new RegExp(letter, 'u')
const joining = new RegExp(spacedLetter, 'u')
const words = new RegExp(`(?:${spacedLetter})+|${letter}`, 'gu')

/** The words of folded text. A character of Chinese, Japanese or Thai is one by itself: a word of several is found as a phrase. */
export function cutWords(folded: string): string[] {
  return folded.match(words) ?? []
}

/** Whether the character that starts at `index` belongs to a word. */
export function isLetterAt(folded: string, index: number): boolean {
  const code = folded.charCodeAt(index)
  return code < 128 ? isAsciiLetter(code) : anyLetter.test(String.fromCodePoint(folded.codePointAt(index) as number))
}

/** Whether a word goes on from the character before `index` to the one at it; false at both ends of the text. */
export function isInsideWord(folded: string, index: number): boolean {
  if (index <= 0 || index >= folded.length) return false
  const before = folded.charCodeAt(index - 1)
  // Where a character is two code units, it begins at the first.
  const start = before >= 0xdc00 && before <= 0xdfff && index > 1 ? index - 2 : index - 1
  return joins(folded, start) && joins(folded, index)
}

function joins(folded: string, index: number): boolean {
  const code = folded.charCodeAt(index)
  return code < 128 ? isAsciiLetter(code) : joining.test(String.fromCodePoint(folded.codePointAt(index) as number))
}

function isAsciiLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90)
}
