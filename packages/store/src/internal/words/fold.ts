/** Case and accents taken away, so that what people see as the same word is the same text. */

/** Marks that stand over, under and through letters of any script, and what only chooses how a character is drawn. */
const accents =
  /[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20f0\ufe00-\ufe0f\ufe20-\ufe2f]/g

/** Whatever is not ASCII; most lines have nothing of it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are ASCII too.
const beyondAscii = /[^\x00-\x7f]/

/** Whether `text` is ASCII only. */
export function isAscii(text: string): boolean {
  return !beyondAscii.test(text)
}

/**
 * `text` without regard to case and accents: `É`, `é` and `e` are one, `ß` and `SS`, the four i of Turkish, both sigmas.
 * Kana keep their voicing marks and Indic scripts their vowels: those are no accents. Folding what is folded changes nothing.
 */
export function foldText(text: string): string {
  if (isAscii(text)) return text.toLowerCase()
  const letters = text.normalize('NFD').replace(accents, '')
  // ẞ has a small form only, ß a capital one only, and a letter of more than two forms comes down to one: hence thrice.
  const small = letters.toLowerCase().toUpperCase().toLowerCase()
  return small.normalize('NFD').replace(accents, '').replaceAll('ς', 'σ').normalize('NFC')
}
