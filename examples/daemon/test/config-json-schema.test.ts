import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { jsonSchema, type SchemaNode } from '../src/config/json-schema.ts'
import { readConfig } from './config-text.ts'

const folder = join(import.meta.dirname, '../config')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.(toml|json|yaml)$/.test(file),
)

const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false })
addFormats.default(ajv)
const validate = ajv.compile(jsonSchema())

function pipeline(given: object): unknown {
  return { pipelines: [{ name: 'a', sources: [{ type: 'stdin' }], sinks: [{ type: 'stdout' }], ...given }] }
}

function* nodes(node: SchemaNode, path: string): Generator<[string, SchemaNode]> {
  yield [path, node]
  for (const [key, inner] of Object.entries(node.properties ?? {})) yield* nodes(inner, `${path}.${key}`)
  if (node.items !== undefined) yield* nodes(node.items, `${path}[]`)
  for (const inner of [...(node.oneOf ?? []), ...(node.anyOf ?? [])]) yield* nodes(inner, path)
}

describe('the JSON Schema of configurations', () => {
  it('is one of draft 2020-12 and takes its own example', () => {
    const schema = jsonSchema()
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', title: expect.any(String) })
    expect(schema.examples?.every((example) => validate(example))).toBe(true)
  })

  it.each(files)('takes %s, as it is once older spellings are turned', (file) => {
    const { plain } = readConfig(readFileSync(join(folder, file), 'utf8'), file)
    expect(validate(plain), JSON.stringify(validate.errors)).toBe(true)
  })

  it.each([
    ['an unknown key', { ...(pipeline({}) as object), routre: true }, 'must NOT have additional properties'],
    ['a missing key', {}, "must have required property 'pipelines'"],
    ['a port beyond', pipeline({ sources: [{ type: 'http', options: { port: 70_000 } }] }), 'must be <= 65535'],
    ['a word', pipeline({ format: 'xml' }), 'must be equal to one of the allowed values'],
    ['a name with a slash', pipeline({ name: 'a/b' }), 'must match pattern'],
    ['a text for a number', pipeline({ rate_limit: { rate: 'x' } }), 'must be number'],
    ['no sources', pipeline({ sources: [] }), 'must NOT have fewer than 1 items'],
    ['a file URL', pipeline({ sinks: [{ type: 'http_client', options: { url: 'file:///x' } }] }), 'must match pattern'],
  ])('refuses %s, as the schema itself does', (_what, tree, message) => {
    expect(validate(tree)).toBe(false)
    expect(validate.errors?.map((error) => error.message).join('\n')).toContain(message)
    expect(readConfig(JSON.stringify(tree), 'x.json').problems).not.toEqual([])
  })

  it('describes every key', () => {
    const silent = [...nodes(jsonSchema(), '')].filter(
      ([path, { description, const: constant }]) =>
        /[a-z_]$/.test(path) && description === undefined && constant === undefined,
    )
    // The alternatives of one key are described by the key.
    const described = new Set(
      [...nodes(jsonSchema(), '')].flatMap(([path, { description }]) => (description ? [path] : [])),
    )
    expect(silent.map(([path]) => path).filter((path) => !described.has(path))).toEqual([])
  })

  it('may be named in a JSON file, for editors', () => {
    const named = { $schema: './logwisp.schema.json', ...(pipeline({}) as object) }
    expect(validate(named)).toBe(true)
    expect(readConfig(JSON.stringify(named), 'x.json')).toMatchObject({ problems: [], notices: [] })
  })

  it('takes secrets as texts, and says nothing of its own keywords', () => {
    expect(JSON.stringify(jsonSchema())).not.toMatch(/"secret":|"expected":/)
    const auth = { type: 'bearer', bearer_auth: { tokens: ['file:/run/secrets/token'] } }
    expect(validate(pipeline({ auth }))).toBe(true)
  })
})
