/** Finds the keys that there are not, and makes plain data of what was written. */

import type { Problem, ValueOrigin } from './loaded-config.ts'
import { deciderOf } from './merge.ts'
import { type LeafShape, type Shape, type TableShape, tableOf } from './shape.ts'
import { suggest } from './suggest.ts'
import type { Written, WrittenEntry, WrittenTable } from './written.ts'

/** Problems with words on what was meant: they cost a comparison with every name, and nobody reads more of them. */
const maxHints = 200

/** Plain data for the schema. */
export interface CheckedTree {
  /** What was written, without the keys that there are not. */
  readonly plain: unknown
  readonly problems: readonly Problem[]
}

/** Separates known from unknown keys, at every level. */
export function checkWritten(tree: WrittenTable, shape: TableShape): CheckedTree {
  const problems: Problem[] = []
  const plain = tablePlain(tree, shape, [], problems, undefined)
  return { plain, problems }
}

/** The kind of a stage, for the words of a problem. */
type Chosen = { readonly by: string; readonly type: string } | undefined

interface Parent {
  readonly key: string
  readonly shape: TableShape
}

function plainOf(
  node: Written,
  shape: Shape,
  path: readonly string[],
  problems: Problem[],
  parent: Parent,
  chosen: Chosen,
): unknown {
  if (shape.kind === 'leaf') return leafPlain(node, shape, path, problems)
  if (node.kind === 'value') return node.value === null && shape.kind !== 'list' ? {} : node.value
  if (shape.kind === 'list') {
    if (node.kind !== 'list') return bare(node)
    return node.items.map((item, index) =>
      plainOf(item, shape.item, [...path, String(index)], problems, parent, chosen),
    )
  }
  if (node.kind === 'list') return bare(node)
  if (shape.kind === 'table') return tablePlain(node, shape, path, problems, parent, chosen)
  const type = deciderOf(node, shape.by)
  const isKnown = typeof type === 'string' && shape.of.has(type)
  const table = tableOf(shape, type)
  return tablePlain(node, table, path, problems, parent, isKnown ? { by: shape.by, type } : undefined)
}

function tablePlain(
  node: WrittenTable,
  shape: TableShape,
  path: readonly string[],
  problems: Problem[],
  parent: Parent | undefined,
  chosen?: Chosen,
): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [key, entry] of node.entries) {
    const inner = shape.keys.get(key)
    if (inner === undefined) {
      const problem = stranger(key, entry, node, shape, path, parent, chosen, problems.length < maxHints)
      if (problem !== undefined) problems.push(problem)
    } else {
      plain[key] = plainOf(entry.node, inner, [...path, key], problems, { key: path.at(-1) ?? '', shape }, chosen)
    }
  }
  // So that it is said which of their keys are missing.
  for (const key of shape.neededTables) plain[key] ??= {}
  return plain
}

function leafPlain(node: Written, shape: LeafShape, path: readonly string[], problems: Problem[]): unknown {
  if (node.kind === 'table' && shape.forms.some(({ form }) => form === 'record')) {
    const refused = [...node.entries].filter(([key]) => key === '__proto__')
    for (const [key, { keyOrigin }] of refused) {
      problems.push({ path: [...path, key].join('.'), message: 'cannot be a name', origin: keyOrigin })
    }
  }
  return bare(node)
}

/** Plain data of anything; `__proto__` is left out, as it would be no key of an object. */
function bare(node: Written): unknown {
  switch (node.kind) {
    case 'value':
      return node.value
    case 'list':
      return node.items.map(bare)
    case 'table': {
      const entries = [...node.entries].filter(([key]) => key !== '__proto__')
      return Object.fromEntries(entries.map(([key, entry]) => [key, bare(entry.node)]))
    }
  }
}

function stranger(
  key: string,
  { keyOrigin }: WrittenEntry,
  table: WrittenTable,
  shape: TableShape,
  path: readonly string[],
  parent: Parent | undefined,
  chosen: Chosen,
  isHinted: boolean,
): Problem | undefined {
  // The options of the default stage are of no use to a stage that the command line has made of it.
  if (keyOrigin.from === 'default') return undefined
  const at = [...path, key].join('.')
  const where = chosen === undefined ? 'is not known here' : `is not known to \`${chosen.by} = "${chosen.type}"\``
  const message = isHinted ? `${where}${hint(key, table, shape, path, parent)}` : where
  return { path: at, message, origin: keyOrigin satisfies ValueOrigin }
}

/** Where else the key is known: among those below, above, or one that is written nearly the same. */
function hint(
  key: string,
  table: WrittenTable,
  shape: TableShape,
  path: readonly string[],
  parent: Parent | undefined,
): string {
  const below = [...shape.keys].filter(([, inner]) => inner.kind === 'table' && inner.keys.has(key))
  const [nested] = below
  if (nested !== undefined) return `; it belongs into \`${nested[0]}\` here: \`${nested[0]}.${key}\``
  const unused = [...shape.keys.keys()].filter((name) => !table.entries.has(name))
  const near = suggest(key, unused)
  if (near !== undefined) return `; did you mean \`${near}\`?`
  const used = suggest(key, shape.keys.keys())
  if (used !== undefined) return `; \`${used}\` is given already`
  if (parent?.shape.keys.has(key) === true) {
    const level = parent.key === '' ? 'the top level' : `\`${parent.key}\``
    return `; it belongs one level up, beside \`${path.at(-1)}\` in ${level}`
  }
  const slipped = [...shape.keys].flatMap(([name, inner]) => {
    const found = inner.kind === 'table' ? suggest(key, inner.keys.keys()) : undefined
    return found === undefined ? [] : [`\`${name}.${found}\``]
  })
  if (slipped[0] !== undefined) return `; did you mean ${slipped[0]}?`
  return unused.length === 0 ? '' : `; there is ${listed([...shape.keys.keys()])}`
}

function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ')
}
