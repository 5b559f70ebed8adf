/** The three languages: values, places, and what is refused. */

import fc from 'fast-check'
import { stringify as toToml } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { stringify as toYaml } from 'yaml'
import { ConfigError } from '../src/config/loaded-config.ts'
import { parseFile } from '../src/config/parse-file.ts'
import type { Written } from '../src/config/written.ts'

/** Plain data of a tree; maps become null-prototype objects, so that any key can be compared. */
function plain(node: Written): unknown {
  if (node.kind === 'value') return node.value
  if (node.kind === 'list') return node.items.map(plain)
  const object = Object.create(null) as Record<string, unknown>
  for (const [key, entry] of node.entries) object[key] = plain(entry.node)
  return object
}

async function parse(file: string, text: string): Promise<unknown> {
  return plain((await parseFile({ file, text })).tree)
}

/** `path → line:column` of every value and key of a tree. */
function places(node: Written, path = ''): Record<string, string> {
  const { origin } = node
  const here = origin.from === 'file' ? { [path]: `${origin.line}:${origin.column}` } : {}
  if (node.kind === 'list') return Object.assign(here, ...node.items.map((item, at) => places(item, `${path}.${at}`)))
  if (node.kind === 'value') return here
  return Object.assign(here, ...[...node.entries].map(([key, { node: inner }]) => places(inner, `${path}.${key}`)))
}

async function failure(file: string, text: string): Promise<string> {
  try {
    await parseFile({ file, text })
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('it was accepted')
}

describe('TOML', () => {
  it('W26: reads inline tables over several lines, with a comma at the end and comments in them', async () => {
    const text = `[[pipelines]]
name = "default"
sources = [
  { type = "directory", options = {
    path = "./",          # where it is
    pattern = "*.log",
  } },
]
[[pipelines.sinks]]
type = "http"
options = {
  port = 8080,
  heartbeat = { enabled = true, interval_seconds = 30 },
}
`
    expect(await parse('logwisp.toml', text)).toEqual({
      pipelines: [
        {
          name: 'default',
          sources: [{ type: 'directory', options: { path: './', pattern: '*.log' } }],
          sinks: [{ type: 'http', options: { port: 8080, heartbeat: { enabled: true, interval_seconds: 30 } } }],
        },
      ],
    })
  })

  it('knows line and column of every value', async () => {
    const text =
      '[logging]\nlevel = "info"\n[[pipelines]]\nname = "x"\n  [[pipelines.sinks]]\n  type = "tcp"\n  options.port = 1\n'
    expect(places((await parseFile({ file: 'x.toml', text })).tree)).toMatchObject({
      '.logging.level': '2:9',
      '.pipelines.0.name': '4:8',
      '.pipelines.0.sinks.0.type': '6:10',
      '.pipelines.0.sinks.0.options.port': '7:18',
    })
  })

  it.each([
    ['a = 1\na = 2\n', 2, 1, /key multiple times/],
    ['[a]\nb = 1\n[a]\n', 3, 2, /key multiple times/],
    ['x = \n', 2, 1, /unspecified values/],
    ['x = [1,\n', 2, 1, /unspecified|unterminated/],
    ['a = 1 b = 2', 1, 7, /newline/],
    ['level = "inf\n', 1, 13, /unterminated string|control character/],
  ])('says where %j is wrong, and shows it', async (text, line, column, words) => {
    const message = await failure('logwisp.toml', text)
    expect(message.startsWith(`logwisp.toml:${line}:${column}: is not valid TOML: `)).toBe(true)
    expect(message).toMatch(words)
    const [, shown, pointer] = message.split('\n')
    expect(shown).toBe(`  ${line} | ${text.split('\n')[line - 1]}`)
    expect(pointer?.indexOf('^')).toBe(`  ${line} | `.length + column - 1)
  })

  it('gives what another parser wrote', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async (data) => {
        expect(await parse('x.toml', toToml(data))).toEqual(nullPrototypes(data))
      }),
      { numRuns: 200, seed: 5 },
    )
  })
})

