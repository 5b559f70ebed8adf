/** The document is a valid one, and the types that are made of it are those that are checked in. */

import { Validator } from '@seriousme/openapi-schema-validator'
import openApiTypes, { astToString } from 'openapi-typescript'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { openApiDocument } from '../src/open-api-document.ts'

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator()
  expect(await validator.validate({ ...openApiDocument() })).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
})

test('every schema is used, and every reference leads to one', () => {
  const document = openApiDocument()
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, name]) => name)
  const names = ['schemas', 'responses'].flatMap((kind) =>
    Object.keys(document.components[kind] as object).map((name) => `${kind}/${name}`),
  )
  // Events are no part of OpenAPI 3.1: what their data is stands in the description of the stream.
  const ofEvents = ['schemas/StreamOpen', 'schemas/StreamGap', 'schemas/StreamEnd']
  expect([...new Set([...references, ...ofEvents])].sort()).toEqual(names.sort())
})

test('what stands before the last segment of the path is where the document is', () => {
  const paths = Object.keys(openApiDocument('/api/v1/entries').paths)
  expect(paths).toContain('/entries/histogram')
  expect(paths).toContain('/healthz')
})

// `npx vitest run packages/api/test/open-api-document.test.ts -u` writes them anew.
test('the types that are checked in are made from the document as it is', async () => {
  const nodes = await openApiTypes(JSON.stringify(openApiDocument()), { immutable: true })
  const used = nodes.filter((node) => ts.isInterfaceDeclaration(node) && node.name.text !== 'webhooks')
  // `@description` is a word of JSDoc that TypeDoc does not know; without it the text means the same.
  const types = astToString(used).replaceAll('@description ', '')
  const text = `/** Made from the OpenAPI document by openapi-typescript; do not edit. */\n\n${types}`
  await expect(text).toMatchFileSnapshot('../src/internal/open-api-types.ts')
})
