/** Options that may be given several times. */

/** For commander: the values so far and one more. */
export function repeatable(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
