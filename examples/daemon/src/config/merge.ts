/** Lays what the environment and the command line say over what the file says. */

import type { Assignment } from './assignment.ts'
import { coerce, formsInside } from './coerce.ts'
import { configShape } from './config-shape.ts'
import type { ConsoleTarget } from './environment.ts'
import type { Problem, ValueOrigin } from './loaded-config.ts'
import { type LeafShape, type Shape, type TableShape, tableOf } from './shape.ts'
import type { Written, WrittenList, WrittenTable } from './written.ts'

const ranks: Readonly<Record<ValueOrigin['from'], number>> = { default: 0, file: 1, environment: 2, 'command-line': 3 }

/**
 * Puts values into a tree, each into its own place; what is there already from a lower layer is replaced.
 * A list grows by an element when the index is the next one.
 *
 * @returns what cannot be put anywhere
 */
export function merge(tree: WrittenTable, assignments: readonly Assignment[]): readonly Problem[] {
  const problems: Problem[] = []
  for (const assignment of [...assignments].sort(byPlaceThenLayer)) {
    const path = assignment.paths.find((each) => fits(tree, each)) ?? assignment.paths[0]
    if (path === undefined) continue
    const problem = put(tree, path, assignment)
    if (problem !== undefined) problems.push(problem)
  }
  return problems
}

/** Gives every console sink a target, unless the environment or the command line names one for that very sink. */
export function aimConsoles(tree: WrittenTable, target: ConsoleTarget | undefined): void {
  if (target === undefined) return
  const origin = { from: 'environment', variable: 'LOGWISP_CONSOLE_TARGET' } as const
  for (const pipeline of tablesOf(tree.entries.get('pipelines')?.node)) {
    for (const sink of tablesOf(pipeline.entries.get('sinks')?.node)) {
      const type = deciderOf(sink, 'type')
      if (type !== 'stdout' && type !== 'stderr') continue
      const options = tableIn(sink, 'options', origin)
      const known = options?.entries.get('target')?.node.origin.from ?? 'default'
      if (ranks[known] >= ranks.environment) continue
      options?.entries.set('target', { keyOrigin: origin, node: { kind: 'value', value: target, origin } })
    }
  }
}

function tablesOf(node: Written | undefined): readonly WrittenTable[] {
  return node?.kind === 'list' ? node.items.filter((item) => item.kind === 'table') : []
}

/**
 * Elements in their order, so that a list can grow by several. `type` before what depends on it, the whole of a list
 * before one element of it, the environment before the command line.
 */
function byPlaceThenLayer(left: Assignment, right: Assignment): number {
  const [mine, theirs] = [left.paths[0] ?? [], right.paths[0] ?? []]
  for (let at = 0; at < Math.min(mine.length, theirs.length); at++) {
    const order = compareKeys(mine[at] ?? '', theirs[at] ?? '')
    if (order !== 0) return order
  }
  return mine.length - theirs.length || ranks[left.origin.from] - ranks[right.origin.from]
}

function compareKeys(left: string, right: string): number {
  if (left === right) return 0
  const [leftIndex, rightIndex] = [Number(left), Number(right)]
  if (!Number.isNaN(leftIndex) && !Number.isNaN(rightIndex)) return leftIndex - rightIndex
  if (left === 'type' || right === 'type') return left === 'type' ? -1 : 1
  return left < right ? -1 : 1
}

/** Whether a place is one that the stages' types, as known so far, have. */
function fits(tree: WrittenTable, path: readonly string[]): boolean {
  let shape: Shape | undefined = configShape
  let node: Written | undefined = tree
  for (const [at, key] of path.entries()) {
    if (shape === undefined) return false
    if (shape.kind === 'leaf') return at === path.length - 1 && formsInside(shape.forms, key) !== undefined
    if (shape.kind === 'list') {
      shape = shape.item
      node = node?.kind === 'list' ? node.items[Number(key)] : undefined
    } else {
      shape = resolve(shape, node).keys.get(key)
      node = node?.kind === 'table' ? node.entries.get(key)?.node : undefined
    }
  }
  return shape?.kind === 'leaf'
}

function resolve(shape: Extract<Shape, { kind: 'table' | 'choice' }>, node: Written | undefined): TableShape {
  return tableOf(shape, shape.kind === 'choice' && node?.kind === 'table' ? deciderOf(node, shape.by) : undefined)
}

/** What a table says of its own kind. */
export function deciderOf(table: WrittenTable, by: string): unknown {
  const node = table.entries.get(by)?.node
  return node?.kind === 'value' ? node.value : undefined
}

/** What a key leads to, given what the table says of its own kind. */
function below(shape: Shape | undefined, node: Written, key: string): Shape | undefined {
  if (shape?.kind === 'list') return shape.item
  return shape?.kind === 'table' || shape?.kind === 'choice' ? resolve(shape, node).keys.get(key) : undefined
}

