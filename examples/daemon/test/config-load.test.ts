/** Loading a configuration as a whole: which file, what is said of it, and what is refused for safety. */

import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findFile } from '../src/config/find-file.ts'
import { type LoadRequest, loadConfig } from '../src/config/load.ts'
import { ConfigError, type LoadedConfig, problemText } from '../src/config/loaded-config.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-load-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

const isRoot = process.getuid?.() === 0

async function write(name: string, text: string, mode = 0o644): Promise<string> {
  const file = join(directory, name)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
  await chmod(file, mode)
  return file
}

async function load(file: string, more: Partial<LoadRequest> = {}): Promise<LoadedConfig> {
  return await loadConfig({ argv: new Map(), environment: {}, cwd: directory, configFile: file, ...more })
}

async function refusal(loading: Promise<unknown>): Promise<readonly string[]> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ConfigError)) throw new Error(`it was not refused as it should: ${error}`)
  return error.problems.map(problemText)
}

const pipeline = '[[pipelines]]\nname = "a"\nsources = [{ type = "stdin" }]\nsinks = [{ type = "stdout" }]\n'

describe('the search for the file', () => {
  const find = (environment: NodeJS.ProcessEnv, configFile?: string): Promise<string | undefined> =>
    findFile({ environment: { HOME: join(directory, 'home'), ...environment }, cwd: directory, configFile })

  it('takes the one that is named, then the variables’, then the home’s, then the current directory’s', async () => {
    expect(await find({})).toBeUndefined()
    const here = await write('logwisp.toml', pipeline)
    expect(await find({})).toBe(here)
    const home = await write('home/.config/logwisp/logwisp.toml', pipeline)
    expect(await find({})).toBe(home)
    const xdg = await write('xdg/logwisp/logwisp.toml', pipeline)
    expect(await find({ XDG_CONFIG_HOME: join(directory, 'xdg') })).toBe(xdg)
    expect(await find({ XDG_CONFIG_HOME: 'xdg' })).toBe(home)
    const inDirectory = await write('etc/logwisp.toml', pipeline)
    expect(await find({ LOGWISP_CONFIG_DIR: 'etc' })).toBe(inDirectory)
    const named = await write('etc/other.yaml', pipeline)
    const variables = { LOGWISP_CONFIG_DIR: join(directory, 'etc'), LOGWISP_CONFIG_FILE: 'other.yaml' }
    expect(await find(variables)).toBe(named)
    expect(await find({ ...variables, LOGWISP_CONFIG_FILE: here })).toBe(here)
    expect(await find({ LOGWISP_CONFIG_FILE: 'etc/other.yaml' })).toBe(named)
    expect(await find(variables, 'logwisp.toml')).toBe(here)
  })

  it('a named one that is not there is an error, even when others are', async () => {
    await write('logwisp.toml', pipeline)
    expect(await refusal(find({}, 'x.toml'))).toEqual([`--config: there is no file ${join(directory, 'x.toml')}`])
    expect((await refusal(find({ LOGWISP_CONFIG_FILE: 'x.toml' })))[0]).toMatch(
      /^LOGWISP_CONFIG_FILE: there is no file/,
    )
    expect((await refusal(find({ LOGWISP_CONFIG_DIR: 'x' })))[0]).toMatch(/^LOGWISP_CONFIG_DIR: .*x\/logwisp\.toml/)
  })

  it('without any the *.log files of a directory are followed, and shown on port 8080', async () => {
    const request = { argv: new Map(), environment: { HOME: directory }, cwd: directory }
    const { config, file, origins } = await loadConfig(request)
    expect(file).toBeUndefined()
    expect(config.pipelines).toMatchObject([
      {
        name: 'default',
        sources: [{ type: 'directory', options: { path: './', pattern: '*.log', check_interval_ms: 100 } }],
        sinks: [{ type: 'http', options: { port: 8080, heartbeat: { enabled: true, interval_seconds: 30 } } }],
      },
    ])
    expect(new Set([...origins.values()].map(({ from }) => from))).toEqual(new Set(['default']))
    expect((await loadConfig({ ...request, directory: '/var/log' })).config.pipelines[0]?.sources[0]).toMatchObject({
      options: { path: '/var/log' },
    })
  })

  it('a directory on the command line goes before any file', async () => {
    await write('logwisp.toml', pipeline)
    const { file, config } = await loadConfig({ argv: new Map(), environment: {}, cwd: directory, directory: '.' })
    expect([file, config.pipelines[0]?.name]).toEqual([undefined, 'default'])
  })

  it('a file without pipelines adds to the default one', async () => {
    const file = await write('logwisp.toml', 'quiet = true\n')
    const { config, origins } = await load(file)
    expect(config).toMatchObject({ quiet: true, pipelines: [{ name: 'default' }] })
    expect(origins.get('quiet')).toEqual({ from: 'file', file: 'logwisp.toml', line: 1, column: 9 })
  })
})

