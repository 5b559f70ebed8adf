/** Numbers as one text each, however they were written. */

const number = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,15}))?$/

/** Longer ones are compared as they are written. */
const maxLength = 1_000

/**
 * The value of a decimal number, exactly and in one form: `42`, `42.0` and `4.2e1` give the same text. Undefined when
 * `text` is no number.
 */
export function decimalText(text: string): string | undefined {
  const first = text.charCodeAt(0)
  if (text.length > maxLength || !(isDigit(first) || first === 43 || first === 45)) return undefined
  // Whole numbers are most of them, and as often as there are fields.
  if (first !== 48 && isWhole(text)) return withExponent(text, 0)
  const parts = number.exec(text)
  if (parts === null) return undefined
  const fraction = parts[3] ?? ''
  const digits = ((parts[2] as string) + fraction).replace(/^0+/, '')
  if (digits === '') return '0'
  return (parts[1] === '-' ? '-' : '') + withExponent(digits, Number(parts[4] ?? 0) - fraction.length)
}

/** Zeros at the end go into the exponent. */
function withExponent(digits: string, exponent: number): string {
  let end = digits.length
  while (digits.charCodeAt(end - 1) === 48) end--
  return `${digits.slice(0, end)}e${exponent + digits.length - end}`
}

function isWhole(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (!isDigit(text.charCodeAt(index))) return false
  return true
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
