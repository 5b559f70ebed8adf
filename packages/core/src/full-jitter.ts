/** How long to wait before the next attempt. */

/**
 * A wait in ms, drawn evenly from 0 to a bound that is `firstMs` after the first failure (`failures` is 0 then), doubles with
 * each further one, and is `maxMs` at most: many clients of one server that comes back do not come together.
 */
export function fullJitterMs(
  failures: number,
  firstMs: number,
  maxMs: number,
  random: () => number = Math.random,
): number {
  return Math.round(random() * Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30)))
}