describe('problems', () => {
  it('are said all at once, in the order of the file, with place and advice', async () => {
    const file = await write(
      'logwisp.toml',
      `quit = true
[[pipelines]]
name = "a b"
sources = [{ type = "directory", path = "/var/log", options = { patern = "*" } }, { type = "fil" }]
[[pipelines.sinks]]
type = "http"
[pipelines.sinks.options]
port = "http"
hartbeat.enabled = true
enabled = true
[[pipelines.sinks]]
type = "stdout"
options.port = 1
[logging]
level = "verbose"
`,
    )
    const said = await refusal(load(file, { environment: { LOGWISP_PIPELINES_0_SINKS_0_OPTIONS_MAX_VIEWERS: 'many' } }))
    const starts = [
      'logwisp.toml:1:1: quit: is not known here; did you mean `quiet`?',
      'logwisp.toml:3:8: pipelines.0.name: must be ',
      'logwisp.toml:4:34: pipelines.0.sources.0.path: is not known to `type = "directory"`; it belongs into `options` here',
      'logwisp.toml:4:63: pipelines.0.sources.0.options.path: is missing',
      'logwisp.toml:4:65: pipelines.0.sources.0.options.patern: is not known to `type = "directory"`; did you mean `pattern`?',
      'logwisp.toml:4:92: pipelines.0.sources.1.type: must be one of `directory`',
      'logwisp.toml:8:8: pipelines.0.sinks.0.options.port: must be a whole number from 0 to 65535, got "http"',
      'logwisp.toml:9:1: pipelines.0.sinks.0.options.hartbeat: is not known to `type = "http"`; did you mean `heartbeat`?',
      'logwisp.toml:10:1: pipelines.0.sinks.0.options.enabled: is not known to `type = "http"`; it belongs into ',
      'logwisp.toml:13:9: pipelines.0.sinks.1.options.port: is not known to `type = "stdout"`',
      'logwisp.toml:15:9: logging.level: must be one of `trace`, `debug`, `info`, `warn` or `error`, got "verbose"',
      'LOGWISP_PIPELINES_0_SINKS_0_OPTIONS_MAX_VIEWERS: pipelines.0.sinks.0.options.max_viewers: must be a whole number of at least 1, got "many"',
    ]
    expect(said).toHaveLength(starts.length)
    for (const [at, start] of starts.entries()) expect(said[at]?.slice(0, start.length)).toBe(start)
  })

  it('never show a secret, wherever it comes from', async () => {
    const auth = 'auth = { type = "bearer", bearer_auth = { tokens = [5, "s3cr3t"], tokn = "s3cr3t" } }\n'
    const file = await write('logwisp.toml', pipeline + auth)
    const argv = new Map([['pipelines.0.sinks.0.options.headers', '{"Authorization": ["s3cr3t"]}']])
    const environment = { LOGWISP_PIPELINES_0_AUTH_BEARER_AUTH_JWT_SIGNING_KEYS: 's3cr3t' }
    const said = await refusal(load(file, { argv, environment }))
    expect(said.length).toBeGreaterThan(2)
    expect(said.join('\n')).not.toContain('s3cr3t')
  })

  it('W26: the shipped minimal configuration loads, multi-line inline tables and all', async () => {
    const text = `# LogWisp Minimal Configuration
[[pipelines]]
name = "app"
[[pipelines.sources]]
type = "directory"
options = {
    path = "./",
    pattern = "*.log",
}
[[pipelines.sinks]]
type = "http"
options = {
    port = 8080,
    heartbeat = { enabled = true, interval_seconds = 30, include_timestamp = true, format = "comment" }
}
`
    const { config } = await load(await write('logwisp.toml.minimal', text))
    expect(config.pipelines[0]).toMatchObject({ name: 'app', sinks: [{ options: { port: 8080 } }] })
  })

  it('keys such as __proto__ are unknown keys, and change nothing', async () => {
    const file = await write(
      'logwisp.json',
      `{"__proto__": {"quiet": true}, "constructor": {"x": 1}, "logging": {"__proto__": {"level": "x"}}}`,
    )
    expect(await refusal(load(file))).toEqual([
      expect.stringContaining('logwisp.json:1:2: __proto__: is not known here'),
      expect.stringContaining('logwisp.json:1:32: constructor: is not known here'),
      expect.stringContaining('logging.__proto__: is not known here'),
    ])
    expect(({} as Record<string, unknown>)['quiet']).toBeUndefined()
  })
})

