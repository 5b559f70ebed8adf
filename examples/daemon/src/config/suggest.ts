/** Finds the name that was probably meant. */

import { distance } from 'fastest-levenshtein'

/**
 * The name that differs least from a word, when it is near enough to be meant; dashes and case do not count.
 *
 * @param tolerance how many letters may differ; by default one in three, two in words that have more than three
 */
export function suggest(
  word: string,
  among: Iterable<string>,
  tolerance: number = Math.max(word.length > 3 ? 2 : 1, Math.floor(word.length / 3)),
): string | undefined {
  const wanted = plain(word)
  let best: string | undefined
  let least = tolerance + 1
  for (const name of among) {
    const difference = distance(wanted, plain(name))
    if (difference < least && difference < wanted.length) {
      best = name
      least = difference
    }
  }
  return best
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll('-', '_')
}
