/** Flags and `LOGWISP_` variables: what they are called, what they take, and what is said when they are wrong. */

import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coerce } from '../src/config/coerce.ts'
import { leafPaths } from '../src/config/config-shape.ts'
import { readEnvironment, variableFor } from '../src/config/environment.ts'
import { flagFor, type ReadFlags, readFlags } from '../src/config/flags.ts'
import { loadConfig } from '../src/config/load.ts'
import { ConfigError, type LoadedConfig, problemText } from '../src/config/loaded-config.ts'
import type { LeafForm } from '../src/config/shape.ts'
import type { Written } from '../src/config/written.ts'

const own = new Map([
  ['--once', false],
  ['--port', true],
  ['-p', true],
])

function read(...words: string[]): Omit<ReadFlags, 'values'> & { values: Record<string, string | true> } {
  const flags = readFlags(words, own)
  return { ...flags, values: Object.fromEntries(flags.values) }
}

function problems(...words: string[]): readonly string[] {
  return readFlags(words, own).problems.map(problemText)
}

/** Where no configuration file is found. */
async function load(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<LoadedConfig> {
  const flags = readFlags(words, own)
  expect(flags.problems).toEqual([])
  return await loadConfig({ argv: flags.values, environment, cwd: tmpdir(), directory: tmpdir() })
}

async function refusal(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<readonly string[]> {
  const error = await load(words, environment).catch((reason: unknown) => reason)
  if (!(error instanceof ConfigError)) throw new Error('it was not refused')
  return error.problems.map(problemText)
}

describe('flags', () => {
  it('W23: a flag that is true or false does not swallow what follows it', () => {
    expect(read('--quiet', '-c', 'x.toml')).toMatchObject({
      values: { quiet: true },
      configFile: 'x.toml',
      problems: [],
    })
    expect(read('--quiet', '/var/log')).toMatchObject({ values: { quiet: true }, rest: ['/var/log'] })
    expect(read('--quiet', 'false', '/var/log')).toMatchObject({ values: { quiet: 'false' }, rest: ['/var/log'] })
    expect(read('--pipelines.0.sources.0.options.recursive', '/x').rest).toEqual(['/x'])
  })

  it.each([
    ['--router', { router: true }],
    ['--background', { background: true }],
    ['--quiet', { quiet: true }],
    ['--disable-status-reporter', { disable_status_reporter: true }],
    ['--disable_status_reporter', { disable_status_reporter: true }],
    ['--config-auto-reload', { config_auto_reload: true }],
    ['--config_auto_reload=true', { config_auto_reload: 'true' }],
    ['--config-save-on-exit', { config_save_on_exit: true }],
    ['-q', { quiet: true }],
    ['-b', { background: true }],
    ['-r', { router: true }],
    ['-qbr', { quiet: true, background: true, router: true }],
    ['--no-quiet', { quiet: 'false' }],
    ['--logging.output=file', { 'logging.output': 'file' }],
    ['--logging.level debug', { 'logging.level': 'debug' }],
    ['--log-level debug', { 'logging.level': 'debug' }],
    ['--logging.file.directory /x', { 'logging.file.directory': '/x' }],
    ['--logging.file.max-size-mb 5', { 'logging.file.max_size_mb': '5' }],
    ['--logging.console.target split', { 'logging.console.target': 'split' }],
    ['--pipelines.0.name x', { 'pipelines.0.name': 'x' }],
    ['--pipelines.0.sources.1.options.check-interval-ms 5', { 'pipelines.0.sources.1.options.check_interval_ms': '5' }],
    ['--pipelines.0.filters.0.patterns.1 x', { 'pipelines.0.filters.0.patterns.1': 'x' }],
    ['--pipelines.0.sinks.0.options.headers.X-Api-Key x', { 'pipelines.0.sinks.0.options.headers.X-Api-Key': 'x' }],
  ])('W23: %s is understood', (words, values) => {
    expect(read(...words.split(' '))).toEqual({ values, rest: [], configFile: undefined, problems: [] })
  })

  it('W23: the file is named by --config F, --config=F, -c F and -c=F; of several the last one counts', () => {
    for (const words of [['--config', 'x'], ['--config=x'], ['-c', 'x'], ['-c=x'], ['-c', 'y', '-c', 'x']]) {
      expect(read(...words)).toEqual({ values: {}, rest: [], configFile: 'x', problems: [] })
    }
  })

  it('leaves the program’s own flags with their values, words, and what follows -- as they are', () => {
    const words = ['run', '--once', '--port', '8081', '-p=1', '-h', '--version', '/x', '-']
    expect(read(...words).rest).toEqual(words)
    expect(read('--', '--quiet', '-c')).toMatchObject({ values: {}, rest: ['--', '--quiet', '-c'] })
  })

  it('W23: unknown flags are said, with what was meant', () => {
    expect(problems('--quite')).toEqual(['--quite: is not a flag that LogWisp knows; did you mean --quiet?'])
    expect(problems('--cofnig', 'x')).toEqual(['--cofnig: is not a flag that LogWisp knows; did you mean --config?'])
    expect(problems('--onec')).toEqual(['--onec: is not a flag that LogWisp knows; did you mean --once?'])
    expect(problems('--pipelines.1.nam=x')[0]).toContain('did you mean --pipelines.1.name?')
    expect(problems('--level', 'debug')[0]).toContain('--logging.level')
    expect(problems('--pipelines.2.sources.1.path')[0]).toContain('--pipelines.2.sources.1.options.path')
    expect(problems('-x', '-cq')).toHaveLength(2)
    expect(problems('--xyzzy')).toEqual(['--xyzzy: is not a flag that LogWisp knows; see logwisp --help'])
    expect(problems('--__proto__.x=1', '--constructor=1', '--toString')).toHaveLength(3)
  })

  it('never shows the value of a flag that it does not know', () => {
    expect(problems('--pipelines.0.auth.tokn=s3cr3t').join()).not.toContain('s3cr3t')
  })

  it('says which flags lack a value, or have parts', () => {
    expect(problems('--logging.level')).toEqual(['--logging.level: needs a value'])
    expect(problems('--logging.level', '-q')).toEqual([
      '--logging.level: needs a value; one that begins with a dash as --logging.level=…',
    ])
    expect(problems('-c')).toEqual(['-c: needs a file'])
    expect(problems('--logging', 'debug')[0]).toContain('is a table: name one of its values, such as --logging.output')
    expect(read('--status-interval-seconds', '-5').values).toEqual({ status_interval_seconds: '-5' })
  })

  it('understands each leaf of the schema by the name that is shown for it', () => {
    for (const path of leafPaths) expect(readFlags([`${flagFor(path)}=x`], new Map()).values.get(path)).toBe('x')
  })

  it('never throws, whatever the words', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('--', '-', '-c', '--config', '--quiet', '--no-', '--=', '-=', '--.', '--pipelines..name', 'x'),
      fc.constantFrom(...leafPaths).map((path) => `--${path}`),
      fc.tuple(fc.constantFrom(...leafPaths), fc.string()).map(([path, end]) => `--${path}${end}`),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        const { values, rest, problems: said } = readFlags(words, own)
        expect(values.size + rest.length + said.length).toBeLessThanOrEqual(words.length * 3)
      }),
      { numRuns: 300, seed: 11 },
    )
  })

  it('whatever is given, loading it gives a configuration or a ConfigError', async () => {
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('[', '["', '{', '{}', '[]', '-1', '1e400', 'true', '9'.repeat(30)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...leafPaths), value), { maxLength: 4 }), async (pairs) => {
        const argv = new Map(pairs)
        try {
          await loadConfig({ argv, environment: {}, cwd: tmpdir(), directory: tmpdir() })
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError)
        }
      }),
      { numRuns: 300, seed: 13 },
    )
  })
})