describe('the file', () => {
  it('of more than 10 MB is refused, without being read whole', async () => {
    const file = await write('logwisp.toml', `# ${'x'.repeat(10_000_000)}\n${pipeline}`)
    expect(await refusal(load(file))).toEqual(['logwisp.toml is larger than 10 MB'])
    expect(await refusal(load('/dev/zero'))).toEqual(['/dev/zero is larger than 10 MB'])
  })

  it.each([
    ['toml', (at: number) => `k${at} = 1\n`],
    ['yaml', (at: number) => `k${at}: 1\n`],
    ['json', (at: number) => `${at === 0 ? '{' : ','}"k${at}": 1${at === 149_999 ? '}' : ''}\n`],
  ])('of %s with 150,000 unknown keys is refused in seconds, with the first 200 problems', async (language, line) => {
    const file = await write(`logwisp.${language}`, Array.from({ length: 150_000 }, (_, at) => line(at)).join(''))
    const said = await refusal(load(file))
    expect(said).toHaveLength(201)
    expect(said[199]).toContain('k199: is not known here')
    expect(said[200]).toBe('and 149800 more problems')
  })

  it('of just 10 MB loads', async () => {
    const file = await write('logwisp.toml', `${pipeline}# `.padEnd(10_000_000, 'x'))
    expect((await load(file)).config.pipelines[0]?.name).toBe('a')
  })

  it('must be UTF-8, with or without a byte order mark, and no directory', async () => {
    const file = await write('logwisp.toml', `\uFEFF${pipeline}`)
    expect((await load(file)).config.pipelines[0]?.name).toBe('a')
    await writeFile(file, Buffer.from([0x61, 0xff, 0x62]))
    expect(await refusal(load(file))).toEqual(['logwisp.toml is not a text in UTF-8; save it as one'])
    expect(await refusal(load(directory))).toEqual([`${directory} is a directory; name the file in it`])
  })

  it('that others may write to is refused, with how to mend it', async () => {
    const file = await write('logwisp.toml', pipeline, 0o646)
    expect(await refusal(load(file))).toEqual(['logwisp.toml may be written by everybody; chmod o-w logwisp.toml'])
    const link = join(directory, 'link.toml')
    await symlink(file, link)
    expect((await refusal(load(link)))[0]).toContain('may be written by everybody')
    await chmod(file, 0o664)
    expect((await load(file)).config.pipelines[0]?.name).toBe('a')
  })

  it.skipIf(!isRoot)('of another user, or that another group may write to, is refused', async () => {
    const file = await write('logwisp.toml', pipeline, 0o664)
    await chown(file, 0, 54_321)
    expect(await refusal(load(file))).toEqual([
      'logwisp.toml may be written by a group that this process is not in (number 54321); chmod g-w logwisp.toml',
    ])
    await chown(file, 54_321, 0)
    expect(await refusal(load(file))).toEqual([
      'logwisp.toml belongs to another user (number 54321), who could make this daemon do anything; chown 0 logwisp.toml',
    ])
  })
})

