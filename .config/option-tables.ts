/**
 * `docs/options.md`: every option of every stage, taken from the comments in the source, so that the two cannot drift. And
 * the tables in `docs/daemon`: every key of the daemon's configuration, and what is otherwise than in LogWisp in Go.
 *
 *   pnpm check:docs    fails when a page is not what the source says
 *   pnpm docs:update   writes the pages anew
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { differenceTable, optionTables } from '../examples/daemon/src/config/option-reference.ts'
import { publishedPackages, root } from './published-packages.ts'

const header = '| option | type | default | meaning |\n|---|---|---|---|\n'
const options = `# Options

Made from the comments in the source by \`pnpm docs:update\`; do not edit. Bold: has no default, must be given.
All of them are checked when the stage is made, unknown names too; a bad one throws \`BAD_OPTION\`.
${publishedPackages.map(({ name, folder }) => sectionOf(name, folder)).join('')}`

const pages = {
  'docs/options.md': options,
  'docs/daemon/configuration.md': withPart('docs/daemon/configuration.md', 'option tables', optionTables()),
  'docs/daemon/from-logwisp-go.md': withPart('docs/daemon/from-logwisp-go.md', 'differences', differenceTable()),
}

for (const [page, fresh] of Object.entries(pages)) {
  const path = join(root, page)
  if (process.argv.includes('--update')) {
    writeFileSync(path, fresh)
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== fresh) {
    console.error(`${page} is stale: run \`npx pnpm docs:update\``)
    process.exitCode = 1
  }
}

/** A page with what stands between two comments made anew. */
function withPart(page: string, name: string, part: string): string {
  const [begin, end] = [`<!-- begin: ${name} -->\n`, `<!-- end: ${name} -->`]
  const text = readFileSync(join(root, page), 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`${page} has no place for ${name}: ${begin}${end}`)
  return `${text.slice(0, from + begin.length)}\n${part}\n${text.slice(to)}`
}

function sectionOf(name: string, folder: string): string {
  const src = join(folder, 'src')
  const tables = [src, join(src, 'server')]
    .filter((directory) => existsSync(directory))
    .flatMap((directory) => readdirSync(directory).map((file) => join(directory, file)))
    .filter((path) => path.endsWith('.ts'))
    .flatMap(tablesOf)
  return tables.length === 0 ? '' : `\n## @logwisp/${name}\n${tables.join('')}`
}

/** The tables of one file: of each interface that it exports under a name that ends in `Options`. */
function tablesOf(path: string): string[] {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2023, true)
  return file.statements
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name, modifiers }) => name.text.endsWith('Options') && modifiers?.some(isExport))
    .map((declaration) => {
      const bases = declaration.heritageClauses?.flatMap(({ types }) => types.map((type) => `\`${type.getText()}\``))
      const more = bases === undefined ? '' : ` Also those of ${bases.join(' and ')}.`
      const rows = declaration.members.filter(ts.isPropertySignature).map(rowOf)
      const link = `[${declaration.name.text}](../${relative(root, path)})`
      return `\n### ${link}\n\n${commentOf(declaration)}${more}\n\n${header}${rows.join('')}`
    })
}

function rowOf(member: ts.PropertySignature): string {
  const name = `\`${member.name.getText()}\``
  const type = (member.type?.getText() ?? 'unknown').replace(/\s+/g, ' ').replace(/ \| undefined$/, '')
  const fallback = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default')?.comment
  const cells = [
    member.questionToken === undefined ? `**${name}**` : name,
    `\`${type}\``,
    fallback === undefined ? '' : `\`${ts.getTextOfJSDocComment(fallback)}\``,
    commentOf(member),
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
}

/** What the comment says before its first tag, on one line, its links as plain code. */
function commentOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
  return (ts.getTextOfJSDocComment(comment?.comment) ?? '')
    .replace(/\{@link ([^}]+)\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .trim()
}

function isExport({ kind }: ts.ModifierLike): boolean {
  return kind === ts.SyntaxKind.ExportKeyword
}
