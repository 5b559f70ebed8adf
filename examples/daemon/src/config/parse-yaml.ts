/** Reads YAML 1.2, with the place of every value. */

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { ValueOrigin } from './loaded-config.ts'
import { type FileText, syntaxError } from './syntax-error.ts'
import type { Written, WrittenEntry, WrittenTable } from './written.ts'

/** What aliases may add to a file, in values: a few lines of them can stand for more than any memory holds. */
const maxAliasedValues = 10_000

/**
 * The tree of a YAML file. Aliases and merge keys (`<<: *base`) are followed.
 *
 * @throws {ConfigError} at the first thing that is not YAML, a key that is there twice and a tag that is not known
 *   included
 */
export function parseYaml(source: FileText): WrittenTable {
  const lines = new LineCounter()
  const document = parseDocument(source.text, {
    lineCounter: lines,
    prettyErrors: false,
    // Looked at below: the parser compares each key with all others, minutes for a large file.
    uniqueKeys: false,
    intAsBigInt: true,
  })
  const [trouble] = [...document.errors, ...document.warnings]
  // The parser takes its own overflow for an error in the file.
  if (trouble?.message.includes('call stack') === true) throw new RangeError(trouble.message)
  if (trouble !== undefined) throw failure(source, lines, trouble.pos[0], `is not valid YAML: ${trouble.message}`)
  return new TreeOfYaml(source, lines, document).tree()
}

function failure(source: FileText, lines: LineCounter, offset: number, what: string): Error {
  const { line, col } = lines.linePos(offset)
  return syntaxError(source, what, { line: Math.max(1, line), column: Math.max(1, col) })
}

class TreeOfYaml {
  readonly #source: FileText
  readonly #lines: LineCounter
  readonly #document: Document.Parsed
  #aliased = 0

  constructor(source: FileText, lines: LineCounter, document: Document.Parsed) {
    this.#source = source
    this.#lines = lines
    this.#document = document
  }

  tree(): WrittenTable {
    const { contents } = this.#document
    const origin = this.#origin(contents ?? undefined)
    if (contents === null || (isScalar(contents) && contents.value === null)) {
      return { kind: 'table', entries: new Map(), origin }
    }
    const root = this.#value(contents, false)
    if (root.kind !== 'table') throw this.#fail(contents, 'must be a table of keys and values')
    return root
  }

  #value(node: unknown, isAliased: boolean): Written {
    if (isAliased && ++this.#aliased > maxAliasedValues) {
      throw this.#fail(node, `has aliases that stand for more than ${maxAliasedValues} values; write them out`)
    }
    if (isAlias(node)) {
      const target = node.resolve(this.#document)
      if (target === undefined) throw this.#fail(node, `has an alias to \`${node.source}\`, which is not there`)
      return this.#value(target, true)
    }
    const origin = this.#origin(node)
    if (isMap(node)) return this.#table(node.items, origin, isAliased)
    if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => this.#value(item, isAliased)), origin }
    if (isScalar(node)) return { kind: 'value', value: this.#scalar(node, node.value), origin }
    // A key without anything behind it.
    return { kind: 'value', value: null, origin }
  }

  #table(pairs: readonly { key: unknown; value: unknown }[], origin: ValueOrigin, isAliased: boolean): WrittenTable {
    const entries = new Map<string, WrittenEntry>()
    const merged: WrittenTable[] = []
    for (const { key, value } of pairs) {
      const name = isScalar(key) ? String(key.value) : undefined
      if (name === undefined) throw this.#fail(key, 'has a key that is not a text')
      const node = this.#value(value ?? key, isAliased)
      const written = value === null ? { kind: 'value' as const, value: null, origin: this.#origin(key) } : node
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') merged.push(...this.#merges(key, written))
      else if (entries.has(name)) throw this.#fail(key, 'is not valid YAML: this key is there twice')
      else entries.set(name, { keyOrigin: this.#origin(key), node: written })
    }
    // What the table says itself goes before what it takes over; of several, the first one wins.
    for (const table of merged) {
      for (const [name, entry] of table.entries) if (!entries.has(name)) entries.set(name, entry)
    }
    return { kind: 'table', entries, origin }
  }

  #merges(key: unknown, written: Written): WrittenTable[] {
    const tables = written.kind === 'list' ? written.items : [written]
    return tables.map((table) => {
      if (table.kind !== 'table') throw this.#fail(key, 'has a `<<` that does not name a table')
      return table
    })
  }

  #scalar(node: unknown, value: unknown): string | number | bigint | boolean | Date | null {
    if (typeof value === 'bigint') {
      const number = Number(value)
      return Number.isSafeInteger(number) ? number : value
    }
    const isKnown = value === null || ['string', 'number', 'boolean'].includes(typeof value) || value instanceof Date
    if (!isKnown) throw this.#fail(node, 'has a value of a kind that a configuration does not know')
    return value as string | number | boolean | Date | null
  }

  #offset(node: unknown): number {
    return (node as Node | undefined)?.range?.[0] ?? 0
  }

  #origin(node: unknown): ValueOrigin {
    const { line, col } = this.#lines.linePos(this.#offset(node))
    return { from: 'file', file: this.#source.file, line: Math.max(1, line), column: Math.max(1, col) }
  }

  #fail(node: unknown, what: string): Error {
    return failure(this.#source, this.#lines, this.#offset(node), what)
  }
}
