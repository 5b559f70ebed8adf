/** `printf` as Go has it, for the values that templates have. */

import { TemplateFailure } from './template-error.ts'
import { printed } from './template-printed.ts'
import { kindOf, TemplateFields } from './template-values.ts'

/** Wider columns are typing errors; the bound keeps a template from asking for gigabytes. */
const maxWidth = 10_000

interface Verb {
  readonly flags: string
  readonly width: number
  readonly precision: number | undefined
  readonly letter: string
}

const directive = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?(.)?/gsu

/**
 * Puts values into a format: `%s %q %v %t %d %x %X %o %b %c %U %e %f %g %T %%`, with flags, width and precision. What does
 * not fit is told in the text, as in Go: `%!d(string=x)`.
 */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0
  const take = (): number => {
    const value = args[next++]
    return typeof value === 'number' && Number.isInteger(value) ? value : 0
  }
  let text = ''
  let from = 0
  for (const found of format.matchAll(directive)) {
    const [whole, flags = '', width, precision, letter] = found
    text += format.slice(from, found.index)
    from = found.index + whole.length
    if (letter === '%') text += '%'
    else if (letter === undefined) text += '%!(NOVERB)'
    else {
      const columns = width === '*' ? take() : Number(width ?? 0)
      const digits = !whole.includes('.') ? undefined : precision === '*' ? take() : Number(precision ?? 0)
      if (Math.abs(columns) > maxWidth || (digits ?? 0) > maxWidth) {
        throw new TemplateFailure(`printf: no more than ${maxWidth} columns`)
      }
      const verb = { flags: columns < 0 ? `${flags}-` : flags, width: Math.abs(columns), precision: digits, letter }
      text += next < args.length ? formatted(verb, args[next]) : `%!${letter}(MISSING)`
      next++
    }
  }
  const extra = args.slice(next).map((arg) => `${goType(arg)}=${printed(arg)}`)
  return text + format.slice(from) + (extra.length === 0 ? '' : `%!(EXTRA ${extra.join(', ')})`)
}

function formatted(verb: Verb, value: unknown): string {
  const text = converted(verb, value instanceof TemplateFields ? value.toString() : value)
  if (text === undefined) return `%!${verb.letter}(${value == null ? '<nil>' : `${goType(value)}=${printed(value)}`})`
  return padded(verb, text, typeof value === 'number' || typeof value === 'bigint')
}

function padded({ flags, width, letter }: Verb, text: string, isNumber: boolean): string {
  if (flags.includes('-')) return text.padEnd(width + text.length - [...text].length)
  const columns = width + text.length - [...text].length
  if (!flags.includes('0') || !isNumber || letter === 'q') return text.padStart(columns)
  const sign = /^[+\- ]/.exec(text)?.[0] ?? ''
  return sign + text.slice(sign.length).padStart(columns - sign.length, '0')
}

/** The text of a value, undefined when the letter is not for it. */
function converted(verb: Verb, value: unknown): string | undefined {
  const { letter } = verb
  if (letter === 'T') return goType(value)
  if (letter === 'v')
    return value == null ? '<nil>' : typeof value === 'number' ? signed(verb, printed(value)) : printed(value)
  if (value === undefined || value === null) return undefined
  if (letter === 't') return typeof value === 'boolean' ? String(value) : undefined
  if (typeof value === 'string') return ofText(verb, value)
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) {
    const whole = ofInteger(verb, BigInt(value))
    if (whole !== undefined) return whole
  }
  if (typeof value === 'number' || typeof value === 'bigint') return ofNumber(verb, Number(value))
  if (letter === 's' || letter === 'q') {
    const text = printed(value)
    return typeof value === 'boolean' ? undefined : ofText(verb, text)
  }
  return undefined
}