describe('variables', () => {
  it('W22: what the ancestor documented works, with the prefix', async () => {
    const { config, origins } = await load([], {
      LOGWISP_LOGGING_LEVEL: 'debug',
      LOGWISP_PIPELINES_0_NAME: 'x',
      LOGWISP_PIPELINES_0_SOURCES_0_OPTIONS_CHECK_INTERVAL_MS: '250',
    })
    expect(config.logging.level).toBe('debug')
    expect(config.pipelines[0]).toMatchObject({ name: 'x', sources: [{ options: { check_interval_ms: 250 } }] })
    expect(origins.get('logging.level')).toEqual({ from: 'environment', variable: 'LOGWISP_LOGGING_LEVEL' })
  })

  it('the ancestor’s `rate_limit` in options is `net_limit`, on the command line too', async () => {
    const { config } = await load(['--pipelines.0.sinks.0.options.rate-limit.requests-per-second=5'], {
      LOGWISP_PIPELINES_0_SINKS_0_OPTIONS_RATE_LIMIT_ENABLED: 'true',
    })
    const net_limit = { enabled: true, requests_per_second: 5 }
    expect(config.pipelines[0]?.sinks[0]).toMatchObject({ options: { net_limit } })
  })

  it('W22: foreign variables never matter', async () => {
    const { config } = await load([], {
      VERSION: '1.2.3',
      QUIET: 'true',
      ROUTER: 'true',
      LOGGING_LEVEL: 'nonsense',
      CONFIG: '/nowhere',
      PIPELINES_0_NAME: 'x y z',
      logwisp_quiet: 'true',
      XLOGWISP_QUIET: 'true',
    })
    expect(config).toEqual((await load([])).config)
  })

  it('W22: what Kubernetes sets for services called `logwisp` and `logwisp-status` is foreign', async () => {
    const { config } = await load([], {
      LOGWISP_SERVICE_HOST: '10.0.0.1',
      LOGWISP_SERVICE_PORT: '8080',
      LOGWISP_SERVICE_PORT_HTTP: '8080',
      LOGWISP_PORT: 'tcp://10.0.0.1:8080',
      LOGWISP_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      LOGWISP_PORT_8080_TCP_PROTO: 'tcp',
      LOGWISP_PORT_8080_TCP_PORT: '8080',
      LOGWISP_PORT_8080_TCP_ADDR: '10.0.0.1',
      LOGWISP_STATUS_PORT: 'tcp://10.0.0.2:80',
    })
    expect(config.status.port).toBeUndefined()
    expect((await load([], { LOGWISP_STATUS_PORT: '81' })).config.status.port).toBe(81)
  })

  it('an empty one is as good as none', async () => {
    const { config } = await load([], { LOGWISP_QUIET: '', LOGWISP_LOGGING_LEVEL: '', LOGWISP_CONFIG_FILE: '' })
    expect(config).toEqual((await load([])).config)
  })

  it('unknown ones are said, with what was meant', async () => {
    expect(await refusal([], { LOGWISP_QUITE: '1', LOGWISP_CONFIG_FIEL: 'x', LOGWISP_PIPELINES_3_NAM: 'x' })).toEqual([
      'LOGWISP_CONFIG_FIEL: is not a variable that LogWisp knows; did you mean LOGWISP_CONFIG_FILE?',
      'LOGWISP_PIPELINES_3_NAM: is not a variable that LogWisp knows; did you mean LOGWISP_PIPELINES_3_NAME?',
      'LOGWISP_QUITE: is not a variable that LogWisp knows; did you mean LOGWISP_QUIET?',
    ])
    expect((await refusal([], { LOGWISP_LOG_LEVEL: 'debug' }))[0]).toContain('LOGWISP_LOGGING_LEVEL')
  })

  it('name each leaf of the schema, and only that one', () => {
    for (const path of leafPaths) {
      const [assignment] = readEnvironment({ [variableFor(path)]: 'x' }).assignments
      expect(
        assignment?.paths.map((each) => each.join('.')),
        path,
      ).toEqual([path])
    }
  })

  it('LOGWISP_CONSOLE_TARGET aims all console sinks, but those that are aimed by themselves', async () => {
    const sinks = [
      '--pipelines.0.sinks.0.type=stdout',
      '--pipelines.0.sinks.1.type=stderr',
      '--pipelines.0.sinks.2.type=tcp',
    ]
    const target = async (words: readonly string[], value: string): Promise<unknown> => {
      const { config } = await load([...sinks, ...words], { LOGWISP_CONSOLE_TARGET: value })
      return config.pipelines[0]?.sinks.map(({ options }) => ('target' in options ? options.target : undefined))
    }
    expect(await target([], 'split')).toEqual(['split', 'split', undefined])
    expect(await target(['--pipelines.0.sinks.1.options.target=stderr'], 'stdout')).toEqual([
      'stdout',
      'stderr',
      undefined,
    ])
    expect(await refusal([], { LOGWISP_CONSOLE_TARGET: 'both' })).toEqual([
      'LOGWISP_CONSOLE_TARGET: must be `stdout`, `stderr` or `split`, got "both"',
    ])
  })

  it('LOGWISP_STATE_DIR is the state directory', async () => {
    const { config, origins } = await load([], { LOGWISP_STATE_DIR: '/state' })
    expect(config.state_directory).toBe('/state')
    expect(origins.get('state_directory')).toEqual({ from: 'environment', variable: 'LOGWISP_STATE_DIR' })
  })
})

