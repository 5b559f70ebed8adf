import { describe, expect, it } from 'vitest'
import { readConfig } from './config-text.ts'

interface Given {
  readonly [key: string]: unknown
}

const stdin = { type: 'stdin' }
const stdout = { type: 'stdout' }

function pipeline(given: Given): Given {
  return { name: 'app', sources: [stdin], sinks: [stdout], ...given }
}

/** By path, what is wrong; and by path, what is said, each with its severity. */
function check(...pipelines: Given[]): { problems: Record<string, string>; notices: Record<string, string> } {
  return checkAll({ pipelines })
}

function checkAll(given: Given): { problems: Record<string, string>; notices: Record<string, string> } {
  const { problems, notices } = readConfig(JSON.stringify(given), 'logwisp.json')
  return {
    problems: Object.fromEntries(problems.map(({ path, message }) => [path, message])),
    notices: Object.fromEntries(notices.map(({ path, message, severity }) => [path, `${severity}: ${message}`])),
  }
}

const http = (options: Given = {}): Given => ({ type: 'http', options: { port: 8080, host: '127.0.0.1', ...options } })

describe('pipelines', () => {
  it('have names of their own', () => {
    const two = [pipeline({ name: 'a' }), pipeline({ name: 'a', sources: [http({ port: 1 })] })]
    expect(check(...two).problems).toEqual({
      'pipelines.1.name': '"a" is the name of pipeline 0 too: give each its own',
    })
  })

  it('read standard input once, and not in the background', () => {
    const both = { pipelines: [pipeline({ name: 'a' }), pipeline({ name: 'b' })], background: true }
    const { problems, notices } = checkAll(both)
    expect(problems['pipelines.1.sources.0']).toBe(
      'standard input is read by the stdin source of "a" already: only one source can',
    )
    expect(notices['pipelines.0.sources.0']).toMatch(/^warning: standard input is closed in the background/)
  })

  it('have patterns that are regular expressions; what is wrong has its place', () => {
    const filters = [{ patterns: ['ok', 'a(b'] }, { type: 'exclude', patterns: ['(?=x)'], ignore_case: true }]
    const { problems } = check(pipeline({ filters }))
    expect(problems['pipelines.0.filters.0.patterns.1']).toMatch(/bad pattern "a\(b": missing closing \)/)
    expect(problems['pipelines.0.filters.1.patterns.0']).toMatch(/at position 0/)
    expect(Object.keys(problems)).toHaveLength(2)
  })

  it('hear of options of a format that none of their sinks has', () => {
    const format_options = { template: '{message}', pretty: true }
    const own = { type: 'stderr', options: { format: 'text', format_options: { level_field: 'x' } } }
    const { notices } = check(pipeline({ format: 'json', format_options, sinks: [stdout, own] }))
    expect(notices).toEqual({
      'pipelines.0.format_options.template':
        'notice: has no effect: it is about the format "text", and the format is "json"',
      'pipelines.0.sinks.1.options.format_options.level_field':
        'notice: has no effect: it is about the format "json", and the format is "text"',
    })
  })

  it('are warned of JSON over several lines where a line is an entry', () => {
    const { notices } = check(
      pipeline({
        format: 'json',
        format_options: { pretty: true },
        sinks: [{ type: 'tcp', options: { host: '::1' } }],
      }),
    )
    expect(notices['pipelines.0.format_options.pretty']).toMatch(/^warning: .*over several lines/)
  })

  it('with one split console sink alone hear that it writes both halves, with two nothing', () => {
    const split = (type: string): Given => ({ type, options: { target: 'split' } })
    const path = 'pipelines.0.sinks.0.options.target'
    expect(check(pipeline({ sinks: [split('stdout')] })).notices[path]).toMatch(/no stderr sink .* this one writes/)
    expect(check(pipeline({ sinks: [split('stdout'), { type: 'stderr' }] })).notices[path]).toBeDefined()
    expect(check(pipeline({ sinks: [split('stdout'), split('stderr')] })).notices).toEqual({})
  })

  it('know what a tcp_client cannot do with plain lines, and what not with its own form', () => {
    const client = (options: Given): Given => ({ type: 'tcp_client', options: { address: 'a:1', ...options } })
    const { problems, notices } = check(
      pipeline({
        sinks: [
          client({ auth: { token: 'x' } }),
          client({ acknowledge: 'peer' }),
          client({ protocol: 'logwisp', format: 'raw' }),
          client({ reconnect_delay_ms: 60_000 }),
        ],
      }),
    )
    expect(Object.keys(problems)).toEqual([
      'pipelines.0.sinks.0.options.auth',
      'pipelines.0.sinks.1.options.acknowledge',
      'pipelines.0.sinks.2.options.format',
    ])
    expect(Object.keys(notices)).toEqual(['pipelines.0.sinks.3.options.reconnect_delay_ms'])
  })
})

