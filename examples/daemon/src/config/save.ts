/** Writes a configuration back into its file. */

import type { Plain } from './coerce.ts'
import { configShape } from './config-shape.ts'
import { type Edit, isKey } from './edit.ts'
import { ConfigError, type LoadedConfig, type ValueOrigin } from './loaded-config.ts'
import { type ConfigLanguage, parseFile } from './parse-file.ts'
import { replaceFile } from './replace-file.ts'
import { isWithinLeaf, leafAt } from './shape.ts'
import type { Written, WrittenTable } from './written.ts'

/** What became of it. */
export interface SaveReport {
  /** The file, absolute; undefined when there is none to write to. */
  readonly file: string | undefined
  /** The dotted paths that were written; none when the file says it all already. */
  readonly written: readonly string[]
  /** The dotted paths of secrets that were not written: their texts do not belong into a file that is not secret. */
  readonly withheld: readonly string[]
}

/** What is to be written. */
export interface SaveOptions {
  /**
   * Which one-off values become permanent.
   * @default [] none: what the environment and the command line say holds for one run
   */
  readonly include?: readonly ('environment' | 'command-line')[]
}

const editors: Readonly<Record<ConfigLanguage, () => Promise<(text: string, edit: Edit) => string>>> = {
  toml: async () => (await import('./edit-toml.ts')).editToml,
  yaml: async () => (await import('./edit-yaml.ts')).editYaml,
  json: async () => (await import('./edit-json.ts')).editJson,
}

/**
 * Writes into the configuration's file what it does not say yet. Comments, order and older spellings are kept; the file is
 * replaced as a whole, with its mode and owner, and never when somebody else has changed it since it was read.
 *
 * Defaults are never written. Without `include` there is nothing that the file does not say: everything else came out of
 * it. So saving at the end changes nothing, and `logwisp config --save` is how overrides become permanent.
 *
 * @throws {ConfigError} when the file was changed, cannot be written, or has no place for a value
 */
export async function saveConfig(loaded: LoadedConfig, { include = [] }: SaveOptions = {}): Promise<SaveReport> {
  const { file, language, tree } = loaded.sources ?? {}
  if (file === undefined || language === undefined || tree === undefined) {
    return { file: undefined, written: [], withheld: [] }
  }
  const kinds: readonly ValueOrigin['from'][] = include
  const leaves = [...loaded.origins]
    .filter(([path, { from }]) => kinds.includes(from) && !isWithinLeaf(configShape, path.split('.')))
    .map(([path]) => path)
  const withheld = leaves.filter((path) => isSecretText(tree, path))
  const written = leaves.filter((path) => !withheld.includes(path))
  if (written.length === 0) return { file: file.path, written, withheld }

  const raw = (await parseFile({ file: nameFor(language), text: file.text })).tree
  const edits = editsFor(raw, tree, written)
  let text = file.text
  for (const edit of edits) text = await edited(file.shown, text, language, edit)
  const isReplaced = await replaced(file.path, file.shown, file.text, text)
  if (!isReplaced) throw failure(file.shown, 'was changed since it was read, and is left as it is; load it again first')
  return { file: file.path, written, withheld }
}

function failure(file: string, message: string): ConfigError {
  return new ConfigError([{ path: '', message: `${file} ${message}`, origin: undefined }])
}

async function replaced(path: string, shown: string, before: string, after: string): Promise<boolean> {
  try {
    return await replaceFile(path, before, after)
  } catch (error) {
    throw failure(shown, `cannot be written: ${(error as Error).message}`)
  }
}

/** One change, and a look whether it did what it should and nothing else. */
async function edited(file: string, text: string, language: ConfigLanguage, edit: Edit): Promise<string> {
  const place = edit.path.join('.')
  const before = plainOf((await parseFile({ file: nameFor(language), text })).tree)
  try {
    const after = (await editors[language]())(text, edit)
    const found = plainOf((await parseFile({ file: nameFor(language), text: after })).tree)
    if (isSame(found, withValue(before, edit.path, edit.value))) return after
  } catch (error) {
    throw failure(file, `has no place for ${place} (${(error as Error).message}); write it there by hand`)
  }
  throw failure(file, `has no place for ${place} that would leave the rest as it is; write it there by hand`)
}

function nameFor(language: ConfigLanguage): string {
  return `logwisp.${language}`
}

/** One change for each leaf; elements of lists and lists that the file has not got are written as a whole. */
function editsFor(raw: WrittenTable, tree: WrittenTable, leaves: readonly string[]): readonly Edit[] {
  const edits = new Map<string, Edit>()
  for (const leaf of leaves) {
    const path = leaf.split('.')
    const node = nodeAt(tree, path)
    if (node === undefined) continue
    const missing = path.findIndex((key, at) => /^\d+$/.test(key) && nodeAt(raw, path.slice(0, at + 1)) === undefined)
    // A list that is not there at all comes with its first elements.
    const isNewList = missing > 0 && nodeAt(raw, path.slice(0, missing)) === undefined
    const place = missing === -1 ? path : path.slice(0, isNewList ? missing : missing + 1)
    const known = edits.get(place.join('.'))?.value ?? (isNewList ? [] : {})
    const value = withValue(known, path.slice(place.length), plainOf(node))
    edits.set(place.join('.'), { path: place, value })
  }
  return [...edits.values()]
}

function nodeAt(tree: WrittenTable, path: readonly string[]): Written | undefined {
  let node: Written | undefined = tree
  for (const key of path) {
    if (node?.kind === 'list') node = node.items[Number(key)]
    else if (node?.kind === 'table') {
      node = [...node.entries].find(([name]) => isKey(name, key))?.[1].node
    } else return undefined
  }
  return node
}

function isSecretText(tree: WrittenTable, path: string): boolean {
  const leaf = leafAt(configShape, path.split('.'))
  const node = nodeAt(tree, path.split('.'))
  return leaf?.secret === true && textsOf(node).some((text) => !/^(file|env):/.test(text))
}

function textsOf(node: Written | undefined): readonly string[] {
  if (node?.kind === 'value') return [String(node.value)]
  if (node?.kind === 'list') return node.items.flatMap(textsOf)
  return node === undefined ? [] : [...node.entries.values()].flatMap((entry) => textsOf(entry.node))
}

function plainOf(node: Written): Plain {
  switch (node.kind) {
    case 'value':
      return node.value instanceof Date ? node.value.toISOString() : node.value
    case 'list':
      return node.items.map(plainOf)
    case 'table':
      return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plainOf(entry.node)]))
  }
}

/** What the file should be after a change. */
function withValue(tree: Plain, path: readonly string[], value: Plain): Plain {
  const [key, ...rest] = path
  if (key === undefined) return value
  if (Array.isArray(tree)) {
    const items = [...(tree as readonly Plain[])]
    items[Number(key)] = withValue(items[Number(key)] ?? begun(rest), rest, value)
    return items
  }
  const table = typeof tree === 'object' && tree !== null ? (tree as Readonly<Record<string, Plain>>) : {}
  const name = Object.keys(table).find((each) => isKey(each, key)) ?? key
  return { ...table, [name]: withValue(table[name] ?? begun(rest), rest, value) }
}

/** What a path goes on in: a list when it names an element next. */
function begun([next]: readonly string[]): Plain {
  return /^\d+$/.test(next ?? '') ? [] : {}
}

function isSame(left: Plain, right: Plain): boolean {
  return canonical(left) === canonical(right)
}

/** Whatever the order of keys: a new one may stand anywhere. */
function canonical(value: Plain): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint') return `${inner}n`
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
  })
}
