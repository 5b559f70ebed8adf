/** Every key of a configuration in tables, for docs/daemon/configuration.md: made from the schema, so that they cannot drift. */

import { configShape } from './config-shape.ts'
import { differences } from './differences.ts'
import { jsonSchema, type SchemaNode } from './json-schema.ts'
import { describeForms, type LeafShape, type Shape, type TableShape, tableOf } from './shape.ts'

const columns = '| key | what it takes | default | meaning |\n|---|---|---|---|\n'

interface Row {
  readonly key: string
  readonly text: string
}

/** Tables that are written once, however many places have them: by their title. */
type Shared = Map<string, { readonly node: SchemaNode; readonly shape: TableShape }>

/** The tables, as Markdown with headings of the third level. */
export function optionTables(): string {
  const shared: Shared = new Map()
  const root = jsonSchema()
  const pipeline = itemOf(root, 'pipelines')
  const pipelineShape = itemShape(configShape, 'pipelines')
  const sections = [
    section('The top level', 'Keys of the file itself.', rowsOf(root, configShape, shared)),
    section('pipelines', 'One of them.', rowsOf(pipeline, pipelineShape, shared)),
    ...stageSections('Source', pipeline, pipelineShape, 'sources', shared),
    ...stageSections('Sink', pipeline, pipelineShape, 'sinks', shared),
    ...choiceSections('Filter', pipeline, pipelineShape, 'filters', shared),
  ]
  // Tables within those tables come to light while they are written.
  for (const [title, { node, shape }] of shared) {
    if (title === 'pipelines') continue
    sections.push(section(title, node.description ?? '', rowsOf(node, shape, shared)))
  }
  return sections.join('\n')
}

/** What is otherwise than in LogWisp in Go, as Markdown. */
export function differenceTable(): string {
  const rows = differences.map(({ about, before, now, matters }) =>
    [about, before, now, matters === undefined ? '' : 'yes'].map(cell).join(' | '),
  )
  return `| what | LogWisp in Go 0.3.11 | here | said at the start |\n|---|---|---|---|\n${rows.map((row) => `| ${row} |\n`).join('')}`
}

function section(title: string, description: string, rows: readonly Row[]): string {
  const intro = description === '' ? '' : `\n${description}\n`
  return `### ${title}\n${intro}\n${columns}${rows.map(({ text }) => text).join('')}`
}

/** Stages of a kind: what all of them have, then each type. */
function stageSections(kind: string, pipeline: SchemaNode, shape: TableShape, key: string, shared: Shared): string[] {
  const stages = alternatives(itemOf(pipeline, key)).map((node) => {
    const type = String(node.properties?.['type']?.const)
    const options = node.properties?.['options'] ?? {}
    const optionsShape = tableOf(choiceShape(shape, key), type).keys.get('options')
    const forms = alternatives(options).map((form) => ({
      form,
      rows: optionsShape?.kind === 'table' ? rowsOf(form, optionsShape, shared) : [],
    }))
    return { type, node, forms }
  })
  const [first = [], ...others] = stages.flatMap(({ forms }) => forms.map(({ rows }) => rows))
  const common = first.filter(({ text }) => others.every((rows) => rows.some((row) => row.text === text)))
  const isOwn = (row: Row): boolean => !common.some(({ text }) => text === row.text)
  const types = stages.flatMap(({ type, node, forms }) =>
    forms.map(({ form, rows }) => {
      const which = forms.length === 1 ? '' : ` with \`${form.required?.[0]}\``
      const what = forms.length === 1 ? node.description : form.description
      return section(`${kind} \`${type}\`${which}`, what ?? '', rows.filter(isOwn))
    }),
  )
  const beside = besideOptions(kind, pipeline, shape, key, shared)
  if (common.length === 0) return [...types, ...beside]
  return [section(`Every ${kind.toLowerCase()}`, 'In `options`, whatever the type.', common), ...beside, ...types]
}