describe('secrets', () => {
  const withToken = (token: string): string =>
    `${pipeline}[pipelines.auth]\ntype = "bearer"\nbearer_auth.tokens = ["${token}"]\n`

  async function tokenOf(token: string, environment: NodeJS.ProcessEnv = {}): Promise<string | undefined> {
    const { config } = await load(await write('logwisp.toml', withToken(token)), { environment })
    return config.pipelines[0]?.auth.bearer_auth?.tokens[0]?.reveal()
  }

  it('are read from files, without their last line end, and from variables', async () => {
    await write('token', 's3cr3t\n', 0o600)
    expect(await tokenOf('file:token')).toBe('s3cr3t')
    expect(await tokenOf(`file:${join(directory, 'token')}`)).toBe('s3cr3t')
    await write('token', ' two\nlines \r\n', 0o400)
    expect(await tokenOf('file:token')).toBe(' two\nlines ')
    expect(await tokenOf('env:TOKEN', { TOKEN: 's3cr3t' })).toBe('s3cr3t')
  })

  it('that are missing, empty, too large, readable by all, or no file are refused, each with its place', async () => {
    const place = 'logwisp.toml:7:23: pipelines.0.auth.bearer_auth.tokens.0: '
    const token = join(directory, 'token')
    expect(await refusal(tokenOf('file:token'))).toEqual([`${place}names ${token}, which is not there`])
    await write('token', '', 0o600)
    expect(await refusal(tokenOf('file:token'))).toEqual([`${place}names ${token}, which is empty`])
    await write('token', '\n', 0o600)
    expect(await refusal(tokenOf('file:token'))).toEqual([`${place}is kept in token, which is empty`])
    await write('token', 'x'.repeat(65_537), 0o600)
    expect(await refusal(tokenOf('file:token'))).toEqual([`${place}names ${token}, which is too large`])
    await write('token', 'x'.repeat(65_536), 0o600)
    expect(await tokenOf('file:token')).toHaveLength(65_536)
    await chmod(token, 0o604)
    expect((await refusal(tokenOf('file:token')))[0]).toContain(
      `${place}names ${token}, which everybody may read: chmod o-r`,
    )
    expect(await refusal(tokenOf('env:TOKEN'))).toEqual([
      `${place}is kept in the environment variable TOKEN, which is not set`,
    ])
    expect((await refusal(tokenOf('env:TOKEN', { TOKEN: '' })))[0]).toContain('which is empty')
    await mkdir(join(directory, 'd'))
    expect((await refusal(tokenOf('file:d')))[0]).toContain('which is not a file')
  })

  it('a named pipe is refused, not waited for', async () => {
    await promisify(execFile)('mkfifo', [join(directory, 'pipe')])
    expect((await refusal(tokenOf('file:pipe')))[0]).toContain('which is not a file')
  })

  it.skipIf(!isRoot)('that another group may read are a notice', async () => {
    const token = await write('token', 'x', 0o640)
    await chown(token, 0, 54_321)
    const { notices } = await load(await write('logwisp.toml', withToken('file:token')))
    expect(notices.map(problemText).join()).toContain('a group that this process is not in (number 54321) may read')
  })

  it('files of users, tokens, keys and certificates are looked at too, but not where TLS is off', async () => {
    await write('users', 'x:y', 0o644)
    const file = await write(
      'logwisp.toml',
      `[[pipelines]]
name = "a"
sources = [{ type = "stdin" }]
[[pipelines.sinks]]
type = "http"
options.ssl = { enabled = true, cert_file = "cert.pem", key_file = "key.pem" }
[pipelines.auth]
type = "basic"
basic_auth.users_file = "users"
`,
    )
    expect(await refusal(load(file))).toEqual([
      expect.stringMatching(/^logwisp\.toml:6:45: .*cert_file: names .*cert\.pem, which is not there$/),
      expect.stringMatching(/^logwisp\.toml:6:68: .*key_file: names .*key\.pem, which is not there$/),
      expect.stringMatching(/^logwisp\.toml:9:25: .*users_file: names .*users, which everybody may read/),
    ])
    await chmod(join(directory, 'users'), 0o600)
    const argv = new Map([['pipelines.0.sinks.0.options.ssl.enabled', 'false']])
    expect((await load(file, { argv })).config.pipelines[0]?.auth.type).toBe('basic')
  })
})

