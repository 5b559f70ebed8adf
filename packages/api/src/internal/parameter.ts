/** Parameters of requests: what each means for people, for programs, and for us. One place for all three. */

import type { JsonSchema } from './json-schema.ts'

/** A parameter of a query, of a path or of a head. */
export interface Parameter<Value = unknown, Name extends string = string> {
  readonly name: Name
  /** @default 'query' */
  readonly in?: 'query' | 'path' | 'header'
  readonly description: string
  readonly schema: JsonSchema
  /** @default false */
  readonly isRequired?: boolean
  /** What the text says. @throws BadParameter. */
  read(text: string): Value
}

/** A parameter that can not be used. Answered with 400. */
export class BadParameter extends Error {
  readonly parameter: string

  constructor(parameter: string, message: string) {
    super(message)
    this.parameter = parameter
  }
}

/** How much of a bad value an answer tells. */
const maxToldChars = 60

/** A value as a problem tells it. */
export function told(text: string): string {
  return JSON.stringify(text.length > maxToldChars ? `${text.slice(0, maxToldChars)}…` : text)
}

/** A whole number within a range. */
export function integerParameter<Name extends string>(
  name: Name,
  description: string,
  { min, max, byDefault }: { readonly min: number; readonly max: number; readonly byDefault: number },
): Parameter<number, Name> {
  return {
    name,
    description,
    schema: { type: 'integer', minimum: min, maximum: max, default: byDefault },
    read(text) {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
      if (value >= min && value <= max) return value
      throw new BadParameter(name, `${name} must be a whole number from ${min} to ${max}, got ${told(text)}`)
    },
  }
}

/** One of some words. */
export function wordParameter<Name extends string, const Word extends string>(
  name: Name,
  description: string,
  words: readonly Word[],
  byDefault?: Word,
): Parameter<Word, Name> {
  return {
    name,
    description,
    schema: { type: 'string', enum: words, ...(byDefault === undefined ? {} : { default: byDefault }) },
    read(text) {
      const word = words.find((one) => one === text)
      if (word !== undefined) return word
      throw new BadParameter(name, `${name} must be ${words.join(' or ')}, got ${told(text)}`)
    },
  }
}

/** A text of a bounded length. */
export function textParameter<Name extends string>(
  name: Name,
  description: string,
  maxChars: number,
): Parameter<string, Name> {
  return {
    name,
    description,
    schema: { type: 'string', maxLength: maxChars },
    read(text) {
      if (text.length <= maxChars) return text
      throw new BadParameter(name, `${name} has ${text.length} characters, at most ${maxChars} are read`)
    },
  }
}

/** A text of one form. */
export function formedParameter<Name extends string>(
  name: Name,
  description: string,
  form: {
    readonly pattern: RegExp
    readonly expected: string
    readonly in?: Parameter['in']
    readonly schema: JsonSchema
  },
): Parameter<string, Name> {
  return {
    name,
    ...(form.in === undefined ? {} : { in: form.in }),
    description,
    schema: form.schema,
    read(text) {
      if (form.pattern.test(text)) return text
      throw new BadParameter(name, `${name} must be ${form.expected}, got ${told(text)}`)
    },
  }
}
