/**
 * `docs/options.md`: every option of every stage, taken from the comments in the source, so that the two cannot drift.
 *
 *   pnpm check:docs    fails when the page is not what the source says
 *   pnpm docs:update   writes the page anew
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { publishedPackages, root } from './published-packages.ts'

const header = '| option | type | default | meaning |\n|---|---|---|---|\n'
const page = join(root, 'docs/options.md')
const fresh = `# Options

Made from the comments in the source by \`pnpm docs:update\`; do not edit. Bold: has no default, must be given.
All of them are checked when the stage is made, unknown names too; a bad one throws \`BAD_OPTION\`.
${publishedPackages.map(({ name, folder }) => sectionOf(name, folder)).join('')}`

if (process.argv.includes('--update')) {
  writeFileSync(page, fresh)
} else if (!existsSync(page) || readFileSync(page, 'utf8') !== fresh) {
  console.error('docs/options.md is stale: run `npx pnpm docs:update`')
  process.exitCode = 1
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
