/** What a user meets in the editor: every public name, and every member of it, has a comment that says what it is. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { publishedPackages } from '../../.config/published-packages.ts'

/** What every stage has, and means the same everywhere; a stage's own interface only says its types more closely. */
const ofEveryStage = ['on', 'once', 'stats']

for (const { name, folder } of publishedPackages) {
  test(`all that @logwisp/${name} exports is documented`, () => {
    const src = join(folder, 'src')
    const files = readdirSync(src).filter((file) => file.endsWith('.ts') && file !== 'index.ts')
    expect(files.flatMap((file) => undocumented(join(src, file)).map((what) => `${file}: ${what}`))).toEqual([])
  })
}

function undocumented(path: string): string[] {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2023, true)
  const hasComment = (node: ts.Node): boolean => ts.getJSDocCommentsAndTags(node).length > 0
  return file.statements.filter(isPublicDeclaration).flatMap((statement) => {
    const members = ts.isInterfaceDeclaration(statement) || ts.isClassDeclaration(statement) ? statement.members : []
    return [statement, ...[...members].filter(isPublicMember)]
      .filter((node) => !hasComment(node))
      .map((node) => node.getText().split('\n')[0] as string)
  })
}

function has(node: ts.Node, ...kinds: readonly ts.SyntaxKind[]): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node)?.some(({ kind }) => kinds.includes(kind)) ?? false)
}

function isPublicDeclaration(statement: ts.Statement): boolean {
  return !ts.isExportDeclaration(statement) && has(statement, ts.SyntaxKind.ExportKeyword)
}

/** A member that has a meaning of its own: not one that Node or JavaScript names, nor an override. */
function isPublicMember(member: ts.ClassElement | ts.TypeElement): boolean {
  const { name } = member
  if (name === undefined || !ts.isIdentifier(name)) return false
  if (name.text.startsWith('_') || ofEveryStage.includes(name.text)) return false
  return !has(member, ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.OverrideKeyword)
}
