/** `logwisp check`, `config` and `schema`. */

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CommandResult, command, removeDirectory, startCommand, temporaryDirectory } from './command-process.ts'

let cwd: string
beforeEach(async () => {
  cwd = await temporaryDirectory()
  await mkdir(join(cwd, 'logs'))
})
afterEach(() => removeDirectory(cwd))

const run = (...words: string[]): Promise<CommandResult> => command(words, { cwd })

/** A configuration with one pipeline from ./logs, and these sinks. */
async function configuration(sinks: string, more = ''): Promise<void> {
  const text = `
[[pipelines]]
name = "app"
${more}
[[pipelines.sources]]
type = "directory"
options = { path = "logs" }
${sinks}`
  await writeFile(join(cwd, 'logwisp.toml'), text.trimStart())
}

const file = `
[[pipelines.sinks]]
type = "file"
options = { directory = "out", name = "app", min_disk_free_mb = 0, max_total_size_mb = 0, max_size_mb = 100 }
`

function withoutNotices(text: string): string {
  return text.replaceAll(/^notice: .*\n/gm, '')
}

describe('check', () => {
  test('says ok with a summary when everything is in order, and changes nothing on the disk', async () => {
    await configuration(`${file}
[[pipelines.sinks]]
type = "http"
options = { port = 0, host = "127.0.0.1" }`)
    const { code, stdout, stderr } = await run('check')
    expect([code, stderr]).toEqual([0, ''])
    expect(withoutNotices(stdout)).toBe(
      `ok: ${join(cwd, 'logwisp.toml')}: 1 pipeline, 1 source, 2 sinks; listens on 127.0.0.1:0\n`,
    )
    expect((await readdir(cwd)).sort()).toEqual(['logs', 'logwisp.toml'])
  })

  test('says all that is wrong with a file at once, each with line and column', async () => {
    await configuration(
      '[[pipelines.sinks]]\ntype = "file"\noptions = { directory = "out", nmae = "x" }',
      'formt = "json"',
    )
    const { code, stdout } = await run('check')
    expect(code).toBe(2)
    expect(stdout).toMatch(/^problem: logwisp\.toml:3:1: pipelines\.0\.formt: .*did you mean `?format`?/m)
    expect(stdout).toMatch(
      /^problem: logwisp\.toml:9:32: pipelines\.0\.sinks\.0\.options\.nmae: .*did you mean `?name`?/m,
    )
    expect(stdout).toMatch(/^\d problems\n$/m)
  })

  test('a buffer whose directory cannot be made, and one on a disk that is smaller than it', async () => {
    const buffer = (directory: string): string =>
      `[[pipelines.sinks]]\ntype = "stdout"\nbuffer = { type = "disk", directory = "${directory}", max_size_mb = 900000000 }\n`
    await configuration(`${buffer('logwisp.toml/spool')}${buffer('spool')}`)
    const { code, stdout } = await run('check')
    expect(code).toBe(2)
    expect(stdout).toContain(`pipelines.0.sinks.0.buffer.directory: ${join(cwd, 'logwisp.toml')} is no directory\n`)
    expect(stdout).toMatch(
      /^warning: .*pipelines\.0\.sinks\.1\.buffer\.max_size_mb: \d+ MB are free, less than 900000000: the disk may be full before/m,
    )
    expect((await readdir(cwd)).sort()).toEqual(['logs', 'logwisp.toml'])
  })

  test('a directory that is not there, and one that cannot be made', async () => {
    await configuration(file.replace('"out"', '"logwisp.toml/out"'))
    await rm(join(cwd, 'logs'), { recursive: true })
    const { code, stdout } = await run('check')
    expect(code).toBe(2)
    expect(withoutNotices(stdout)).toBe(
      `problem: logwisp.toml:6:20: pipelines.0.sources.0.options.path: there is no such directory
problem: logwisp.toml:10:25: pipelines.0.sinks.0.options.directory: ${join(cwd, 'logwisp.toml')} is no directory
2 problems
`,
    )
  })

  test('W6: a port that something else uses, unless ports are not to be tried; the port is free again afterwards', async () => {
    // It takes what is asked, and never answers.
    const server = createServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await configuration(`[[pipelines.sinks]]\ntype = "http"\noptions = { port = ${port}, host = "127.0.0.1" }`)
    const [tried, notTried] = await Promise.all([run('check'), run('check', '--no-ports')])
    expect([tried.code, notTried.code]).toEqual([2, 0])
    expect(tried.stdout).toContain(
      `problem: logwisp.toml:9:20: pipelines.0.sinks.0.options.port: port ${port} of 127.0.0.1 is in use: stop what uses it, choose another, or check with --no-ports\n`,
    )
    server.close()
    await once(server, 'close')
    expect((await run('check')).code).toBe(0)
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
  })

  test('a port that a running LogWisp has is no problem: it may be the one that is asked about', async () => {
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    probe.close()
    await configuration(`[[pipelines.sinks]]\ntype = "http"\noptions = { port = ${port}, host = "127.0.0.1" }`)
    const daemon = startCommand([], { cwd })
    await daemon.says(/listening|live page/)
    const { code, stdout } = await run('check')
    expect(stdout).toContain(`port ${port} is in use by a LogWisp (process ${daemon.child.pid})`)
    expect(code).toBe(0)
    daemon.child.kill('SIGTERM')
    expect((await daemon.result).code).toBe(0)
  })

  test('a key of another certificate, an expired one, and one that expires soon', async () => {
    const openssl = promisify(execFile)
    const made = await openssl('openssl', ['version']).catch(() => undefined)
    if (made === undefined) return console.warn('skipped: no openssl here')
    const make = (name: string, ...dates: string[]): Promise<unknown> =>
      openssl(
        'openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:P-256',
          '-nodes',
          '-subj',
          `/CN=${name}`,
          '-keyout',
          `${name}.key`,
          '-out',
          `${name}.pem`,
          ...dates,
        ],
        { cwd },
      )
    await Promise.all([make('good', '-days', '90'), make('soon', '-days', '10')])
    // Signed by its own key in the past.
    await openssl('openssl', ['req', '-new', '-key', 'good.key', '-subj', '/CN=old', '-out', 'old.csr'], { cwd })
    await openssl(
      'openssl',
      ['x509', '-req', '-in', 'old.csr', '-signkey', 'good.key', '-days', '-1', '-out', 'old.pem'],
      { cwd },
    )
    const sink = (name: string, key: string): string =>
      `[[pipelines.sinks]]\ntype = "http"\noptions = { port = 0, host = "127.0.0.1", stream_path = "/${name}", status_path = "/${name}/status", ssl = { enabled = true, cert_file = "${name}.pem", key_file = "${key}.key" } }\n`
    await configuration(sink('good', 'soon'))
    const wrongKey = await run('check')
    await configuration(sink('soon', 'soon'))
    const soon = await run('check')
    await configuration(sink('old', 'good'))
    const old = await run('check')
    expect(wrongKey.stdout).toMatch(
      /^problem: logwisp\.toml:9:\d+: .*\.ssl\.key_file: the key is not that of the first certificate in `cert_file`$/m,
    )
    expect(soon.stdout).toMatch(
      /^warning: .*\.ssl\.cert_file: the certificate `soon` in soon\.pem expires on [-\d]+, in 9 days: replace it before$/m,
    )
    expect(old.stdout).toMatch(
      /^problem: .*\.ssl\.cert_file: the certificate `old` in old\.pem expired on [-\d]+: replace it$/m,
    )
    expect([wrongKey.code, soon.code, old.code]).toEqual([2, 0, 2])
  })

  test('a template and a pattern that do not compile', async () => {
    await configuration(
      file,
      'format = "text"\nformat_options = { template = "{{.Message" }\nfilters = [{ patterns = ["(a"] }]',
    )
    const bad = await run('check')
    expect(bad.code).toBe(2)
    expect(bad.stdout).toMatch(/pipelines\.0\.filters\.0\.patterns.*\(a/)
    await configuration(file, 'format = "text"\nformat_options = { template = "{{.Message" }')
    const template = await run('check')
    expect(template.code).toBe(2)
    expect(template.stdout).toMatch(/^problem: logwisp\.toml:4:\d+: pipelines\.0\.format_options\.template: /m)
  })

  test('a user whose hash is none that can be checked', async () => {
    await writeFile(join(cwd, 'users'), 'ann:plain text\n', { mode: 0o600 })
    await configuration(
      '[[pipelines.sinks]]\ntype = "http"\noptions = { port = 0, host = "127.0.0.1" }',
      'auth = { type = "basic", basic_auth = { users_file = "users" } }',
    )
    const { code, stdout } = await run('check')
    expect(code).toBe(2)
    expect(stdout).toMatch(/^problem: logwisp\.toml:3:\d+: pipelines\.0\.auth: .*hash/m)
    expect(stdout).not.toContain('plain text')
  })

  test('names that cannot be found; with --online servers that do not answer, with --offline neither', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const sink = (address: string): string =>
      `[[pipelines.sinks]]\ntype = "tcp_client"\noptions = { address = "${address}", protocol = "logwisp" }\n`
    await configuration(sink('nowhere.invalid:9000'))
    const [unknown, offline] = await Promise.all([run('check'), run('check', '--offline')])
    expect([unknown.code, offline.code]).toEqual([2, 0])
    expect(unknown.stdout).toMatch(/options\.address: the name nowhere\.invalid (is unknown|could not be looked up)/)
    await configuration(sink(`127.0.0.1:${port}`))
    expect((await run('check', '--online')).code).toBe(0)
    server.close()
    await once(server, 'close')
    const [refused, notAsked] = await Promise.all([run('check', '--online'), run('check')])
    expect([refused.code, notAsked.code]).toEqual([2, 0])
    expect(refused.stdout).toContain(`127.0.0.1:${port} cannot be reached: nobody listens there`)
  })

  test('--json has it all for programs', async () => {
    await configuration(file)
    await rm(join(cwd, 'logs'), { recursive: true })
    const { code, stdout } = await run('check', '--json')
    expect(code).toBe(2)
    const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: { severity: string }[] }
    expect(ok).toBe(false)
    expect(findings.filter(({ severity }) => severity === 'problem')).toEqual([
      {
        severity: 'problem',
        path: 'pipelines.0.sources.0.options.path',
        message: 'there is no such directory',
        from: 'file',
        file: 'logwisp.toml',
        line: 6,
        column: 20,
      },
    ])
  })
})

