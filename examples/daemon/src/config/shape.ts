/** The schema as a tree of tables, lists and leaves: what may stand where, for everything that walks it. */

import type { z } from 'zod'

/** One way in which a single value may be written. */
export type LeafForm =
  | {
      readonly form: 'text'
      /** What kind of text, in words, where the schema says: its meta `expected`. */
      readonly expected: string | undefined
    }
  | { readonly form: 'words'; readonly words: readonly string[] }
  | {
      readonly form: 'number'
      readonly whole: boolean
      readonly min: number | undefined
      readonly max: number | undefined
      /** Whether `min` itself is too small. */
      readonly above: boolean
    }
  | { readonly form: 'boolean'; readonly only: boolean | undefined }
  | { readonly form: 'list'; readonly item: readonly LeafForm[] }
  | { readonly form: 'record'; readonly value: readonly LeafForm[] }

/** A place that takes one value, a list of texts, or a record. */
export interface LeafShape {
  readonly kind: 'leaf'
  /** All the ways; a text is the last one to be tried. */
  readonly forms: readonly LeafForm[]
  /** Whether what stands here is never shown. */
  readonly secret: boolean
}

/** A place that takes a table with these keys. */
export interface TableShape {
  readonly kind: 'table'
  readonly keys: ReadonlyMap<string, Shape>
  /** Keys that are tables and cannot be left out. */
  readonly neededTables: ReadonlySet<string>
}

/** A place that takes a table whose keys depend on one of them. */
export interface ChoiceShape {
  readonly kind: 'choice'
  /** The key that decides. */
  readonly by: string
  /** By what it says; `undefined` is when it says nothing, where that is allowed. */
  readonly of: ReadonlyMap<string | undefined, TableShape>
  /** The keys of all of them, for when it is not known yet which one it is. */
  readonly any: TableShape
}

/** A place that takes a list of tables. */
export interface ListShape {
  readonly kind: 'list'
  readonly item: TableShape | ChoiceShape
}

/** What may stand at a place. */
export type Shape = LeafShape | TableShape | ChoiceShape | ListShape

type Schema = z.core.$ZodType

/**
 * The shape of a schema.
 *
 * @throws when the schema has a kind of place that no text can be turned into: then this file has to learn it first
 */
export function shapeOf(schema: Schema): Shape {
  const { def } = (schema as z.ZodType)._zod as { def: z.core.$ZodTypes['_zod']['def'] }
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'prefault':
    case 'nullable':
    case 'nonoptional':
    case 'readonly':
      return shapeOf(def.innerType)
    case 'pipe':
      return pipeShape(def, schema)
    case 'object':
      return tableShape(def.shape)
    case 'array': {
      const item = shapeOf(def.element)
      if (item.kind === 'list') throw new Error('a list of lists has no names for its leaves')
      if (item.kind !== 'leaf') return { kind: 'list', item }
      return { kind: 'leaf', forms: [{ form: 'list', item: item.forms }], secret: item.secret || isSecret(schema) }
    }
    case 'record': {
      const value = shapeOf(def.valueType)
      if (value.kind !== 'leaf') throw new Error('a record of tables has no names for its leaves')
      return { kind: 'leaf', forms: [{ form: 'record', value: value.forms }], secret: value.secret || isSecret(schema) }
    }
    case 'union':
      return unionShape(def)
    default:
      return { kind: 'leaf', forms: [formOf(schema, def)], secret: isSecret(schema) }
  }
}

function pipeShape(def: z.core.$ZodPipeDef, schema: Schema): Shape {
  const inside = (def.in as z.ZodType).def.type === 'transform' ? def.out : def.in
  const shape = shapeOf(inside)
  if (shape.kind !== 'leaf') return shape
  const secret = shape.secret || isSecret(schema)
  // A text that is made lower-case first: its words are those of the end of the pipe.
  const end = (def.out as z.ZodType).def.type === 'enum' ? shapeOf(def.out) : shape
  return end.kind === 'leaf' ? { ...end, secret } : { ...shape, secret }
}

function tableShape(fields: Readonly<Record<string, Schema>>): TableShape {
  const keys = new Map(Object.entries(fields).map(([key, field]) => [key, shapeOf(field)]))
  const neededTables = new Set<string>()
  for (const [key, field] of Object.entries(fields)) {
    if (keys.get(key)?.kind === 'table' && !(field as z.ZodType).safeParse(undefined).success) neededTables.add(key)
  }
  return { kind: 'table', keys, neededTables }
}

function unionShape(def: z.core.$ZodUnionDef & { discriminator?: string }): Shape {
  const shapes = def.options.map(shapeOf)
  const by = def.discriminator
  if (by === undefined) return shapes.reduce(together)
  const of = new Map<string | undefined, TableShape>()
  for (const [at, shape] of shapes.entries()) {
    if (shape.kind !== 'table') throw new Error('only tables can be told apart by one of their keys')
    const decider = shape.keys.get(by)
    for (const form of decider?.kind === 'leaf' ? decider.forms : []) {
      if (form.form === 'words') for (const word of form.words) of.set(word, shape)
    }
    const field = (def.options[at] as z.ZodObject).shape[by] as z.ZodType | undefined
    if (field?.safeParse(undefined).success === true) of.set(undefined, shape)
  }
  const any = [...of.values()].reduce(tablesTogether)
  return { kind: 'choice', by, of, any: { ...any, neededTables: new Set() } }
}