describe('ports', () => {
  const api = pipeline({ name: 'api', sources: [http({ port: 8081 })], sinks: [http()] })
  const web = pipeline({ name: 'web', sources: [http({ port: 8081 })], sinks: [http()] })

  it('are shared by stages of HTTP whose paths differ, in router mode always', () => {
    expect(checkAll({ router: true, pipelines: [api, web] }).problems).toEqual({})
    expect(check(pipeline({ sources: [http()], sinks: [http()] })).problems).toEqual({})
  })

  it('have one stage for each path; statuses are the daemon’s and may be shared', () => {
    const hint = 'give another path or port, or set `router = true`'
    expect(check(api, web).problems).toEqual({
      'pipelines.1.sources.0.options.ingest_path': `/ingest on port 8081 is answered by the http source of "api" already: ${hint}`,
      'pipelines.1.sinks.0.options.stream_path': `/stream on port 8080 is answered by the http sink of "api" already: ${hint}`,
    })
  })

  it('of TCP are nobody else’s', () => {
    const tcp = { type: 'tcp', options: { port: 8080 } }
    expect(check(pipeline({ sinks: [http(), tcp] })).problems).toEqual({
      'pipelines.0.sinks.1.options.port':
        'port 8080 is that of the http sink of "app", and only stages of HTTP can share one: give another port',
    })
  })

  it('must be asked for with the same TLS and the same bounds of connections', () => {
    const net_limit = { enabled: true, max_connections_per_ip: 5 }
    const other = http({ stream_path: '/b', max_connections: 5, net_limit })
    expect(Object.keys(check(pipeline({ sinks: [http(), other] })).problems)).toEqual([
      'pipelines.0.sinks.1.options.max_connections',
      'pipelines.0.sinks.1.options.net_limit',
    ])
    const ssl = { enabled: true, cert_file: 'c', key_file: 'k' }
    expect(Object.keys(check(pipeline({ sinks: [http(), http({ stream_path: '/b', ssl })] })).problems)).toEqual([
      'pipelines.0.sinks.1.options.ssl',
    ])
  })

  it('are the same on all addresses and on one of them', () => {
    const { problems } = check(pipeline({ sinks: [http(), http({ host: '0.0.0.0', stream_path: '/b' })] }))
    expect(problems['pipelines.0.sinks.1.options.host']).toMatch(/port 8080 of 127.0.0.1 is that of the http sink/)
    expect(check(pipeline({ sinks: [http(), http({ host: '::1' })] })).problems).toEqual({})
    expect(check(pipeline({ sinks: [http({ port: 0 }), http({ port: 0 })] })).problems).toEqual({})
  })

  it('keep the paths that the daemon answers by itself', () => {
    const { problems } = check(
      pipeline({ sources: [http({ ingest_path: '/metrics' })], sinks: [http({ stream_path: '/' })] }),
    )
    expect(Object.keys(problems)).toEqual([
      'pipelines.0.sources.0.options.ingest_path',
      'pipelines.0.sinks.0.options.stream_path',
    ])
    const named = checkAll({ router: true, pipelines: [pipeline({ name: 'status', sinks: [http()] })] })
    expect(named.problems['pipelines.0.name']).toMatch(/^\/status is answered by the daemon itself/)
  })
})

