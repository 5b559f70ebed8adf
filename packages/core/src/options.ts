/** Checking options when a stage is made: all of them, unknown names too, and never by clamping. */

import { OptionError } from './errors.ts'

/** What one option accepts, and how to say so. Make them with the members of {@link option}. */
export interface OptionRule {
  /** The words after "must be", e.g. `an integer from 10 to 60000`. */
  readonly expected: string
  /** Values of this option are secret, or may be by mistake: no error tells them. @default false */
  readonly isSecret?: boolean
  /** Whether the value may be used. */
  accepts(value: unknown): boolean
}

interface Range {
  readonly min?: number
  /** An exclusive lower bound, instead of `min`. */
  readonly above?: number
  readonly max?: number
  /** Whether `Infinity` ("no bound") is accepted too. */
  readonly orInfinity?: boolean
}

function ranged(
  noun: string,
  accepts: (value: number) => boolean,
  { min, above, max, orInfinity = false }: Range,
): OptionRule {
  let expected = noun
  if (min !== undefined && max !== undefined) expected += ` from ${min} to ${max}`
  else if (min !== undefined) expected += ` of at least ${min}`
  else if (above !== undefined) expected += ` above ${above}`
  else if (max !== undefined) expected += ` of at most ${max}`
  if (orInfinity) expected += ', or Infinity'
  return {
    expected,
    accepts: (value) =>
      typeof value === 'number' &&
      ((orInfinity && value === Infinity) ||
        (accepts(value) && value >= (min ?? -Infinity) && value > (above ?? -Infinity) && value <= (max ?? Infinity))),
  }
}

function oneOf(...words: readonly string[]): OptionRule {
  return {
    expected: words.map((word) => `'${word}'`).join(' or '),
    accepts: (value) => typeof value === 'string' && words.includes(value),
  }
}

/** The rules that stages are described with; a stage with a need of its own writes an {@link OptionRule} literal. */
export const option = {
  /** A whole number within a range. */
  integer: (range: Range = {}): OptionRule => ranged('an integer', Number.isSafeInteger, range),
  /** A finite number within a range. */
  number: (range: Range = {}): OptionRule => ranged('a number', Number.isFinite, range),
  /** `true` or `false`. */
  boolean: { expected: 'true or false', accepts: (value: unknown) => typeof value === 'boolean' },
  /** A string with at least one character. */
  text: { expected: 'a non-empty string', accepts: (value: unknown) => typeof value === 'string' && value !== '' },
  /** A function. */
  function: { expected: 'a function', accepts: (value: unknown) => typeof value === 'function' },
  /** Exactly one of these words. */
  oneOf,
  /** Something that any of these rules accepts. */
  either: (...rules: readonly OptionRule[]): OptionRule => ({
    expected: rules.map((rule) => rule.expected).join(', or '),
    accepts: (value) => rules.some((rule) => rule.accepts(value)),
  }),
  /** An array whose every element the rule accepts; at least `min` of them (default 0). */
  list: (rule: OptionRule, min = 0): OptionRule => ({
    expected: `an array of ${min > 0 ? `at least ${min} of ` : ''}${rule.expected}`,
    accepts: (value) => Array.isArray(value) && value.length >= min && value.every((item) => rule.accepts(item)),
  }),
  /** An object that has all of these methods. */
  having: (noun: string, ...methods: readonly string[]): OptionRule => ({
    expected: noun,
    accepts: (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function'),
  }),
} as const

function describe(value: unknown, isSecret = false): string {
  if (value === null) return 'null'
  if (typeof value === 'string' && isSecret) return `another text of ${value.length} characters`
  if (typeof value === 'string')
    return `${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)} (string)`
  if (typeof value === 'number' || typeof value === 'boolean') return `${value} (${typeof value})`
  return Array.isArray(value) ? 'an array' : typeof value
}

/**
 * Checks the argument that a stage cannot do without.
 *
 * @throws OptionError `BAD_OPTION` when the rule does not accept it.
 */
export function checkArgument(stage: string, name: string, value: unknown, rule: OptionRule): void {
  if (!rule.accepts(value)) {
    throw new OptionError(stage, name, `\`${name}\` must be ${rule.expected}, got ${describe(value, rule.isSecret)}`)
  }
}

/**
 * Checks a stage's whole options object; an option that is absent or `undefined` is left to its default.
 *
 * @throws OptionError `BAD_OPTION` for the first unknown name or refused value.
 */
export function checkOptions(stage: string, options: unknown, rules: Readonly<Record<string, OptionRule>>): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new OptionError(stage, 'options', `\`options\` must be an object, got ${describe(options)}`)
  }
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) {
      const known = Object.keys(rules).sort().join(', ')
      throw new OptionError(stage, name, `\`${name}\` is no option; the options are ${known || 'none'}`)
    }
    if (value !== undefined) checkArgument(stage, name, value, rule)
  }
}
