/** Words as the tokenizer of the index takes them: each one token, whatever Unicode's version it knows. */

/**
 * Letters that the tokenizer of SQLite (`unicode61`, Unicode 6.1) is known to keep, one token for a run of them and prefix
 * for prefix; others are written by their numbers. A test asks a real index about every character there is.
 */
const kept = /^[a-z0-9ß-öø-ɏͱ-ԧא-תء-يぁ-ゖァ-ヺ一-鿌가-힣]*$/
const notKept = /[^a-z0-9ß-öø-ɏͱ-ԧא-תء-يぁ-ゖァ-ヺ一-鿌가-힣]/gu

/** What stands before a letter's number; no letter itself, so that nobody's word contains it. */
const byNumber = '\ue001'

/** Longer words are indexed by their beginning: a hash or a block of base64 tells enough by it. */
export const maxTokenLength = 64

/** The token of a folded word. Tokens of words that begin alike begin alike. */
export function tokenOf(word: string): string {
  const token = kept.test(word)
    ? word
    : word.replace(
        notKept,
        (character) => `${byNumber}${(character.codePointAt(0) as number).toString(16).padStart(6, '0')}`,
      )
  return token.length > maxTokenLength ? token.slice(0, maxTokenLength) : token
}