function ofText({ letter, precision, flags }: Verb, text: string): string | undefined {
  const cut = precision === undefined ? text : [...text].slice(0, precision).join('')
  switch (letter) {
    case 's':
      return cut
    case 'q':
      return flags.includes('#') && !/[`\n\r]/.test(cut) ? `\`${cut}\`` : quoted(cut)
    case 'x':
    case 'X': {
      const bytes = Buffer.from(text).subarray(0, precision)
      const hex = flags.includes(' ') ? (bytes.toString('hex').match(/../g) ?? []).join(' ') : bytes.toString('hex')
      const marked = flags.includes('#') && hex !== '' ? `0x${hex}` : hex
      return letter === 'X' ? marked.toUpperCase() : marked
    }
    default:
      return undefined
  }
}

/** As Go writes a text in its source. */
function quoted(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '\u0007': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
    '"': '\\"',
    '\\': '\\\\',
  }
  const escaped = text.replace(/["\\]|[\p{C}\p{Zl}\p{Zp}]/gu, (found) => {
    const code = found.codePointAt(0) ?? 0
    if (names[found] !== undefined) return names[found]
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
  return `"${escaped}"`
}

const bases: Readonly<Record<string, number>> = { d: 10, x: 16, X: 16, o: 8, b: 2 }
const prefixes: Readonly<Record<string, string>> = { x: '0x', X: '0X', o: '0', b: '0b' }

function ofInteger(verb: Verb, value: bigint): string | undefined {
  const { letter, flags, precision } = verb
  const isCharacter = value >= 0n && value <= 0x10ffffn
  if (letter === 'c') return String.fromCodePoint(isCharacter ? Number(value) : 0xfffd)
  if (letter === 'U' && value >= 0n) return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`
  if (letter === 'q') {
    const character = String.fromCodePoint(isCharacter ? Number(value) : 0xfffd)
    return character === "'" ? "'\\''" : `'${quoted(character).slice(1, -1).replace('\\"', '"')}'`
  }
  const base = bases[letter]
  if (base === undefined) return undefined
  const digits = (value < 0n ? -value : value).toString(base).padStart(precision ?? 0, '0')
  const text = `${flags.includes('#') && (letter !== 'o' || digits !== '0') ? (prefixes[letter] ?? '') : ''}${letter === 'X' ? digits.toUpperCase() : digits}`
  return signed(verb, `${value < 0n ? '-' : ''}${text}`)
}

function ofNumber(verb: Verb, value: number): string | undefined {
  const { letter, precision } = verb
  if (!Number.isFinite(value)) return 'eEfFgG'.includes(letter) ? signed(verb, printed(value)) : undefined
  // JavaScript writes no more than 100 digits behind the point; more would be zeros.
  const digits = Math.min(precision ?? 6, 100)
  switch (letter) {
    case 'f':
    case 'F':
      return signed(verb, fixed(value, digits))
    case 'e':
    case 'E': {
      const text = value.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2')
      return signed(verb, letter === 'E' ? text.toUpperCase() : text)
    }
    case 'g':
    case 'G': {
      const text = precision === undefined ? printed(value) : shortest(value, Math.max(1, digits))
      return signed(verb, letter === 'G' ? text.toUpperCase() : text)
    }
    default:
      return undefined
  }
}

/** `toFixed` gives up at 1e21. */
function fixed(value: number, digits: number): string {
  if (Math.abs(value) < 1e21) return value.toFixed(digits)
  return `${BigInt(value)}${digits === 0 ? '' : `.${'0'.repeat(digits)}`}`
}

/** At most so many digits that count, and no zeros behind them. */
function shortest(value: number, digits: number): string {
  const exponent = Number(/e(.+)$/.exec(value.toExponential(digits - 1))?.[1] ?? 0)
  if (exponent < -4 || exponent >= digits) {
    return value
      .toExponential(digits - 1)
      .replace(/\.?0+e/, 'e')
      .replace(/e([+-])(\d)$/, 'e$10$2')
  }
  return String(Number(value.toPrecision(digits)))
}

function signed({ flags }: Verb, text: string): string {
  if (/^[+-]/.test(text)) return text
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text
}

/** Go's name for the type of a value. */
function goType(value: unknown): string {
  if (value === undefined || value === null) return '<nil>'
  if (typeof value === 'string' || value instanceof TemplateFields) return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64'
  if (typeof value === 'bigint') return 'int'
  return kindOf(value) === 'a time' ? 'time.Time' : Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}'
}