describe('config', () => {
  test('shows each value with where it came from, aligned; --diff without defaults', async () => {
    await configuration(file)
    const { code, stdout } = await command(['config', '--diff', '--quiet', '--pipelines.0.name', 'x'], {
      cwd,
      environment: { LOGWISP_LOGGING_LEVEL: 'debug' },
    })
    expect(code).toBe(0)
    expect(stdout).toBe(
      `quiet                                         = true         --quiet
logging.level                                 = "debug"      LOGWISP_LOGGING_LEVEL
pipelines.0.name                              = "x"          --pipelines.0.name
pipelines.0.sources.0.type                    = "directory"  logwisp.toml:5:8
pipelines.0.sources.0.options.path            = "logs"       logwisp.toml:6:20
pipelines.0.sinks.0.type                      = "file"       logwisp.toml:9:8
pipelines.0.sinks.0.options.directory         = "out"        logwisp.toml:10:25
pipelines.0.sinks.0.options.name              = "app"        logwisp.toml:10:39
pipelines.0.sinks.0.options.max_size_mb       = 100          logwisp.toml:10:105
pipelines.0.sinks.0.options.max_total_size_mb = 0            logwisp.toml:10:88
pipelines.0.sinks.0.options.min_disk_free_mb  = 0            logwisp.toml:10:65
`,
    )
    const whole = await run('config')
    expect(whole.stdout).toMatch(/^pipelines\.0\.rate_limit\.policy +=.*"pass" +default$/m)
  })

  test('never shows a secret: stars for texts, the place for others; nor a password in a URL', async () => {
    await writeFile(join(cwd, 'token'), 'a-token-of-at-least-16', { mode: 0o600 })
    await configuration(`[[pipelines.sinks]]
type = "http_client"
options = { url = "https://ann:letmein@logs.example/ingest", headers = { "X-Key" = "hush-hush" }, auth = { token = "file:token" } }
[[pipelines.sinks]]
type = "tcp_client"
options = { address = "localhost:1", protocol = "logwisp", auth = { token = "never-to-be-shown" } }`)
    for (const flags of [[], ['--json'], ['--toml']]) {
      const { code, stdout } = await run('config', ...flags)
      expect(code, stdout).toBe(0)
      expect(stdout).not.toMatch(/letmein|hush-hush|never-to-be-shown|a-token-of/)
      expect(stdout).toContain('***')
      expect(stdout).toContain('file:token')
    }
  })

  test('--toml is a configuration that says the same', async () => {
    await configuration(file, 'rate_limit = { rate = 5, policy = "drop" }')
    const { stdout } = await run('config', '--toml')
    await writeFile(join(cwd, 'merged.toml'), stdout)
    const [before, after] = await Promise.all([run('config', '--json'), run('config', '--json', '-c', 'merged.toml')])
    const values = ({ stdout }: CommandResult): unknown =>
      (JSON.parse(stdout) as { path: string; value: unknown }[]).map(({ path, value }) => [path, value])
    expect(after.code, after.stderr).toBe(0)
    expect(values(after)).toEqual(values(before))
  })

  test('a configuration that cannot be used is told as check tells it, on standard error', async () => {
    await configuration(file, 'formt = "json"')
    const { code, stdout, stderr } = await run('config')
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^logwisp: logwisp\.toml:3:1: pipelines\.0\.formt: /)
  })
})

test('schema prints a JSON Schema that knows the keys', async () => {
  const { code, stdout } = await run('schema')
  expect(code).toBe(0)
  const schema = JSON.parse(stdout) as { $schema: string; properties: Record<string, { description: string }> }
  expect(schema.$schema).toContain('json-schema.org')
  expect(schema.properties['router']?.description).toContain('pipeline')
})
