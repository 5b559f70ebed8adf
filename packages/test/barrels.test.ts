/**
 * Every primitive can be had by two names, from the barrel (`@logwisp/core`) and from its own subpath
 * (`@logwisp/core/batch`), and both give the same. What both must not show lies in `src/internal`.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { publishedPackages } from '../../.config/published-packages.ts'

for (const { name, folder } of publishedPackages) {
  describe(`@logwisp/${name}`, () => {
    const src = join(folder, 'src')
    const files = readdirSync(src).filter(
      (file) => file.endsWith('.ts') && !['index.ts', 'server.ts', 'testing.ts'].includes(file),
    )
    const barrel = parse(join(src, 'index.ts'))

    test('its barrel names what it exports, in one statement for each file', () => {
      for (const statement of barrel.statements) {
        expect(
          ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause),
          `\`export { … } from './file.ts'\` is all that belongs in index.ts; found \`${statement.getText(barrel)}\``,
        ).toBe(true)
      }
    })

    test.each(files)('the barrel has all that src/%s exports', (file) => {
      const inBarrel = barrel.statements
        .filter(ts.isExportDeclaration)
        .filter(({ moduleSpecifier }) => moduleSpecifier?.getText(barrel).slice(1, -1) === `./${file}`)
        .flatMap(exportedBy)
      // A function with several signatures is one name.
      const inFile = [...new Set(parse(join(src, file)).statements.flatMap(exportedBy))]
      expect(inBarrel.sort(), 'what only the package itself needs belongs in src/internal').toEqual(inFile.sort())
    })
  })
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2023)
}

function exportedBy(statement: ts.Statement): string[] {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause } = statement
    if (exportClause === undefined || !ts.isNamedExports(exportClause)) return ['*']
    return exportClause.elements.map(({ name }) => name.text)
  }
  if (!ts.canHaveModifiers(statement)) return []
  if (!ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return []
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => (ts.isIdentifier(name) ? name.text : '?'))
  }
  return 'name' in statement && statement.name !== undefined ? [(statement.name as ts.Identifier).text] : ['default']
}
