/** Checks a configuration against the schema, and says what is wrong in words for whoever wrote it. */

import type { z } from 'zod'
import { configShape } from './config-shape.ts'
import { type Config, configSchema } from './schema.ts'
import { describeForms, type Shape, tableOf } from './shape.ts'
import { suggest } from './suggest.ts'

/** Something that the schema does not allow. */
export interface SchemaProblem {
  /** The dotted path; empty for the whole. */
  readonly path: string
  /** What is wrong and what it must be. A secret is never in it. */
  readonly message: string
  /** With a key that there is not: the key, and those that there are. */
  readonly unknown?: { readonly key: string; readonly known: readonly string[] }
}

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** Checks plain data, such as a file gives. All problems at once, in no order. */
export function parseConfig(tree: unknown): { readonly config: Config } | { readonly problems: SchemaProblem[] } {
  const result = configSchema.safeParse(tree)
  if (result.success) return { config: result.data }
  return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, [], tree)) }
}

function problemsOf(issue: Issue, above: Path, tree: unknown): SchemaProblem[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, tree))
  if (issue.code === 'invalid_union') {
    const branch = nearestBranch(issue.errors)
    const value = valueAt(tree, path)
    if (branch !== undefined && isTable(value)) {
      return typeof branch === 'string'
        ? [{ path: path.join('.'), message: branch }]
        : branch.flatMap((inner) => problemsOf(inner, path, tree))
    }
  }
  return [{ path: path.join('.'), message: issue.code === 'custom' ? issue.message : wordsFor(path, tree) }]
}

function unknownKey(path: Path, key: string, tree: unknown): SchemaProblem {
  const shape = shapeAt(path, tree)
  const known = shape?.kind === 'table' ? [...shape.keys.keys()] : []
  if (known.includes(key)) {
    return { path: [...path, key].join('.'), message: 'does not go together with what else is given here' }
  }
  const message = known.length === 0 ? 'is not known here' : `is not known here; there are ${known.join(', ')}`
  return { path: [...path, key].join('.'), message, unknown: { key, known } }
}

/**
 * Of the branches of a union of tables the one that was meant: that with the fewest keys that it does not know. Words when
 * nothing tells which, because each only lacks something.
 */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | string | undefined {
  const strangers = (issues: readonly Issue[]): number =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0), 0)
  const ranked = branches.toSorted((left, right) => strangers(left) - strangers(right))
  const [best, next] = ranked
  const lacks = ranked.map((issues) => issues.filter(isMissing).map(({ path }) => `\`${path.join('.')}\``))
  const tie = best !== undefined && next !== undefined && strangers(best) === strangers(next)
  if (tie && ranked.every((issues, index) => issues.length === lacks[index]?.length)) {
    return `must have ${lacks.map((names) => names.join(' and ')).join(', or ')}`
  }
  return best
}

function isMissing(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
}

function wordsFor(path: Path, tree: unknown): string {
  const shape = shapeAt(path, tree)
  const value = valueAt(tree, path)
  const expected = shape === undefined ? 'something else' : expectedAt(shape)
  if (value === undefined) return `is missing: must be ${expected}`
  if (value === '') return `must be ${expected}, and not empty`
  if (shape?.kind === 'list' && Array.isArray(value)) return 'must have at least one element'
  const isSecret = shape?.kind === 'leaf' && shape.secret
  return `must be ${expected}, got ${isSecret ? `${kindOf(value)} that is not shown` : shown(value)}${meant(shape, value)}`
}

/** The word that was meant, where there are some and another stands there. */
function meant(shape: Shape | undefined, value: unknown): string {
  if (shape?.kind !== 'leaf' || shape.secret || typeof value !== 'string') return ''
  const words = shape.forms.flatMap((form) => (form.form === 'words' ? form.words : []))
  const near = suggest(value, words)
  return near === undefined ? '' : `; did you mean \`${near}\`?`
}

function expectedAt(shape: Shape): string {
  switch (shape.kind) {
    case 'leaf':
      return describeForms(shape.forms)
    case 'list':
      return 'a list of tables'
    default:
      return 'a table'
  }
}

/** What may stand at a path, as far as the data tells which of several it is. */
function shapeAt(path: Path, tree: unknown): Shape | undefined {
  let shape: Shape | undefined = configShape
  let value: unknown = tree
  for (const step of path) {
    if (shape?.kind === 'table' || shape?.kind === 'choice') {
      const { keys }: { keys: ReadonlyMap<string, Shape> } = resolved(shape, value)
      shape = keys.get(String(step))
    } else if (shape?.kind === 'list') shape = shape.item
    else if (shape?.kind === 'leaf') {
      // An element of a list, or a value of a record, of texts.
      const [inner] = shape.forms.flatMap((form) =>
        form.form === 'list' ? [form.item] : form.form === 'record' ? [form.value] : [],
      )
      if (inner !== undefined) shape = { ...shape, forms: inner }
    }
    value = isTable(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[step] : undefined
  }
  return shape?.kind === 'choice' ? resolved(shape, value) : shape
}

function resolved(
  shape: Extract<Shape, { kind: 'table' | 'choice' }>,
  value: unknown,
): Extract<Shape, { kind: 'table' }> {
  if (shape.kind === 'table') return shape
  return tableOf(shape, isTable(value) ? value[shape.by] : undefined)
}

function valueAt(tree: unknown, path: Path): unknown {
  let value = tree
  for (const step of path) {
    if (!isTable(value) && !Array.isArray(value)) return undefined
    value = (value as Record<PropertyKey, unknown>)[step]
  }
  return value
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Date) return 'a time'
  if (value === null) return 'nothing'
  return typeof value === 'object'
    ? 'a table'
    : ({ string: 'a text', number: 'a number' }[typeof value as string] ?? 'a value')
}

function shown(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return kindOf(value)
  // A password in a URL is no business of a log.
  const text = JSON.stringify(value.replace(/\/\/[^/@]*@/g, '//***@'))
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
