/** Tells for each leaf of a configuration where its value came from. */

import { configShape } from './config-shape.ts'
import type { ValueOrigin } from './loaded-config.ts'
import { type Shape, tableOf } from './shape.ts'
import type { Written, WrittenTable } from './written.ts'

const byDefault: ValueOrigin = { from: 'default' }

/**
 * By dotted path of each leaf that has a value, defaults included; elements of lists of texts and values of records too,
 * where they did not come from the same place as the whole.
 */
export function originsOf(config: unknown, tree: WrittenTable): ReadonlyMap<string, ValueOrigin> {
  const origins = new Map<string, ValueOrigin>()
  collect(config, configShape, tree, [], origins)
  return origins
}

function collect(
  value: unknown,
  shape: Shape,
  node: Written | undefined,
  path: readonly string[],
  origins: Map<string, ValueOrigin>,
): void {
  if (value === undefined) return
  if (shape.kind === 'leaf') {
    origins.set(path.join('.'), strongest(node))
    for (const [key, inner] of inside(node)) {
      if (!isSame(inner.origin, strongest(node))) origins.set([...path, key].join('.'), inner.origin)
    }
  } else if (shape.kind === 'list') {
    for (const [index, item] of (value as readonly unknown[]).entries()) {
      const written = node?.kind === 'list' ? node.items[index] : undefined
      collect(item, shape.item, written, [...path, String(index)], origins)
    }
  } else {
    const values = value as Readonly<Record<string, unknown>>
    const { keys } = shape.kind === 'choice' ? tableOf(shape, values[shape.by]) : shape
    for (const [key, inner] of keys) {
      const written = node?.kind === 'table' ? node.entries.get(key)?.node : undefined
      collect(values[key], inner, written, [...path, key], origins)
    }
  }
}

/** The layer that had the last word on any part of a leaf. */
function strongest(node: Written | undefined): ValueOrigin {
  if (node === undefined) return byDefault
  const order: readonly ValueOrigin['from'][] = ['default', 'file', 'environment', 'command-line']
  const parts = inside(node).map(([, part]) => part.origin)
  return parts.reduce((best, next) => (order.indexOf(next.from) > order.indexOf(best.from) ? next : best), node.origin)
}

function inside(node: Written | undefined): readonly (readonly [string, Written])[] {
  if (node?.kind === 'list') return node.items.map((item, index) => [String(index), item] as const)
  return node?.kind === 'table' ? [...node.entries].map(([key, entry]) => [key, entry.node] as const) : []
}

/** Elements of one list have places of their own, but nobody asks on which column each of them stands. */
function isSame(left: ValueOrigin, right: ValueOrigin): boolean {
  if (left.from === 'environment' && right.from === 'environment') return left.variable === right.variable
  if (left.from === 'command-line' && right.from === 'command-line') return left.flag === right.flag
  return left.from === right.from
}

/** Where a dotted path was written, or what it is part of; undefined when nobody wrote any of it. */
export function originAt(tree: WrittenTable, path: string): ValueOrigin | undefined {
  const origin = along(tree, path).at(-1)?.origin
  return origin?.from === 'default' ? undefined : origin
}

/** The nodes below the root on the way to a dotted path, as far as there are any. */
function along(tree: WrittenTable, path: string): readonly Written[] {
  const nodes: Written[] = []
  let node: Written | undefined = tree
  for (const key of path === '' ? [] : path.split('.')) {
    if (node.kind === 'list') node = node.items[Number(key)]
    else node = node.kind === 'table' ? node.entries.get(key)?.node : undefined
    if (node === undefined) break
    nodes.push(node)
  }
  return nodes
}