describe('YAML', () => {
  it('follows aliases and merge keys; what a table says itself goes before', async () => {
    const text =
      'base: &base { port: 1, host: "::" }\nsinks:\n  - options: { <<: *base, port: 2 }\n  - options: *base\n'
    expect(await parse('x.yaml', text)).toMatchObject({
      sinks: [{ options: { port: 2, host: '::' } }, { options: { port: 1, host: '::' } }],
    })
  })

  it('knows line and column of every value, also without braces', async () => {
    const text = 'logging:\n  level: info\npipelines:\n  - name: x\n    sinks:\n    - type: tcp\n'
    expect(places((await parseFile({ file: 'x.yml', text })).tree)).toMatchObject({
      '.logging.level': '2:10',
      '.pipelines.0.name': '4:11',
      '.pipelines.0.sinks.0.type': '6:13',
    })
  })

  it('refuses aliases that stand for more than a file could', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, at) => `a${at}: &a${at} [${Array(10).fill(at === 0 ? 'x' : `*a${at - 1}`)}]`,
    )
    const before = process.memoryUsage().heapUsed
    expect(await failure('x.yaml', levels.join('\n'))).toMatch(/aliases that stand for more than 10000 values/)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000)
  })

  it('refuses an alias to what it is part of', async () => {
    expect(await failure('x.yaml', 'a: &a\n  b: *a\n')).toMatch(/aliases|deep/)
  })

  it.each([
    ['a: 1\na: 2\n', 2, 1],
    ['a: [1\n', 2, 1],
    ['a: !!binary aGVsbG8=\n', 1, 13],
    ['a: 1\n---\nb: 2\n', 2, 1],
    ['- a\n', 1, 1],
  ])('says where %j is wrong', async (text, line, column) => {
    expect((await failure('x.yaml', text)).split(': ')[0]).toBe(`x.yaml:${line}:${column}`)
  })

  it('gives what another parser wrote', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async (data) => {
        expect(await parse('x.yaml', toYaml(data))).toEqual(nullPrototypes(data))
      }),
      { numRuns: 200, seed: 5 },
    )
  })
})

describe('JSON', () => {
  it('reads comments, and nothing else that is not JSON', async () => {
    expect(await parse('x.json', '// why\n{ "quiet": true /* really */ }\n')).toEqual({ quiet: true })
    expect(await failure('x.json', '{ "quiet": true, }')).toMatch(/^x\.json:1:18: is not valid JSON: /)
    expect(await failure('x.json', "{ 'quiet': true }")).toMatch(/^x\.json:1:3: is not valid JSON: /)
    expect(await failure('x.json', '{ "a": 1,\n  "a": 2 }')).toMatch(/^x\.json:2:3: .*twice/)
    expect(await failure('x.json', '[]')).toMatch(/must be a JSON object/)
  })

  it('gives what another parser wrote', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async (data) => {
        expect(await parse('x.json', JSON.stringify(data, null, 2))).toEqual(nullPrototypes(data))
      }),
      { numRuns: 200, seed: 5 },
    )
  })
})

