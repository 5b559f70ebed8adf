/** Case and accents taken away, so that what people see as the same word is the same text. */

/**
 * Accents, by what they are to Unicode: marks that letters of any script take, joiners and variation selectors among them, and
 * the points of Hebrew, Arabic and old Cyrillic. Not the voicing marks of kana: those make another letter.
 */
const accents = /(?![\u3099\u309a])(?:\p{sc=Zinh}|(?=\p{M})[\p{sc=Hebr}\p{sc=Arab}\p{sc=Cyrl}])/gu

/** Whatever is not ASCII; most lines have nothing of it. */
const beyondAscii = /[^\x00-\x7f]/

/** Whether `text` is ASCII only. */
export function isAscii(text: string): boolean {
  return !beyondAscii.test(text)
}

/** Stretches that are not ASCII; several words in one, where spaces only are between. */
const foreign = /[^\x00-\x7f]+(?: [^\x00-\x7f]+)*/g

/**
 * `text` without regard to case and accents: `É`, `é` and `e` are one, `ß` and `SS`, the four i of Turkish, both sigmas.
 * Kana keep their voicing marks and Indic scripts their vowels: those are no accents. Folding what is folded changes nothing.
 */
export function foldText(text: string): string {
  return isAscii(text) ? text.toLowerCase() : text.replace(foreign, foldForeign).toLowerCase()
}

function foldForeign(text: string): string {
  const letters = text.normalize('NFD').replace(accents, '')
  // ẞ has a small form only, ß a capital one only, and a letter of more than two forms comes down to one: hence thrice.
  const small = letters.toLowerCase().toUpperCase().toLowerCase()
  return small.normalize('NFD').replace(accents, '').replaceAll('ς', 'σ').normalize('NFC')
}