describe('beside what the schema refuses', () => {
  const stages = [
    '[[pipelines.sources]]\ntype = "http"\noptions = { port = 8081, ingest_path = "/in" }',
    '[[pipelines.sources]]\ntype = "stdin"\noptions = { max_line_bytes = 1000 }',
    '[[pipelines.filters]]\ntype = "level"\nminimum = "warn"',
    '[[pipelines.sinks]]\ntype = "file"\noptions = { directory = "out", name = "a" }',
    '[[pipelines.sinks]]\ntype = "http"\noptions = { port = 8081 }',
  ]
  const broken = (stage: string): string =>
    stage.replace(/(port|max_line_bytes|minimum|directory) = [^, }]+/, '$1 = []')
  const whole = (parts: readonly string[], top = ''): string =>
    `${top}\n[[pipelines]]\nname = "a"\n${parts.join('\n')}\n[[pipelines]]\nname = "b"\nsources = [{ type = "file", options = { path = "x" } }]\nsinks = [{ type = "http", options = { port = 8082 } }]\n`

  it('nothing is said to be wrong that is not: each stage broken in its turn, the pipeline, the whole', async () => {
    await load(await write('good.toml', whole(stages)))
    const each = stages.map((stage, at) => whole(stages.with(at, broken(stage))))
    const others = [
      whole(stages, 'stop_timeout_seconds = "x"'),
      whole(stages, 'status = { port = "x" }'),
      whole(stages, 'logging = { level = 1 }'),
      whole(['format = 3', ...stages]),
      whole(['auth = { type = 1 }', ...stages]),
    ]
    for (const text of [...each, ...others]) {
      const problems = await refusal(load(await write('broken.toml', text)))
      expect(new Set(problems.map((problem) => problem.split(':')[1])).size, problems.join('\n')).toBe(1)
    }
  })

  it('what is wrong with the rest is said with it', async () => {
    const taken =
      '[[pipelines.sinks]]\ntype = "http"\noptions = { port = 8082, stream_path = "/in", status_path = "/in" }'
    const missing =
      '[[pipelines.sinks]]\ntype = "http_client"\noptions = { url = "http://a.example", headers = { a = "file:nowhere" } }'
    const text = whole([...stages.slice(0, 4), taken, missing, taken], 'status_interval_seconds = "x"')
    const problems = await refusal(load(await write('broken.toml', text)))
    expect(problems.map((each) => /: ([\w.]+): /.exec(each)?.[1])).toEqual([
      'status_interval_seconds',
      'pipelines.0.sinks.1.options.status_path',
      'pipelines.0.sinks.2.options.headers.a',
      'pipelines.0.sinks.3.options.stream_path',
      'pipelines.0.sinks.3.options.status_path',
    ])
  })
})