/** Keys of a stage that are neither its type nor within its options, with the types that have them. */
function besideOptions(kind: string, pipeline: SchemaNode, shape: TableShape, key: string, shared: Shared): string[] {
  const typesOf = new Map<string, string[]>()
  for (const node of alternatives(itemOf(pipeline, key))) {
    const { type, options, ...properties } = node.properties ?? {}
    const word = String(type?.const)
    for (const { text } of rowsOf({ ...node, properties }, tableOf(choiceShape(shape, key), word), shared)) {
      typesOf.set(text, [...(typesOf.get(text) ?? []), `\`${word}\``])
    }
  }
  const title = `Beside the options of a ${kind.toLowerCase()}`
  return [...typesOf].map(([text, types]) => section(title, `Of ${types.join(', ')}.`, [{ key, text }]))
}

/** Tables without `options` that are told apart by their type. */
function choiceSections(kind: string, pipeline: SchemaNode, shape: TableShape, key: string, shared: Shared): string[] {
  return alternatives(itemOf(pipeline, key)).map((node) => {
    const type = node.properties?.['type'] ?? {}
    const types = (type.enum ?? [type.const]).map(String)
    const rows = rowsOf(node, tableOf(choiceShape(shape, key), types[0]), shared)
    return section(`${kind} ${types.map((each) => `\`${each}\``).join(', ')}`, node.description ?? '', rows)
  })
}

function rowsOf(node: SchemaNode, shape: TableShape, shared: Shared): Row[] {
  const known = Object.entries(node.properties ?? {}).filter(([key]) => shape.keys.has(key))
  return known.map(([key, inner]) => {
    const isNeeded = node.required?.includes(key) === true
    const what = takes(key, inner, shape.keys.get(key), shared)
    const cells = [isNeeded ? `**\`${key}\`**` : `\`${key}\``, what, defaultOf(inner), inner.description ?? '']
    return { key, text: `| ${cells.map(cell).join(' | ')} |\n` }
  })
}

/** What a key takes, in words; a table is written down elsewhere. */
function takes(key: string, node: SchemaNode, shape: Shape | undefined, shared: Shared): string {
  switch (shape?.kind) {
    case undefined:
      return ''
    case 'leaf':
      return leafWords(shape)
    case 'choice': {
      const links = alternatives(node).map((form) => {
        const word = String(form.properties?.[shape.by]?.const)
        return linkTo(`${key} ${word}`, form, tableOf(shape, word), shared)
      })
      return `a table, by its \`${shape.by}\`: ${links.join(', ')}`
    }
    case 'list': {
      if (shape.item.kind === 'choice') return `a list of tables: see the ${key} below`
      return `a list of tables: ${linkTo(node.items?.title ?? key, node.items ?? {}, shape.item, shared)}`
    }
    case 'table':
      return `a table: ${linkTo(node.title ?? key, node, shape, shared)}`
  }
}

function leafWords(shape: LeafShape): string {
  return shape.secret ? `${describeForms(shape.forms)}; never shown` : describeForms(shape.forms)
}

function linkTo(title: string, node: SchemaNode, shape: TableShape, shared: Shared): string {
  const known = shared.get(title) ?? { node, shape }
  if (Object.keys(known.node.properties ?? {}).join() !== Object.keys(node.properties ?? {}).join()) {
    throw new Error(`two tables have the title "${title}": give one of them another in the schema`)
  }
  shared.set(title, known)
  return `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`
}

function defaultOf({ default: value }: SchemaNode): string {
  if (value === undefined || (typeof value === 'object' && !Array.isArray(value))) return ''
  return `\`${JSON.stringify(value)}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function alternatives(node: SchemaNode): readonly SchemaNode[] {
  return node.oneOf ?? node.anyOf ?? [node]
}

function itemOf(node: SchemaNode, key: string): SchemaNode {
  return node.properties?.[key]?.items ?? {}
}

function itemShape(shape: TableShape, key: string): TableShape {
  return tableOf(choiceShape(shape, key), undefined)
}

function choiceShape(shape: TableShape, key: string): Parameters<typeof tableOf>[0] {
  const list = shape.keys.get(key)
  if (list?.kind !== 'list') throw new Error(`${key} is no list of tables`)
  return list.item
}
