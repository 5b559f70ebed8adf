/** Changes one value in the text of a TOML file; everything else stays as it was. */

import { stringify } from 'smol-toml'
import { type AST, parseTOML } from 'toml-eslint-parser'
import type { Plain } from './coerce.ts'
import { type Edit, isKey } from './edit.ts'

type Section = AST.TOMLTopLevelTable | AST.TOMLTable
type Holder = Section | AST.TOMLInlineTable

/** A table in the text, with what is left of the path below it. */
interface Found {
  readonly holder: Holder
  readonly rest: readonly string[]
}

/** The text with the value in its place. Throws when the file has no place that it could be put into. */
export function editToml(text: string, { path, value }: Edit): string {
  const [top] = parseTOML(text, { tomlVersion: '1.1' }).body
  const known = valueAt(top, path)
  if (known !== undefined) return splice(text, known.range, tomlOf(value))
  const list = listOf(top, path)
  if (list !== undefined) return append(text, list, tomlOf(value))
  const sections = lastElement(top, path)
  if (sections !== undefined) return newSection(text, sections, path, value)
  const { holder, rest } = deepest(top, path)
  const key = rest.map(keyOf).join('.')
  return holder.type === 'TOMLInlineTable'
    ? intoInline(text, holder, `${key} = ${tomlOf(value)}`)
    : intoSection(text, holder, `${key} = ${tomlOf(value)}`)
}

function splice(text: string, [from, to]: readonly [number, number], replacement: string): string {
  return text.slice(0, from) + replacement + text.slice(to)
}

function keyOf(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key)
}

/** A value on one line, as TOML 1.0 has it. */
function tomlOf(value: Plain): string {
  if (value === null) throw new Error('TOML has no word for nothing')
  if (Array.isArray(value)) return `[${(value as readonly Plain[]).map(tomlOf).join(', ')}]`
  if (typeof value === 'object') {
    const pairs = Object.entries(value).map(([key, inner]) => `${keyOf(key)} = ${tomlOf(inner)}`)
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
  }
  return stringify({ value }).slice('value = '.length).trimEnd()
}

/** Every table of the text, with the path where it stands. */
function* tablesOf(top: AST.TOMLTopLevelTable): Generator<{ path: readonly string[]; holder: Holder }> {
  yield { path: [], holder: top }
  for (const part of top.body) {
    if (part.type === 'TOMLTable') yield { path: part.resolvedKey.map(String), holder: part }
  }
  for (const part of [top, ...top.body.filter((each) => each.type === 'TOMLTable')]) {
    const path = part.type === 'TOMLTable' ? part.resolvedKey.map(String) : []
    for (const pair of part.body) if (pair.type === 'TOMLKeyValue') yield* inlineTables(pair, path)
  }
}

function* inlineTables(
  pair: AST.TOMLKeyValue,
  above: readonly string[],
): Generator<{ path: readonly string[]; holder: AST.TOMLInlineTable }> {
  yield* tablesIn(pair.value, [...above, ...namesOf(pair)])
}

function* tablesIn(
  node: AST.TOMLContentNode,
  path: readonly string[],
): Generator<{ path: readonly string[]; holder: AST.TOMLInlineTable }> {
  if (node.type === 'TOMLInlineTable') {
    yield { path, holder: node }
    for (const pair of node.body) yield* inlineTables(pair, path)
  } else if (node.type === 'TOMLArray') {
    for (const [index, element] of node.elements.entries()) yield* tablesIn(element, [...path, String(index)])
  }
}

function namesOf({ key }: AST.TOMLKeyValue): readonly string[] {
  return key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value))
}

function begins(path: readonly string[], start: readonly string[]): boolean {
  return start.length <= path.length && start.every((key, at) => isKey(key, path[at] ?? ''))
}