describe('lists', () => {
  it('grow by the next element, from either layer, in whatever order the words are', async () => {
    const { config } = await load(
      ['--pipelines.1.sinks.0.type=stdout', '--pipelines.1.name=b', '--pipelines.0.filters.1.patterns=x'],
      {
        LOGWISP_PIPELINES_1_SOURCES_0_TYPE: 'stdin',
        LOGWISP_PIPELINES_0_FILTERS_0_TYPE: 'exclude',
        LOGWISP_PIPELINES_0_FILTERS_0_PATTERNS: 'a,b{1,2}',
      },
    )
    expect(config.pipelines).toMatchObject([
      {
        filters: [
          { type: 'exclude', patterns: ['a', 'b{1,2}'] },
          { type: 'include', patterns: ['x'] },
        ],
      },
      { name: 'b', sources: [{ type: 'stdin' }], sinks: [{ type: 'stdout' }] },
    ])
  })

  it('have no gaps', async () => {
    expect(await refusal(['--pipelines.0.filters.1.patterns=x'])).toEqual([
      '--pipelines.0.filters.1.patterns: pipelines.0.filters.1: cannot be: `pipelines.0.filters` has 0 elements, so the next one is pipelines.0.filters.0',
    ])
    expect((await refusal(['--pipelines.0.filters.0.patterns.1=x']))[0]).toContain('has 0 elements')
  })

  it('of texts change by single elements, each with its origin', async () => {
    const { config, origins } = await load(
      ['--pipelines.0.filters.0.patterns.1=c', '--pipelines.0.sources.0.options.pattern.1=*.txt'],
      { LOGWISP_PIPELINES_0_FILTERS_0_PATTERNS: '["a", "b"]' },
    )
    expect(config.pipelines[0]).toMatchObject({
      filters: [{ patterns: ['a', 'c'] }],
      sources: [{ options: { pattern: ['*.log', '*.txt'] } }],
    })
    expect(origins.get('pipelines.0.filters.0.patterns')).toMatchObject({ from: 'command-line' })
    expect(origins.get('pipelines.0.filters.0.patterns.0')).toMatchObject({ from: 'environment' })
  })

  it('an element from the environment does not change a list from the command line', async () => {
    const { config } = await load(['--pipelines.0.filters.0.patterns=a,b'], {
      LOGWISP_PIPELINES_0_FILTERS_0_PATTERNS_0: 'x',
    })
    expect(config.pipelines[0]?.filters[0]).toMatchObject({ patterns: ['a', 'b'] })
  })

  it('a stage that gets another type loses only the defaults of the old one', async () => {
    const { config } = await load(['--pipelines.0.sources.0.type=stdin', '--pipelines.0.sinks.0.type=tcp'])
    expect(config.pipelines[0]).toMatchObject({
      sources: [{ type: 'stdin' }],
      sinks: [{ type: 'tcp', options: { port: 9090 } }],
    })
    expect(await refusal(['--pipelines.0.sinks.0.type=stdout', '--pipelines.0.sinks.0.options.port=1'])).toEqual([
      expect.stringContaining(
        '--pipelines.0.sinks.0.options.port: pipelines.0.sinks.0.options.port: is not known to `type = "stdout"`',
      ),
    ])
  })
})

