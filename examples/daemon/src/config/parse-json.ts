/** Reads JSON, with comments and the place of every value. */

import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { LineIndex } from './line-index.ts'
import type { ValueOrigin } from './loaded-config.ts'
import { type FileText, syntaxError } from './syntax-error.ts'
import type { Written, WrittenEntry, WrittenTable } from './written.ts'

/** What is wrong, in words, by the parser's names for it. */
const mistakes: Readonly<Record<string, string>> = {
  InvalidSymbol: 'here is a word that is not JSON; texts stand in double quotes',
  InvalidNumberFormat: 'this number is not valid',
  PropertyNameExpected: 'a key in double quotes is expected here; after the last one there is no comma',
  ValueExpected: 'a value is expected here; after the last one there is no comma',
  ColonExpected: 'a `:` is expected here',
  CommaExpected: 'a `,` is expected here',
  CloseBraceExpected: 'a `}` is expected here',
  CloseBracketExpected: 'a `]` is expected here',
  EndOfFileExpected: 'the end of the file is expected here',
  InvalidCommentToken: 'this comment is not valid',
  UnexpectedEndOfComment: 'this comment does not end',
  UnexpectedEndOfString: 'this text does not end',
  UnexpectedEndOfNumber: 'this number does not end',
  InvalidUnicode: 'this `\\u` is not followed by four hexadecimal digits',
  InvalidEscapeCharacter: 'this letter cannot follow a backslash',
  InvalidCharacter: 'this character has to be written as `\\u…`',
}

/**
 * The tree of a JSON file; comments are allowed, commas behind the last element are not.
 *
 * @throws {ConfigError} at the first thing that is not JSON, a key that is there twice included
 */
export function parseJson(source: FileText): WrittenTable {
  const lines = new LineIndex(source.text)
  const errors: ParseError[] = []
  const root = parseTree(source.text, errors, { allowTrailingComma: false, allowEmptyContent: true })
  const [first] = errors
  if (first !== undefined) {
    const name = printParseErrorCode(first.error)
    throw syntaxError(source, `is not valid JSON: ${mistakes[name] ?? name}`, lines.place(first.offset))
  }
  if (root === undefined) return { kind: 'table', entries: new Map(), origin: originAt(source, lines, 0) }
  const tree = written(source, lines, root)
  if (tree.kind !== 'table') throw syntaxError(source, 'must be a JSON object', lines.place(root.offset))
  return tree
}

function originAt({ file }: FileText, lines: LineIndex, offset: number): ValueOrigin {
  return { from: 'file', file, ...lines.place(offset) }
}

function written(source: FileText, lines: LineIndex, node: Node): Written {
  const origin = originAt(source, lines, node.offset)
  const children = node.children ?? []
  if (node.type === 'array') {
    return { kind: 'list', items: children.map((child) => written(source, lines, child)), origin }
  }
  if (node.type !== 'object') return { kind: 'value', value: scalar(source, node), origin }
  const entries = new Map<string, WrittenEntry>()
  for (const { children: pair } of children) {
    const [key, value] = pair ?? []
    if (key === undefined || value === undefined) continue
    const name = String(key.value)
    if (entries.has(name)) {
      throw syntaxError(source, 'is not valid JSON: this key is there twice', lines.place(key.offset))
    }
    entries.set(name, { keyOrigin: originAt(source, lines, key.offset), node: written(source, lines, value) })
  }
  return { kind: 'table', entries, origin }
}

function scalar({ text }: FileText, node: Node): string | number | bigint | boolean | null {
  const value = node.value as string | number | boolean | null
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const digits = text.slice(node.offset, node.offset + node.length)
  return /^-?\d+$/.test(digits) ? BigInt(digits) : value
}