describe('access', () => {
  it('W25: what is asked for must be possible: users, tokens, certificates, authorities', () => {
    const sinks = [http()]
    const auth = (given: Given): Record<string, string> => check(pipeline({ sinks, auth: given })).problems
    expect(auth({ type: 'basic' })).toHaveProperty(['pipelines.0.auth.type'])
    expect(auth({ type: 'bearer', bearer_auth: {} })).toHaveProperty(['pipelines.0.auth.type'])
    expect(auth({ type: 'mtls' })).toHaveProperty(['pipelines.0.sinks.0.options.ssl'])
    expect(auth({ type: 'bearer', bearer_auth: { jwt: { signing_key: 'k' } } })).toEqual({
      'pipelines.0.auth.bearer_auth.jwt.issuer': expect.stringContaining('is missing'),
      'pipelines.0.auth.bearer_auth.jwt.audience': expect.stringContaining('is missing'),
    })
    expect(
      Object.keys(check(pipeline({ sinks: [http({ ssl: { enabled: true, client_auth: true } })] })).problems),
    ).toEqual([
      'pipelines.0.sinks.0.options.ssl.cert_file',
      'pipelines.0.sinks.0.options.ssl.key_file',
      'pipelines.0.sinks.0.options.ssl.client_ca_file',
    ])
  })

  it('W25: what cannot be applied is said: users without `type`, auth where nothing listens', () => {
    const basic_auth = { users: [{ username: 'a', password_hash: 'x' }] }
    expect(check(pipeline({ sinks: [http()], auth: { basic_auth } })).notices['pipelines.0.auth.basic_auth']).toMatch(
      /^warning: has no effect while `type` is "none"/,
    )
    expect(check(pipeline({ auth: { type: 'basic', basic_auth } })).notices['pipelines.0.auth.type']).toMatch(
      /has no effect: nothing of this pipeline listens/,
    )
  })

  it('names and addresses are what they should be', () => {
    const users = [
      { username: 'a', password_hash: 'x' },
      { username: 'a', password_hash: 'y' },
    ]
    const auth = { type: 'basic', basic_auth: { users }, ip_whitelist: ['10.0.0.0/8', 'fd00::/129', 'private', 'x'] }
    expect(Object.keys(check(pipeline({ sinks: [http()], auth })).problems)).toEqual([
      'pipelines.0.auth.basic_auth.users.1.username',
      'pipelines.0.auth.ip_whitelist.1',
      'pipelines.0.auth.ip_whitelist.3',
    ])
  })

  it('W27: a server that others reach without authentication is a warning, passwords without TLS too', () => {
    const open = check(pipeline({ sinks: [http({ host: '0.0.0.0' })] })).notices
    expect(open['pipelines.0.sinks.0.options.host']).toMatch(/^warning: .*whoever reaches the port can read the log/)
    const auth = { type: 'bearer', bearer_auth: { tokens: ['x'] } }
    const plain = check(pipeline({ sinks: [http({ host: '::' })], auth })).notices
    expect(plain['pipelines.0.sinks.0.options.ssl.enabled']).toMatch(/^warning: .*tokens can be read on the way/)
    expect(check(pipeline({ sinks: [http({ host: '::1' })] })).notices).toEqual({})
  })

  it('old versions of TLS and unknown ciphers are told', () => {
    const ssl = (given: Given): ReturnType<typeof check> =>
      check(pipeline({ sinks: [http({ ssl: { enabled: true, cert_file: 'c', key_file: 'k', ...given } })] }))
    const path = 'pipelines.0.sinks.0.options.ssl'
    expect(ssl({ min_version: 'TLS1.0' }).notices[`${path}.min_version`]).toMatch(/^warning: TLS1.0 is broken/)
    expect(ssl({ min_version: 'TLS1.0' }).problems).toEqual({})
    expect(ssl({ max_version: 'TLS1.1' }).problems).toHaveProperty([`${path}.max_version`])
    expect(ssl({ min_version: 'TLS1.3', max_version: 'TLS1.2' }).problems).toHaveProperty([`${path}.min_version`])
    expect(ssl({ cipher_suites: 'NONE-SUCH' }).problems).toHaveProperty([`${path}.cipher_suites`])
    expect(ssl({ cipher_suites: 'ECDHE-RSA-AES128-GCM-SHA256' }).problems).toEqual({})
  })

  it('a client shows one whole proof', () => {
    const client = (auth: Given): Given => ({ type: 'http_client', options: { url: 'http://a', auth } })
    const { problems } = check(
      pipeline({
        sinks: [client({ username: 'a' }), client({}), client({ token: 't', username: 'a', password: 'p' })],
      }),
    )
    expect(Object.keys(problems)).toEqual([0, 1, 2].map((place) => `pipelines.0.sinks.${place}.options.auth`))
  })
})