function together(left: Shape, right: Shape): Shape {
  if (left.kind === 'leaf' && right.kind === 'leaf') {
    return { kind: 'leaf', forms: formsTogether(left.forms, right.forms), secret: left.secret || right.secret }
  }
  if (left.kind === 'table' && right.kind === 'table') return tablesTogether(left, right)
  if (left.kind === 'choice' && right.kind === 'choice' && left.by === right.by) {
    const of = new Map(left.of)
    for (const [word, shape] of right.of) {
      const other = of.get(word)
      of.set(word, other === undefined ? shape : tablesTogether(other, shape))
    }
    return { kind: 'choice', by: left.by, of, any: tablesTogether(left.any, right.any) }
  }
  if (left.kind === 'list' && right.kind === 'list') {
    const item = together(left.item, right.item)
    if (item.kind === 'table' || item.kind === 'choice') return { kind: 'list', item }
  }
  throw new Error(`a place cannot take a ${left.kind} or a ${right.kind}`)
}

function tablesTogether(left: TableShape, right: TableShape): TableShape {
  const keys = new Map(left.keys)
  for (const [key, shape] of right.keys) {
    const other = keys.get(key)
    keys.set(key, other === undefined ? shape : together(other, shape))
  }
  return { kind: 'table', keys, neededTables: new Set() }
}

function formsTogether(left: readonly LeafForm[], right: readonly LeafForm[]): readonly LeafForm[] {
  const words = [...left, ...right].flatMap((form) => (form.form === 'words' ? form.words : []))
  const others = [...left, ...right].filter(({ form }) => form !== 'words')
  const merged: LeafForm[] = words.length > 0 ? [{ form: 'words', words: [...new Set(words)] }] : []
  const seen = new Set<string>()
  for (const form of others) {
    const same = JSON.stringify(form)
    if (!seen.has(same)) merged.push(form)
    seen.add(same)
  }
  return merged
}

function formOf(schema: Schema, def: z.core.$ZodTypes['_zod']['def']): LeafForm {
  switch (def.type) {
    case 'string':
      return { form: 'text', expected: expectedOf(schema) }
    case 'boolean':
      return { form: 'boolean', only: undefined }
    case 'number':
      return numberForm(schema as z.ZodNumber)
    case 'enum':
      return { form: 'words', words: Object.values(def.entries).map(String) }
    case 'literal': {
      const [value] = def.values
      if (def.values.length === 1 && typeof value === 'boolean') return { form: 'boolean', only: value }
      if (def.values.every((each) => typeof each === 'string')) return { form: 'words', words: def.values as string[] }
      throw new Error('only words and booleans can be prescribed')
    }
    default:
      throw new Error(`it is not known how a text becomes a value of the kind "${def.type}"`)
  }
}

function numberForm(schema: z.ZodNumber): LeafForm {
  const bound = (value: number | null): number | undefined =>
    value === null || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? undefined : value
  const min = bound(schema.minValue)
  const above = (schema.def.checks ?? []).some((check) => {
    const { def } = check._zod as { def: { check: string; value?: unknown; inclusive?: boolean } }
    return def.check === 'greater_than' && def.inclusive === false && def.value === min
  })
  return { form: 'number', whole: schema.isInt, min, max: bound(schema.maxValue), above }
}

function isSecret(schema: Schema): boolean {
  return (schema as z.ZodType).meta()?.['secret'] === true
}

function expectedOf(schema: Schema): string | undefined {
  const expected = (schema as z.ZodType).meta()?.['expected']
  return typeof expected === 'string' ? expected : undefined
}

/** The table that a choice is, as far as its deciding key tells. */
export function tableOf(shape: TableShape | ChoiceShape, decider: unknown): TableShape {
  if (shape.kind === 'table') return shape
  const isKnowable = decider === undefined || typeof decider === 'string'
  return (isKnowable ? shape.of.get(decider) : undefined) ?? shape.any
}

/** The leaf at a path, or that a path leads into; undefined when it leads elsewhere. Types of stages do not matter. */
export function leafAt(root: Shape, path: readonly string[]): LeafShape | undefined {
  let shape: Shape | undefined = root
  for (const key of path) {
    if (shape === undefined || shape.kind === 'leaf') break
    if (shape.kind === 'list') shape = shape.item
    else shape = (shape.kind === 'choice' ? shape.any : shape).keys.get(key)
  }
  return shape?.kind === 'leaf' ? shape : undefined
}

/** Whether a path names an element of a list of texts, or a value of a record, rather than the whole leaf. */
export function isWithinLeaf(root: Shape, path: readonly string[]): boolean {
  return path.length > 0 && leafAt(root, path.slice(0, -1)) !== undefined
}

/** What stands at a place in words: `a whole number from 0 to 65535`. */
export function describeForms(forms: readonly LeafForm[]): string {
  return forms.map(describeForm).join(' or ')
}

function describeForm(form: LeafForm): string {
  switch (form.form) {
    case 'text':
      return form.expected ?? 'a text'
    case 'words': {
      const words = form.words.map((word) => `\`${word}\``)
      return words.length === 1 ? words.join() : `one of ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
    }
    case 'boolean':
      return form.only === undefined ? 'true or false' : `\`${form.only}\``
    case 'number': {
      const kind = form.whole ? 'a whole number' : 'a number'
      if (form.min !== undefined && form.max !== undefined) return `${kind} from ${form.min} to ${form.max}`
      if (form.min !== undefined) return form.above ? `${kind} above ${form.min}` : `${kind} of at least ${form.min}`
      return form.max === undefined ? kind : `${kind} of at most ${form.max}`
    }
    case 'list':
      return `a list, each ${describeForms(form.item)}`
    case 'record':
      return `a table, each value ${describeForms(form.value)}`
  }
}