describe('every language', () => {
  it('W26: a TOML file named `logwisp.toml.minimal` loads, and others are told by their looks', async () => {
    const toml = '# LogWisp Minimal Configuration\n\n[[pipelines]]\nname = "default"\n'
    expect(await parse('logwisp.toml.minimal', toml)).toEqual({ pipelines: [{ name: 'default' }] })
    expect(await parse('logwisp.conf', '{ "quiet": true }')).toEqual({ quiet: true })
    expect(await parse('logwisp.conf', 'quiet: true\n')).toEqual({ quiet: true })
    expect(await parse('logwisp.conf', '# nothing\n')).toEqual({})
  })

  it('shows the mistake of the language that a file without a known extension looks like', async () => {
    expect(await failure('logwisp.conf', 'quiet = tru\n[logging]\n')).toMatch(/^logwisp\.conf:1:9: is not valid TOML/)
    expect(await failure('logwisp.conf', 'quiet: [true\nlogging:\n  level: info\n')).toMatch(/is not valid YAML/)
    expect(await failure('logwisp.conf', '{ "quiet": true,, }')).toMatch(/is not valid JSON/)
  })

  it.each([
    ['x.toml', 'n = 9007199254740993\nm = 9007199254740991\n'],
    ['x.yaml', 'n: 9007199254740993\nm: 9007199254740991\n'],
    ['x.json', '{"n": 9007199254740993, "m": 9007199254740991}'],
  ])('%s: a whole number beyond 2^53 is not rounded', async (file, text) => {
    expect(await parse(file, text)).toEqual({ n: 9007199254740993n, m: 9007199254740991 })
  })

  it.each([
    ['x.toml', '__proto__ = 1\n[constructor.prototype]\npolluted = true\n'],
    ['x.yaml', '__proto__: { polluted: true }\nconstructor: { prototype: { polluted: true } }\n'],
    ['x.json', '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'],
  ])('%s: keys such as `__proto__` are keys', async (file, text) => {
    const { tree } = await parseFile({ file, text })
    expect([...tree.entries.keys()]).toEqual(['__proto__', 'constructor'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it.each([
    ['x.toml', `a = ${'['.repeat(65)}${']'.repeat(65)}`],
    ['x.json', `{"a": ${'['.repeat(65)}${']'.repeat(65)}}`],
    ['x.yaml', `a: ${'['.repeat(65)}${']'.repeat(65)}`],
    ['x.toml', `a = ${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['x.json', `{"a": ${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
    ['x.yaml', `a: ${'['.repeat(5_000)}${']'.repeat(5_000)}`],
    ['x.toml', `${'a.'.repeat(5_000)}a = 1`],
  ])('%s: what is nested too deeply is refused, and does not break the reader (%#)', async (file, text) => {
    expect(await failure(file, text)).toMatch(/more than 64 deep/)
  })

  it.each([
    ['x.toml', 'token = "s3cr3t" x\n'],
    ['x.toml', 'tokens = [\n  "s3cr3t",\n  "s3cr3t" oops\n]\n'],
    ['x.yaml', 'auth:\n  password: "s3cr3t" x\n'],
    ['x.json', '{ "signing_key": "s3cr3t" "x": 1 }'],
    ['x.json', '{ "headers": {\n  "Authorization": "s3cr3t\n} }'],
  ])('%s: shows the line without what may be secret in it (%#)', async (file, text) => {
    expect(await failure(file, text)).not.toContain('s3cr3t')
  })

  it.each(['x.toml', 'x.yaml', 'x.json', 'x.conf'])(
    '%s: any text at all is read or refused as a ConfigError',
    async (file) => {
      const pieces = [
        '[',
        ']',
        '[[',
        ']]',
        '{',
        '}',
        '=',
        ':',
        ',',
        '.',
        '"',
        "'",
        '"""',
        '\n',
        ' ',
        '#',
        '&a',
        '*a',
        '<<',
        '-',
        '//',
        '/*',
        '1',
        '1e999',
        'a',
        'true',
        '\\u',
        '\0',
        '\uD800',
        '!',
        '|',
        '2020-01-01',
      ]
      const text = fc.oneof(
        fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join('')),
        fc.string({ unit: 'binary', maxLength: 60 }),
      )
      await fc.assert(
        fc.asyncProperty(text, async (each) => {
          try {
            await parseFile({ file, text: each })
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigError)
          }
        }),
        { numRuns: 500, seed: 7 },
      )
    },
  )
})

/** Keys and values that all three languages have. */
const scalars = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => text.replaceAll(/[\uD800-\uDFFF]/g, '')),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Number.isInteger(number)),
  fc.boolean(),
)
const keys = fc.constantFrom('a', 'b-c', 'd_e', 'f g', '__proto__', 'constructor', 'é', '1', 'true', 'x.y')
const tables = fc
  .letrec<{ table: Record<string, unknown>; value: unknown }>((tie) => ({
    table: fc.dictionary(keys, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    value: fc.oneof(
      { maxDepth: 3 },
      scalars,
      fc.array(scalars, { maxLength: 3 }),
      tie('table'),
      fc.array(tie('table'), { maxLength: 3 }),
    ),
  }))
  .table.map((table) => table as Record<string, unknown>)

function nullPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullPrototypes)
  if (typeof value !== 'object' || value === null) return value
  const object = Object.create(null) as Record<string, unknown>
  for (const [key, inner] of Object.entries(value)) object[key] = nullPrototypes(inner)
  return object
}