function put(tree: WrittenTable, path: readonly string[], { text, origin }: Assignment): Problem | undefined {
  // What the types of the stages allow here, and what any type would: a key that only another type has is put there
  // all the same, so that the check of the whole says that it is wrong.
  let own: Shape | undefined = configShape
  let any = configShape as Shape
  let node: WrittenTable | WrittenList = tree
  for (const [at, key] of path.entries()) {
    if (node.kind === 'list') {
      if (any.kind !== 'list') return undefined
      own = below(own, node, key)
      any = any.item
      const item = itemAt(node, Number(key), origin)
      if (item === undefined) return gap(path.slice(0, at), node, Number(key), origin)
      if (item.kind !== 'table') return undefined
      node = item
      continue
    }
    if (any.kind !== 'table' && any.kind !== 'choice') return undefined
    const inner: Shape | undefined = (any.kind === 'choice' ? any.any : any).keys.get(key)
    if (inner === undefined) return undefined
    own = below(own, node, key)
    any = inner
    const shape: Shape = own ?? any
    if (shape.kind === 'leaf') return putLeaf(node, path, at, shape, text, origin)
    const next: WrittenTable | WrittenList | undefined =
      shape.kind === 'list' ? listIn(node, key, origin) : tableIn(node, key, origin)
    // The file has something else here: the check of the whole will say so.
    if (next === undefined) return undefined
    node = next
  }
  return undefined
}

function putLeaf(
  table: WrittenTable,
  path: readonly string[],
  at: number,
  shape: LeafShape,
  text: string,
  origin: ValueOrigin,
): Problem | undefined {
  const key = path[at] ?? ''
  const inside = path[at + 1]
  const known = table.entries.get(key)?.node
  if (inside === undefined) {
    table.entries.set(key, { keyOrigin: origin, node: coerce(text, shape.forms, origin) })
    return undefined
  }
  const forms = formsInside(shape.forms, inside) ?? []
  const value = coerce(text, forms, origin)
  // One element from a lower layer does not change the whole that a higher one has given.
  if (known !== undefined && ranks[known.origin.from] > ranks[origin.from]) return undefined
  const isRecord = shape.forms.some(({ form }) => form === 'record')
  const whole = isRecord ? tableIn(table, key, origin) : listOfTexts(table, key, origin)
  if (whole?.kind === 'table') whole.entries.set(inside, { keyOrigin: origin, node: value })
  if (whole?.kind !== 'list') return undefined
  const index = Number(inside)
  if (index > whole.items.length) return gap(path.slice(0, at + 1), whole, index, origin)
  whole.items[index] = value
  return undefined
}

/** A list; one text becomes the first element where a text or a list may stand. */
function listOfTexts(table: WrittenTable, key: string, origin: ValueOrigin): WrittenList | undefined {
  const known = table.entries.get(key)
  if (known?.node.kind === 'value' && known.node.value !== null) {
    const node: WrittenList = { kind: 'list', items: [known.node], origin: known.node.origin }
    table.entries.set(key, { ...known, node })
    return node
  }
  return listIn(table, key, origin)
}

function itemAt(list: WrittenList, index: number, origin: ValueOrigin): Written | undefined {
  if (index > list.items.length) return undefined
  const item = list.items[index]
  if (item !== undefined && !isNothing(item)) return item
  const made: WrittenTable = { kind: 'table', entries: new Map(), origin }
  list.items[index] = made
  return made
}

function gap(path: readonly string[], list: WrittenList, index: number, origin: ValueOrigin): Problem {
  const place = path.join('.')
  const message = `cannot be: \`${place}\` has ${list.items.length} elements, so the next one is ${place}.${list.items.length}`
  return { path: `${place}.${index}`, message, origin }
}

function tableIn(table: WrittenTable, key: string, origin: ValueOrigin): WrittenTable | undefined {
  const known = table.entries.get(key)?.node
  if (known !== undefined && !isNothing(known)) return known.kind === 'table' ? known : undefined
  const node: WrittenTable = { kind: 'table', entries: new Map(), origin }
  table.entries.set(key, { keyOrigin: origin, node })
  return node
}

function listIn(table: WrittenTable, key: string, origin: ValueOrigin): WrittenList | undefined {
  const known = table.entries.get(key)?.node
  if (known !== undefined && !isNothing(known)) return known.kind === 'list' ? known : undefined
  const node: WrittenList = { kind: 'list', items: [], origin }
  table.entries.set(key, { keyOrigin: origin, node })
  return node
}

/** YAML's `logging:` with nothing behind it. */
function isNothing(node: Written): boolean {
  return node.kind === 'value' && node.value === null
}