describe('texts as values', () => {
  const list: LeafForm = { form: 'list', item: [{ form: 'text', expected: undefined }] }
  const number: LeafForm = { form: 'number', whole: true, min: undefined, max: undefined, above: false }
  const text: LeafForm = { form: 'text', expected: undefined }
  const plain = (node: Written): unknown => {
    if (node.kind === 'value') return node.value
    if (node.kind === 'list') return node.items.map(plain)
    return Object.fromEntries([...node.entries].map(([key, { node: inner }]) => [key, plain(inner)]))
  }
  it.each<[string, readonly LeafForm[], unknown]>([
    ['5', [number], 5],
    [' 16_777_216 ', [number], 16_777_216],
    ['-1.5e3', [number], -1500],
    ['9007199254740993', [number], 9007199254740993n],
    ['0x10', [number], '0x10'],
    ['', [number], ''],
    ['YES', [{ form: 'boolean', only: undefined }], true],
    ['0', [{ form: 'boolean', only: undefined }], false],
    ['on', [{ form: 'boolean', only: undefined }], 'on'],
    ['a, b', [list], ['a', 'b']],
    ['', [list], []],
    ['[]', [list], []],
    ['["a,b"]', [list], ['a,b']],
    ['[a-z]+', [list], ['[a-z]+']],
    ['a{1,2},b', [list], ['a{1,2}', 'b']],
    ['*.log', [text, list], '*.log'],
    ['*.{log,txt}', [text, list], '*.{log,txt}'],
    ['*.log,*.txt', [text, list], ['*.log', '*.txt']],
    ['[301, 302]', [{ form: 'list', item: [number] }], [301, 302]],
    ['301,302', [{ form: 'list', item: [number] }], [301, 302]],
    ['utc', [{ form: 'words', words: ['utc'] }, number], 'utc'],
    ['60', [{ form: 'words', words: ['utc'] }, number], 60],
    ['{"a":"b"}', [{ form: 'record', value: [text] }], { a: 'b' }],
    ['a=b', [{ form: 'record', value: [text] }], 'a=b'],
  ])('%j becomes its value (%#)', (given, forms, value) => {
    expect(plain(coerce(given, forms, { from: 'default' }))).toEqual(value)
  })
})
