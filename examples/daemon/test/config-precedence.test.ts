/**
 * For every leaf of the schema, in each of the eight combinations of file, environment and command line: the value is that
 * of the strongest layer that gives one, and its origin says which layer that was.
 *
 * Leaves and values are found by walking the schema: a new leaf is covered by itself, and one that this test knows no
 * values for makes it fail.
 */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { stringify as toToml } from 'smol-toml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify as toYaml } from 'yaml'
import { configShape } from '../src/config/config-shape.ts'
import { variableFor } from '../src/config/environment.ts'
import { flagFor, readFlags } from '../src/config/flags.ts'
import { originsOf } from '../src/config/origins.ts'
import { readLayers } from '../src/config/read-layers.ts'
import type { Config } from '../src/config/schema.ts'
import { parseConfig } from '../src/config/schema-problems.ts'
import { Secret } from '../src/config/secret.ts'
import { type LeafForm, type Shape, tableOf } from '../src/config/shape.ts'

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json }
type Tree = { [key: string]: unknown }

interface Leaf {
  readonly path: readonly string[]
  readonly forms: readonly LeafForm[]
}

/** A configuration that is valid, to put leaves into. */
interface Base {
  readonly name: string
  readonly tree: Tree
}

const layers = ['file', 'environment', 'command-line'] as const

let directory: string
let checked = 0
let leavesChecked = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-precedence-'))
})
afterAll(async () => {
  await rm(directory, { recursive: true })
  console.info(`precedence: ${leavesChecked} leaves × ${2 ** layers.length} combinations = ${checked} configurations`)
})

const stdout = { type: 'stdout', options: {} }
const stdin = { type: 'stdin', options: {} }

/** Bases in which each leaf of the schema is possible: every type of every stage, alone. */
function bases(): readonly Base[] {
  const pipeline = (parts: Tree): Tree => ({ pipelines: [{ name: 'a', sources: [stdin], sinks: [stdout], ...parts }] })
  const found: Base[] = [{ name: 'top level and pipeline', tree: pipeline({ filters: [{}] }) }]
  for (const part of ['sources', 'sinks', 'filters']) {
    const list = keysOf(keysOf(configShape).get('pipelines')).get(part)
    if (list?.kind !== 'list' || list.item.kind !== 'choice') throw new Error(`${part} is not a list of choices`)
    for (const type of list.item.of.keys()) {
      const stage = part === 'filters' ? { type } : { type, options: {} }
      if (type !== undefined) found.push({ name: `${part} ${type}`, tree: pipeline({ [part]: [stage] }) })
    }
  }
  return found.flatMap(completed)
}

/** A base with what it needs; several where there are several ways, such as a client or a server. */
function completed({ name, tree }: Base): readonly Base[] {
  const missing = problemPaths(tree)
  if (missing.length === 0) return [{ name, tree }]
  const [first] = missing
  if (first === undefined) return []
  const path = first.split('.')
  const forms = formsAt(path, tree)
  if (forms !== undefined) {
    const value = candidates(forms).find((each) => !problemPaths(changed(tree, path, each)).includes(first))
    if (value === undefined) throw new Error(`no value is known for ${first}`)
    return completed({ name, tree: changed(tree, path, value) })
  }
  // A table that can be of several kinds: each that can be begun with one of its keys.
  const shape = shapeAt(path, tree)
  const ways = shape?.kind === 'table' ? ['url', 'port'].filter((key) => shape.keys.has(key)) : []
  if (ways.length === 0) throw new Error(`nothing is known that makes ${first} valid`)
  return ways.flatMap((key) =>
    completed({
      name: `${name} with ${key}`,
      tree: changed(tree, [...path, key], key === 'url' ? 'wss://a.example/' : 1),
    }),
  )
}

/** A base with what else the table of a leaf needs, such as the other keys of a user. */
function withNeighbours(tree: Tree, path: readonly string[], forms: readonly LeafForm[]): Tree {
  for (const value of candidates(forms)) {
    let filled = changed(tree, path, value)
    // What one neighbour is may need another one.
    for (let round = 0; round < 3; round++) filled = withBesides(filled, path)
    if (problemPaths(filled).length === 0) return filled
  }
  return tree
}

/** With a good value for each key beside the path that lacks one. */
function withBesides(tree: Tree, path: readonly string[]): Tree {
  let filled = tree
  const own = path.join('.')
  for (const place of problemPaths(tree)) {
    const neighbour = place.split('.')
    const isBeside = neighbour.slice(0, -1).join('.') === path.slice(0, -1).join('.') && place !== own
    const possible = isBeside ? candidates(formsAt(neighbour, filled) ?? []) : []
    const trees = possible.map((each) => changed(filled, neighbour, each))
    const good = trees.filter((each) => !problemPaths(each).includes(place))
    // Of a type that decides which other keys there are, one that has this leaf.
    filled = good.find((each) => !problemPaths(each).includes(own)) ?? good[0] ?? filled
  }
  return filled
}

function problemPaths(tree: Tree): readonly string[] {
  const parsed = parseConfig(tree)
  return 'problems' in parsed ? parsed.problems.map(({ path }) => path) : []
}

