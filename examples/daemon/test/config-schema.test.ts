import { describe, expect, it } from 'vitest'
import { configShape } from '../src/config/config-shape.ts'
import { parseConfig } from '../src/config/schema-problems.ts'

const source = { type: 'stdin' }
const sink = { type: 'stdout' }
const minimal = { pipelines: [{ name: 'app', sources: [source], sinks: [sink] }] }

/** By path, what is wrong. */
function problemsOf(tree: unknown): Record<string, string> {
  const result = parseConfig(tree)
  return 'problems' in result ? Object.fromEntries(result.problems.map(({ path, message }) => [path, message])) : {}
}

function withSource(given: unknown): Record<string, string> {
  return problemsOf({ pipelines: [{ name: 'app', sources: [given], sinks: [sink] }] })
}

function withSink(given: unknown): Record<string, string> {
  return problemsOf({ pipelines: [{ name: 'app', sources: [source], sinks: [given] }] })
}

describe('the schema of a configuration', () => {
  it('fills in every default, so that two tables are enough', () => {
    const result = parseConfig(minimal)
    expect('config' in result && result.config).toMatchObject({
      router: false,
      stop_timeout_seconds: 10,
      logging: { output: 'stderr', level: 'info', file: { max_total_size_mb: 1000, retention_hours: 168 } },
      pipelines: [{ rate_limit: { policy: 'pass' }, auth: { type: 'none' }, filters: [] }],
    })
  })

  it('says of each value what it must be and what came', () => {
    expect(withSource({ type: 'http', options: { port: 70_000, ingest_path: 'in', max_requests: 1.5 } })).toEqual({
      'pipelines.0.sources.0.options.port': 'must be a whole number from 0 to 65535, got 70000',
      'pipelines.0.sources.0.options.max_requests': 'must be a whole number of at least 1, got 1.5',
      'pipelines.0.sources.0.options.ingest_path':
        'must be a path that begins with `/`, without `?`, `#` and spaces, got "in"',
    })
    expect(withSink({ type: 'http_client', options: { url: 'ftp://x', compress: 'lz4', headers: { a: 1 } } })).toEqual({
      'pipelines.0.sinks.0.options.url':
        'must be an http:// or https:// URL or a list, each an http:// or https:// URL, got "ftp://x"',
      'pipelines.0.sinks.0.options.compress': 'must be one of `none`, `gzip` or `zstd`, got "lz4"',
      'pipelines.0.sinks.0.options.headers.a':
        'must be a text, `file:PATH` or `env:NAME`, got a number that is not shown',
    })
  })

  it('says which word was meant', () => {
    expect(problemsOf({ pipelines: [{ ...minimal.pipelines[0], format: 'jsn' }] })).toEqual({
      'pipelines.0.format': 'must be one of `raw`, `json`, `text` or `wire`, got "jsn"; did you mean `json`?',
    })
    expect(withSink({ type: 'htp' })['pipelines.0.sinks.0.type']).toMatch(/got "htp"; did you mean `http`\?$/)
  })

  it('shows no password of a URL', () => {
    const problems = withSink({ type: 'http_client', options: { url: 'htp://ann:hunter2@host/' } })
    expect(problems['pipelines.0.sinks.0.options.url']).toMatch(/got "htp:\/\/\*\*\*@host\/"$/)
  })

  it('says what is missing', () => {
    expect(problemsOf({})).toEqual({ pipelines: 'is missing: must be a list of tables' })
    expect(problemsOf({ pipelines: [] })).toEqual({ pipelines: 'must have at least one element' })
    expect(withSource({ type: 'directory', options: {} })).toEqual({
      'pipelines.0.sources.0.options.path': 'is missing: must be a text',
    })
    expect(withSource({ options: {} })).toEqual({
      'pipelines.0.sources.0.type':
        'is missing: must be one of `directory`, `file`, `stdin`, `http`, `tcp`, `sse` or `websocket`',
    })
  })

  it('names each unknown key, and those that there are', () => {
    const result = parseConfig({ ...minimal, routre: true, logging: { levl: 'info' } })
    expect('problems' in result && result.problems.map(({ path, unknown }) => [path, unknown?.key])).toEqual([
      ['logging.levl', 'levl'],
      ['routre', 'routre'],
    ])
    expect('problems' in result && result.problems[0]?.unknown?.known).toEqual(['output', 'level', 'file', 'console'])
  })

  it('tells a websocket source that is a client from one that is a server', () => {
    expect(withSource({ type: 'websocket', options: { url: 'ws://a/b', max_frame_bytes: 1 } })).toEqual({
      'pipelines.0.sources.0.options.max_frame_bytes': 'must be a whole number from 1024 to 268435456, got 1',
    })
    expect(withSource({ type: 'websocket', options: { port: 1, ping_interval_seconds: 'x' } })).toEqual({
      'pipelines.0.sources.0.options.ping_interval_seconds': 'must be a number from 0.1 to 86400, got "x"',
    })
    expect(withSource({ type: 'websocket', options: { url: 'ws://a/b', port: 1 } })).toEqual({
      'pipelines.0.sources.0.options.port': 'does not go together with what else is given here',
    })
    expect(withSource({ type: 'websocket', options: {} })).toEqual({
      'pipelines.0.sources.0.options': 'must have `url`, or `port`',
    })
  })

  it('shows no secret, not even one of the wrong type', () => {
    const auth = { type: 'bearer', bearer_auth: { tokens: ['hunter2', 12345678], clients: [{ name: 'a', token: '' }] } }
    const problems = problemsOf({ pipelines: [{ ...minimal.pipelines[0], auth }] })
    expect(problems).toEqual({
      'pipelines.0.auth.bearer_auth.tokens.1':
        'must be a text, `file:PATH` or `env:NAME`, got a number that is not shown',
      'pipelines.0.auth.bearer_auth.clients.0.token': 'must be a text, `file:PATH` or `env:NAME`, and not empty',
    })
  })

  it('W23: knows which flags take no value, so that none of them swallows the next word', () => {
    const switches = [
      'router',
      'background',
      'quiet',
      'disable_status_reporter',
      'config_auto_reload',
      'config_save_on_exit',
    ]
    for (const name of switches) {
      expect(configShape.keys.get(name), name).toMatchObject({ kind: 'leaf', forms: [{ form: 'boolean' }] })
    }
  })

  it('takes 168.0 for a whole number and 10 for a fraction, as TOML has them', () => {
    const limits = { enabled: true, requests_per_second: 10, burst_size: 5.0 }
    expect(withSink({ type: 'http', options: { port: 8080.0, net_limit: limits } })).toEqual({})
    expect(withSink({ type: 'file', options: { directory: 'd', name: 'n', retention_hours: 168.0 } })).toEqual({})
  })
})