describe('files', () => {
  const file = (directory: string, name: string): Given => ({
    type: 'file',
    options: { directory, name, max_total_size_mb: 0 },
  })

  it('are written by one sink, and not by the daemon’s log too', () => {
    const { problems } = checkAll({
      logging: { output: 'file', file: { directory: './logs', name: 'b' } },
      pipelines: [pipeline({ sinks: [file('logs', 'a'), file('logs/../logs', 'a'), file('logs', 'b')] })],
    })
    expect(Object.keys(problems)).toEqual(['pipelines.0.sinks.1.options.name', 'pipelines.0.sinks.2.options.name'])
    expect(problems['pipelines.0.sinks.2.options.name']).toContain("the daemon's own log")
  })

  it('W29: of its own are told where a directory is followed, and refused as a single source', () => {
    const directory = { type: 'directory', options: { path: './logs', pattern: '*.log' } }
    const { notices } = check(pipeline({ sources: [directory], sinks: [file('logs', 'a')] }))
    expect(notices['pipelines.0.sources.0.options.path']).toBe(
      'notice: holds files that LogWisp writes itself; they are left out: a.log (the file sink of "app")',
    )
    const others = { type: 'directory', options: { path: './logs', pattern: 'x*.log' } }
    expect(check(pipeline({ sources: [others], sinks: [file('logs', 'a')] })).notices).toEqual({})
    const deep = { type: 'directory', options: { path: '.', pattern: '*', recursive: true } }
    expect(Object.keys(check(pipeline({ sources: [deep], sinks: [file('logs', 'a')] })).notices)).toHaveLength(1)
    const single = { type: 'file', options: { path: './logs/a.log' } }
    expect(check(pipeline({ sources: [single], sinks: [file('logs', 'a')] })).problems).toHaveProperty([
      'pipelines.0.sources.0.options.path',
    ])
  })

  it('have a total that is at least one file', () => {
    const sink = { type: 'file', options: { directory: 'd', name: 'n', max_size_mb: 100, max_total_size_mb: 50 } }
    expect(check(pipeline({ sinks: [sink] })).problems).toEqual({
      'pipelines.0.sinks.0.options.max_total_size_mb': 'must be 0, or at least `max_size_mb` (100), got 50',
    })
  })
})

describe('what is otherwise than in Go', () => {
  it('is said once for all places, and only where it matters', () => {
    const open = { type: 'http', options: { port: 8080 } }
    const client = {
      type: 'http_client',
      options: { url: 'http://a', max_retries: 3, retry_backoff: 2, buffer_size: 10 },
    }
    const { notices } = check(pipeline({ sources: [{ type: 'http', options: { port: 8081 } }], sinks: [open, client] }))
    expect(Object.keys(notices)).toEqual([
      'pipelines.0.sources.0.options.host',
      'pipelines.0.sinks.1.options.retry_backoff',
      'pipelines.0.sinks.1.options.buffer_size',
    ])
    expect(notices['pipelines.0.sources.0.options.host']).toContain('(and 1 more)')
  })

  it('is not said of a file with a key or a word that Go’s did not know, but for what has no effect', () => {
    const client = { type: 'http_client', options: { url: 'http://a', retry_backoff: 2 } }
    const theirs = pipeline({ sinks: [client] })
    expect(Object.keys(check(theirs).notices)).toEqual([
      'pipelines.0.sinks.0.options.max_retries',
      'pipelines.0.sinks.0.options.retry_backoff',
    ])
    for (const ours of [
      { max_restart_delay_seconds: 5 },
      { format: 'wire' },
      { filters: [{ type: 'level', minimum: 'warn' }] },
    ]) {
      const { notices } = check({ ...theirs, ...ours })
      expect(Object.keys(notices)).toEqual(['pipelines.0.sinks.0.options.retry_backoff'])
      expect(notices['pipelines.0.sinks.0.options.retry_backoff']).not.toContain('LogWisp in Go')
    }
  })
})