function keysOf(shape: Shape | undefined): ReadonlyMap<string, Shape> {
  if (shape?.kind === 'list') return keysOf(shape.item)
  if (shape?.kind === 'table') return shape.keys
  return shape?.kind === 'choice' ? shape.any.keys : new Map()
}

function shapeAt(path: readonly string[], tree: Tree): Shape | undefined {
  let shape: Shape | undefined = configShape
  let value: unknown = tree
  for (const key of path) {
    if (shape?.kind === 'list') shape = shape.item
    else if (shape?.kind === 'choice') shape = tableOf(shape, (value as Tree | undefined)?.[shape.by]).keys.get(key)
    else shape = shape?.kind === 'table' ? shape.keys.get(key) : undefined
    value = (value as Tree | undefined)?.[key]
  }
  return shape
}

function formsAt(path: readonly string[], tree: Tree): readonly LeafForm[] | undefined {
  const shape = shapeAt(path, tree)
  return shape?.kind === 'leaf' ? shape.forms : undefined
}

function changed(tree: Tree, path: readonly string[], value: unknown): Tree {
  const copy = structuredClone(tree)
  let at: Tree = copy
  for (const [index, key] of path.slice(0, -1).entries()) {
    at[key] ??= /^\d+$/.test(path[index + 1] ?? '') ? [] : {}
    at = at[key] as Tree
  }
  const last = path.at(-1) ?? ''
  if (value === undefined) delete at[last]
  else at[last] = value
  return copy
}

/** All leaves of a base: every key that its types have. */
function* leaves(shape: Shape, value: unknown, path: readonly string[]): Generator<Leaf> {
  if (shape.kind === 'leaf') yield { path, forms: shape.forms }
  else if (shape.kind === 'list') {
    // A list that the base has not got can be begun.
    const items = Array.isArray(value) && value.length > 0 ? value : [{}]
    for (const [index, item] of items.entries()) yield* leaves(shape.item, item, [...path, String(index)])
  } else {
    const table = shape.kind === 'choice' ? tableOf(shape, (value as Tree | undefined)?.[shape.by]) : shape
    for (const [key, inner] of table.keys) yield* leaves(inner, (value as Tree | undefined)?.[key], [...path, key])
  }
}

const texts = [
  'a1',
  'b2',
  'c3',
  '/a1',
  '/b2',
  '/c3',
  'http://a1.example/',
  'http://b2.example/',
  'http://c3.example/',
  'https://a1.example/',
  'https://b2.example/',
  'https://c3.example/',
  'ws://a1.example/',
  'ws://b2.example/',
  'ws://c3.example/',
  'a1.example:1001',
  'b2.example:1002',
  'c3.example:1003',
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.3',
]

/** Values that a place of these forms may take; more than are valid there. */
function candidates(forms: readonly LeafForm[]): readonly Json[] {
  return forms.flatMap(candidatesOf)
}

function candidatesOf(form: LeafForm): readonly Json[] {
  switch (form.form) {
    case 'text':
      return texts
    case 'words':
      return form.words
    case 'boolean':
      return form.only === undefined ? [true, false] : [form.only]
    case 'number': {
      const least = (form.min ?? 1) + (form.above ? 1 : 0)
      return [least, least + 1, least + 2, ...(form.whole ? [] : [least + 0.5])]
    }
    case 'list': {
      const items = candidates(form.item)
      return items.flatMap((item, at) => [[item], [item, items[(at + 1) % items.length] ?? item]])
    }
    case 'record':
      return candidates(form.value).map((value) => ({ 'X-Name': value, other: value }))
  }
}

/** The value as somebody would type it; lists with commas and as JSON in turn. */
function typed(value: Json, turn: number): string {
  if (Array.isArray(value) && value.length > 1 && turn % 2 === 0) return value.join(',')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const writers = [
  { name: 'logwisp.toml', write: (tree: Tree) => toToml(tree) },
  { name: 'logwisp.yaml', write: (tree: Tree) => toYaml(tree) },
  { name: 'logwisp.json', write: (tree: Tree) => JSON.stringify(tree, null, 2) },
] as const

/** Secrets compare by what they reveal: stars are all the same. */
function revealed(config: Config, path: readonly string[]): unknown {
  const open = (value: unknown): unknown => {
    if (value instanceof Secret) return value.kind === 'text' ? value.reveal() : String(value)
    if (Array.isArray(value)) return value.map(open)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, open(inner)]))
  }
  return path.reduce<unknown>((at, key) => (at as Tree | undefined)?.[key], open(config))
}

function configOf(tree: Tree): Config | undefined {
  const parsed = parseConfig(tree)
  return 'config' in parsed ? parsed.config : undefined
}

const allBases = bases()
const seen = new Set<string>()
const plan = allBases.map((base) => {
  const own = [...leaves(configShape, base.tree, [])].filter(({ path }) => {
    // Leaves outside of the stage that a base is about are the first base's.
    const place = `${path.join('.')} ${JSON.stringify(shapeKey(path, base))}`
    if (seen.has(place)) return false
    seen.add(place)
    return true
  })
  return { base, own }
})