/** The value that stands at a path. */
function valueAt(top: AST.TOMLTopLevelTable, path: readonly string[]): AST.TOMLContentNode | undefined {
  for (const { path: at, holder } of tablesOf(top)) {
    if (!begins(path, at)) continue
    for (const pair of holder.body) {
      if (pair.type !== 'TOMLKeyValue') continue
      const whole = [...at, ...namesOf(pair)]
      if (whole.length === path.length && begins(path, whole)) return pair.value
    }
  }
  return undefined
}

/** The list in brackets that a new element goes into. */
function listOf(top: AST.TOMLTopLevelTable, path: readonly string[]): AST.TOMLArray | undefined {
  const node = /^\d+$/.test(path.at(-1) ?? '') ? valueAt(top, path.slice(0, -1)) : undefined
  return node?.type === 'TOMLArray' ? node : undefined
}

function append(text: string, list: AST.TOMLArray, value: string): string {
  const last = list.elements.at(-1)
  if (last === undefined) return splice(text, list.range, `[${value}]`)
  return splice(text, [last.range[1], last.range[1]], `, ${value}`)
}

/** The last section of the `[[…]]` that a new element comes behind. */
function lastElement(top: AST.TOMLTopLevelTable, path: readonly string[]): AST.TOMLTable | undefined {
  if (!/^\d+$/.test(path.at(-1) ?? '')) return undefined
  const list = path.slice(0, -1)
  return top.body
    .filter((part) => part.type === 'TOMLTable')
    .findLast((part) => {
      const start = part.resolvedKey.map(String).slice(0, list.length)
      return start.length === list.length && begins(list, start)
    })
}

function newSection(text: string, last: AST.TOMLTable, path: readonly string[], value: Plain): string {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error('only tables have sections')
  const end = endOf(last, text)
  const name = path.filter((key) => !/^\d+$/.test(key)).map(keyOf)
  const lines = Object.entries(value).map(([key, inner]) => `${keyOf(key)} = ${tomlOf(inner)}`)
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const block = ['', `[[${name.join('.')}]]`, ...lines].join(eol)
  return text.slice(0, end) + (end > 0 && text[end - 1] !== '\n' ? eol : '') + block + eol + text.slice(end)
}

/** Behind the last line of a section, before the empty lines and comments that belong to the next one. */
function endOf(section: Section, text: string): number {
  const last = section.body.filter((part) => part.type === 'TOMLKeyValue').at(-1)
  const from = last?.range[1] ?? (section.type === 'TOMLTable' ? headEnd(section, text) : 0)
  const lineEnd = text.indexOf('\n', from)
  return section.type === 'TOMLTopLevelTable' && last === undefined ? 0 : lineEnd === -1 ? text.length : lineEnd + 1
}

function headEnd(section: AST.TOMLTable, text: string): number {
  return text.indexOf(']', section.key.range[1])
}

/** The table nearest above a path that has a place of its own in the text. */
function deepest(top: AST.TOMLTopLevelTable, path: readonly string[]): Found {
  let best: { path: readonly string[]; holder: Holder } = { path: [], holder: top }
  for (const each of tablesOf(top)) {
    if (each.path.length < path.length && begins(path, each.path) && each.path.length >= best.path.length) best = each
  }
  return { holder: best.holder, rest: path.slice(best.path.length) }
}

function intoInline(text: string, table: AST.TOMLInlineTable, pair: string): string {
  const last = table.body.at(-1)
  if (last === undefined) return splice(text, table.range, `{ ${pair} }`)
  return splice(text, [last.range[1], last.range[1]], `, ${pair}`)
}

function intoSection(text: string, section: Section, line: string): string {
  const end = endOf(section, text)
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const before = end > 0 && text[end - 1] !== '\n' ? eol : ''
  const indent = indentOf(section, text)
  return text.slice(0, end) + before + indent + line + eol + text.slice(end)
}

function indentOf(section: Section, text: string): string {
  const [first] = section.body.filter((part) => part.type === 'TOMLKeyValue')
  const start = first?.range[0] ?? (section.type === 'TOMLTable' ? section.range[0] : 0)
  return /[ \t]*$/.exec(text.slice(0, start))?.[0] ?? ''
}
