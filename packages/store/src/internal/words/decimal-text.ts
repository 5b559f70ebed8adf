/** Numbers as one text each, however they were written. */

const number = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,15}))?$/

/** Longer ones are compared as they are written. */
const maxLength = 1_000

/**
 * The value of a decimal number, exactly and in one form: `42`, `42.0` and `4.2e1` give the same text. Undefined when
 * `text` is no number.
 */
export function decimalText(text: string): string | undefined {
  if (text.length > maxLength) return undefined
  const parts = number.exec(text)
  if (parts === null) return undefined
  const fraction = parts[3] ?? ''
  const digits = ((parts[2] as string) + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  const exponent = Number(parts[4] ?? 0) - fraction.length + digits.length - significant.length
  return `${parts[1] === '-' ? '-' : ''}${significant}e${exponent}`
}