/** The type of the stage that a path is in; the same leaf of another type is another leaf. */
function shapeKey(path: readonly string[], { name, tree }: Base): unknown {
  const stage = path.slice(0, 4)
  const inStage = ['sources', 'sinks', 'filters'].includes(path[2] ?? '') && path.length > 4
  if (!inStage) return ''
  const type = stage.reduce<unknown>((at, key) => (at as Tree | undefined)?.[key], tree) as Tree | undefined
  return [type?.['type'], name.includes(' with ') ? name : '']
}

describe.each(plan)('$base.name', ({ base, own }) => {
  it(`the command line goes before the environment, that before the file, that before the default (${own.length} leaves)`, async () => {
    for (const [turn, { path, forms }] of own.entries()) {
      const dotted = path.join('.')
      const without = changed(withNeighbours(base.tree, path, forms), path, undefined)
      const valid = candidates(forms).filter((value) => configOf(changed(without, path, value)) !== undefined)
      // Of a table that can be of several kinds this leaf is another base's.
      if (valid.length === 0 && ofAnotherKind(path, base)) continue
      expect(valid.length, `a value for ${dotted} is known`).toBeGreaterThan(0)
      // Three that differ where there are three; the origin tells them apart in any case.
      const values = layers.map((_, at) => valid[(at + turn) % valid.length] as Json)
      leavesChecked++
      const writer = writers[turn % writers.length] ?? writers[0]
      const files = {
        with: await written('with', writer, changed(without, path, values[0])),
        without: await written('without', writer, without),
      }
      const combinations = Array.from({ length: 2 ** layers.length }, (_, combination) =>
        layers.filter((_, at) => (combination & (1 << at)) !== 0),
      )
      await Promise.all(combinations.map((given) => check({ path, dotted, without, values, given, turn, files })))
    }
  })
})

function ofAnotherKind(path: readonly string[], base: Base): boolean {
  if (!base.name.includes(' with ')) return false
  const kind = base.name.split(' with ')[0]
  return allBases.some((other) => other !== base && other.name.startsWith(`${kind} with `) && takes(other, path))
}

function takes(base: Base, path: readonly string[]): boolean {
  const forms = formsAt(path, base.tree) ?? []
  const tree = withNeighbours(base.tree, path, forms)
  return candidates(forms).some((value) => configOf(changed(tree, path, value)) !== undefined)
}

interface Case {
  readonly path: readonly string[]
  readonly dotted: string
  readonly without: Tree
  readonly values: readonly Json[]
  readonly given: readonly (typeof layers)[number][]
  readonly turn: number
  /** The file with the leaf, and without it. */
  readonly files: { readonly with: string; readonly without: string }
}

/** Writes a file into a directory of its own there: its name is part of an origin. */
async function written(where: string, { name, write }: (typeof writers)[number], tree: Tree): Promise<string> {
  const file = join(directory, where, name)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, write(tree))
  return file
}

async function check({ path, dotted, without, values, given, turn, files }: Case): Promise<void> {
  const [, inEnvironment, onCommandLine] = values as readonly [Json, Json, Json]
  const file = given.includes('file') ? files.with : files.without
  const variable = variableFor(dotted)
  const environment = given.includes('environment') ? { [variable]: typed(inEnvironment, turn) } : {}
  const flag = flagFor(dotted)
  const words = given.includes('command-line')
    ? [`${turn % 3 === 0 ? `--${dotted}` : flag}=${typed(onCommandLine, turn)}`]
    : []
  const flags = readFlags(words, new Map())
  expect(flags.problems).toEqual([])
  const { config, sources, problems } = await readLayers({
    argv: flags.values,
    environment,
    cwd: dirname(file),
    configFile: file,
  })

  const strongest = given.at(-1)
  const value = strongest === undefined ? undefined : values[layers.indexOf(strongest)]
  const expected = configOf(changed(without, path, value))
  checked++
  const what = `${dotted} given by ${given.join(', ') || 'nobody'}`
  if (expected === undefined) {
    // Something that has no default, and that nobody gives.
    expect(strongest, what).toBeUndefined()
    expect(problems.length, what).toBeGreaterThan(0)
    return
  }
  expect(problems, what).toEqual([])
  if (config === undefined) throw new Error(`${what} is refused without a problem`)
  expect(revealed(config, path), what).toEqual(revealed(expected, path))
  const origin = originsOf(config, sources.tree).get(dotted)
  if (strongest === undefined) expect(origin ?? { from: 'default' }, what).toEqual({ from: 'default' })
  else if (strongest === 'environment') expect(origin, what).toEqual({ from: 'environment', variable })
  else if (strongest === 'command-line') expect(origin, what).toEqual({ from: 'command-line', flag })
  else expect(origin, what).toMatchObject({ from: 'file', file: basename(file) })
}

it('covers every leaf of the schema', () => {
  const all = new Set(plan.flatMap(({ own }) => own.map(({ path }) => path.join('.'))))
  const every = [...leaves(configShape, {}, [])].map(({ path }) => path.join('.'))
  expect(every.filter((path) => !all.has(path))).toEqual([])
})
