/** Reads a configuration file of any of the three languages. */

import { extname } from 'node:path'
import { ConfigError } from './loaded-config.ts'
import { type FileText, syntaxError } from './syntax-error.ts'
import type { Written, WrittenTable } from './written.ts'

/** The languages of configuration files. */
export type ConfigLanguage = 'toml' | 'json' | 'yaml'

/** A file that was read. */
export interface ParsedFile {
  readonly tree: WrittenTable
  readonly language: ConfigLanguage
}

/** How deep tables and lists may be in each other; a configuration needs about ten. */
const maxDepth = 64

const byExtension: Readonly<Record<string, ConfigLanguage>> = {
  '.toml': 'toml',
  '.tml': 'toml',
  '.json': 'json',
  '.jsonc': 'json',
  '.yaml': 'yaml',
  '.yml': 'yaml',
}

/** Each language's parser is loaded when a file needs it: all three would take a good part of the time to start. */
const parsers: Readonly<Record<ConfigLanguage, () => Promise<(source: FileText) => WrittenTable>>> = {
  toml: async () => (await import('./parse-toml.ts')).parseToml,
  json: async () => (await import('./parse-json.ts')).parseJson,
  yaml: async () => (await import('./parse-yaml.ts')).parseYaml,
}

/**
 * The tree of a file. Its extension tells the language; with any other extension, what it looks like.
 *
 * @param source its text, and its name with the extension
 * @throws {ConfigError} at the first thing that cannot be read
 */
export async function parseFile(source: FileText): Promise<ParsedFile> {
  const language = byExtension[extname(source.file).toLowerCase()]
  return await (language === undefined ? sniffed(source) : parsed(source, language))
}

async function parsed(source: FileText, language: ConfigLanguage): Promise<ParsedFile> {
  const parse = await parsers[language]()
  const tree = withoutOverflow(source, () => parse(source))
  refuseDeep(source, tree)
  return { tree, language }
}

async function sniffed(source: FileText): Promise<ParsedFile> {
  // TOML before YAML: nothing but comments is both, and YAML takes many a TOML line for a text.
  const languages: readonly ConfigLanguage[] = /^\s*(\/[/*]|\{)/.test(source.text) ? ['json', 'yaml'] : ['toml', 'yaml']
  const failures = new Map<ConfigLanguage, ConfigError>()
  for (const language of languages) {
    try {
      return await parsed(source, language)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      failures.set(language, error)
    }
  }
  // The mistake of the language that it was most likely meant to be.
  const looksLikeYaml = /^\s*(- )?[\w"'-]+:(\s|$)/m.test(source.text) && !/^\s*[\w."'-]+\s*=/m.test(source.text)
  throw failures.get(looksLikeYaml ? 'yaml' : (languages[0] ?? 'toml'))
}

function withoutOverflow<Result>(source: FileText, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    // The parsers call themselves for what is inside something.
    if (error instanceof RangeError) throw tooDeep(source)
    throw error
  }
}

function tooDeep(source: FileText, place = { line: 1, column: 1 }): ConfigError {
  return syntaxError(source, `has tables or lists that are more than ${maxDepth} deep in each other`, place)
}

function refuseDeep(source: FileText, root: Written): void {
  let level: readonly Written[] = [root]
  for (let depth = 0; level.length > 0; depth++) {
    const [first] = level
    if (depth > maxDepth) throw tooDeep(source, first?.origin.from === 'file' ? first.origin : undefined)
    level = level.flatMap(inside)
  }
}

function inside(node: Written): readonly Written[] {
  if (node.kind === 'list') return node.items
  return node.kind === 'table' ? [...node.entries.values()].map((entry) => entry.node) : []
}
