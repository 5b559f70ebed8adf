/** A count on the command line. */
export function countOption(name: string, text: string, min = 1): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= min) return number
  throw new Error(`--${name} must be a whole number of at least ${min}, got ${text}`)
}
