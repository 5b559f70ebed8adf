/** Reads TOML 1.1, with the place of every value. */

import { type AST, ParseError, parseTOML } from 'toml-eslint-parser'
import { LineIndex } from './line-index.ts'
import type { ValueOrigin } from './loaded-config.ts'
import { type FileText, syntaxError } from './syntax-error.ts'
import type { Written, WrittenTable } from './written.ts'

/**
 * The tree of a TOML file.
 *
 * @throws {ConfigError} at the first thing that is not TOML, a key that is there twice included
 */
export function parseToml(source: FileText): WrittenTable {
  try {
    const program = parseTOML(source.text, { tomlVersion: '1.1' })
    return new TreeOfToml(source.file).tree(program)
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    // Where the text ends too early, the parser points behind it.
    const place = new LineIndex(source.text).place(Math.min(error.index, source.text.length))
    throw syntaxError(source, `is not valid TOML: ${lowerFirst(error.message)}`, place)
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '')
}

class TreeOfToml {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  tree(program: AST.TOMLProgram): WrittenTable {
    const root = emptyTable({ from: 'file', file: this.#file, line: 1, column: 1 })
    for (const part of program.body[0].body) {
      if (part.type === 'TOMLKeyValue') this.#add(root, part)
      else {
        const table = this.#tableOf(root, part)
        for (const pair of part.body) this.#add(table, pair)
      }
    }
    return root
  }

  /** The table that a head such as `[[pipelines.sources]]` stands for, made when it is new. */
  #tableOf(root: WrittenTable, head: AST.TOMLTable): WrittenTable {
    let table = root
    let list: Written[] = []
    let names = 0
    for (const part of head.resolvedKey) {
      const key = head.key.keys[typeof part === 'string' ? names++ : names - 1]
      const origin = this.#origin(key ?? head)
      let next: Written
      if (typeof part === 'string') next = entryOf(table, part, origin, () => this.#made(head, names, origin))
      else next = list[part] ??= emptyTable(origin)
      // The parser has refused everything else.
      if (next.kind === 'table') table = next
      if (next.kind === 'list') list = next.items
    }
    return table
  }

  #made(head: AST.TOMLTable, names: number, origin: ValueOrigin): Written {
    const isList = head.kind === 'array' && names === head.key.keys.length
    return isList ? { kind: 'list', items: [], origin } : emptyTable(origin)
  }

  #add(table: WrittenTable, pair: AST.TOMLKeyValue): void {
    let at = table
    const keys = pair.key.keys
    for (const key of keys.slice(0, -1)) {
      const origin = this.#origin(key)
      at = entryOf(at, nameOf(key), origin, () => emptyTable(origin)) as WrittenTable
    }
    const last = keys.at(-1)
    if (last === undefined) return
    at.entries.set(nameOf(last), { keyOrigin: this.#origin(last), node: this.#value(pair.value) })
  }

  #value(node: AST.TOMLContentNode): Written {
    const origin = this.#origin(node)
    switch (node.type) {
      case 'TOMLArray':
        return { kind: 'list', items: node.elements.map((element) => this.#value(element)), origin }
      case 'TOMLInlineTable': {
        const table = emptyTable(origin)
        for (const pair of node.body) this.#add(table, pair)
        return table
      }
      default: {
        const isExact = node.kind !== 'integer' || Number.isSafeInteger(node.value)
        return { kind: 'value', value: isExact ? node.value : (node as AST.TOMLIntegerValue).bigint, origin }
      }
    }
  }

  #origin({ loc }: AST.HasLocs): ValueOrigin {
    return { from: 'file', file: this.#file, line: loc.start.line, column: loc.start.column + 1 }
  }
}

function emptyTable(origin: ValueOrigin): WrittenTable {
  return { kind: 'table', entries: new Map(), origin }
}

function entryOf(table: WrittenTable, key: string, keyOrigin: ValueOrigin, make: () => Written): Written {
  const known = table.entries.get(key)
  if (known !== undefined) return known.node
  const node = make()
  table.entries.set(key, { keyOrigin, node })
  return node
}

function nameOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === 'TOMLBare' ? key.name : key.value
}
