/** Writing a configuration back into its file. */

import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readFlags } from '../src/config/flags.ts'
import { loadConfig } from '../src/config/load.ts'
import type { LoadedConfig } from '../src/config/loaded-config.ts'
import { saveConfig } from '../src/config/save.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-save-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

const toml = `# Ours. Do not touch!
config_save_on_exit = true   # parity

[[pipelines]]
  name = "app"               # the app

  # Where it comes from
  [[pipelines.sources]]
  type = "directory"
  options = {
    path = "./",  # here
    check-interval-ms = 200,
  }

  [[pipelines.sinks]]
  type = "http"
  [pipelines.sinks.options]
  port = 8080
  # The end of the sinks

[logging.file]
name = 'wisp'
`

async function load(
  file: string,
  words: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<LoadedConfig> {
  const flags = readFlags(words, new Map())
  expect(flags.problems).toEqual([])
  return await loadConfig({ argv: flags.values, environment, cwd: directory, configFile: file })
}

async function write(name: string, text: string): Promise<string> {
  const file = join(directory, name)
  await writeFile(file, text)
  return file
}

const both = { include: ['environment', 'command-line'] } as const

describe('saving at the end', () => {
  it('changes nothing: overrides hold for one run, and defaults are not written', async () => {
    const file = await write('logwisp.toml', toml)
    const before = await stat(file)
    const loaded = await load(file, ['--quiet', '--pipelines.0.name', 'other'], { LOGWISP_ROUTER: 'true' })
    expect(await saveConfig(loaded)).toEqual({ file, written: [], withheld: [] })
    expect(await readFile(file, 'utf8')).toBe(toml)
    expect((await stat(file)).ino).toBe(before.ino)
  })

  it('does nothing without a file', async () => {
    const loaded = await loadConfig({ argv: new Map(), environment: {}, cwd: directory, directory })
    expect(await saveConfig(loaded, both)).toEqual({ file: undefined, written: [], withheld: [] })
    expect(await readdir(directory)).toEqual([])
  })
})

describe('making overrides permanent', () => {
  it('keeps comments, order and older spellings of a TOML file', async () => {
    const file = await write('logwisp.toml', toml)
    const words = [
      '--pipelines.0.name=web',
      '--pipelines.0.sources.0.options.check_interval_ms=500',
      '--pipelines.0.sources.0.options.pattern=*.txt',
      '--pipelines.0.sinks.0.options.heartbeat.interval_seconds=5',
      '--pipelines.0.format=json',
      '--pipelines.0.filters.0.patterns=ERROR,WARN',
      '--pipelines.0.sinks.1.type=stdout',
      '--pipelines.0.sinks.1.options.target=split',
      '--pipelines.1.name=second',
      '--pipelines.1.sources.0.type=stdin',
      '--pipelines.1.sinks.0.type=stderr',
      '--logging.level=debug',
    ]
    const loaded = await load(file, words, { LOGWISP_QUIET: 'true' })
    const { written } = await saveConfig(loaded, both)
    expect(written).toHaveLength(13)
    expect(await readFile(file, 'utf8')).toBe(`# Ours. Do not touch!
config_save_on_exit = true   # parity
quiet = true
logging.level = "debug"

[[pipelines]]
  name = "web"               # the app
  filters = [{ patterns = ["ERROR", "WARN"] }]
  format = "json"

  # Where it comes from
  [[pipelines.sources]]
  type = "directory"
  options = {
    path = "./",  # here
    check-interval-ms = 500, pattern = "*.txt",
  }

  [[pipelines.sinks]]
  type = "http"
  [pipelines.sinks.options]
  port = 8080
  heartbeat.interval_seconds = 5

[[pipelines.sinks]]
type = "stdout"
options = { target = "split" }

[[pipelines]]
name = "second"
sources = [{ type = "stdin" }]
sinks = [{ type = "stderr" }]
  # The end of the sinks

[logging.file]
name = 'wisp'
`)
    const again = await load(file)
    expect(again.config).toEqual(loaded.config)
  })

  it.each([
    [
      'logwisp.yaml',
      '# Ours\npipelines:\n  - name: app # the app\n    sources:\n      - type: stdin\n    sinks:\n      - type: http\n        options:\n          max-viewers: 5 # few\n',
      '# Ours\npipelines:\n  - name: web # the app\n    sources:\n      - type: stdin\n    sinks:\n      - type: http\n        options:\n          max-viewers: 7 # few\n          port: 1\n      - type: stdout\nquiet: true\n',
    ],
    [
      'logwisp.json',
      '{\n  // Ours\n  "pipelines": [\n    {\n      "name": "app", // the app\n      "sources": [{ "type": "stdin" }],\n      "sinks": [{ "type": "http", "options": { "max-viewers": 5 } }]\n    }\n  ]\n}\n',
      undefined,
    ],
  ])('keeps comments and order of %s', async (name, before, after) => {
    const file = await write(name, before)
    const words = [
      '--pipelines.0.name=web',
      '--pipelines.0.sinks.0.options.max-viewers=7',
      '--pipelines.0.sinks.0.options.port=1',
      '--pipelines.0.sinks.1.type=stdout',
      '--quiet',
    ]
    const loaded = await load(file, words)
    await saveConfig(loaded, both)
    const text = await readFile(file, 'utf8')
    if (after !== undefined) expect(text).toBe(after)
    else for (const comment of ['// Ours', '"web", // the app', '"max-viewers": 7']) expect(text).toContain(comment)
    expect((await load(file)).config).toEqual(loaded.config)
  })

  it('writes only what it is asked for', async () => {
    const file = await write('logwisp.toml', toml)
    const loaded = await load(file, ['--quiet'], { LOGWISP_ROUTER: 'yes' })
    expect((await saveConfig(loaded, { include: ['environment'] })).written).toEqual(['router'])
    const again = await load(file)
    expect(again.config).toMatchObject({ router: true, quiet: false })
  })

  it('leaves secrets out, but not where they are kept', async () => {
    const file = await write('logwisp.toml', toml)
    const secretFile = await write('token', 's3cr3t')
    await chmod(secretFile, 0o600)
    const sink = ['--pipelines.0.sinks.1.type=http_client', '--pipelines.0.sinks.1.options.url=https://a.example/']
    const auth = '--pipelines.0.sinks.1.options.auth'
    const loaded = await load(file, [...sink, `${auth}.token=v3ry-s3cr3t`])
    const { withheld } = await saveConfig(loaded, both)
    expect(withheld).toEqual(['pipelines.0.sinks.1.options.auth.token'])
    expect(await readFile(file, 'utf8')).not.toContain('v3ry-s3cr3t')
    const named = await load(file, [`${auth}.token=file:${secretFile}`])
    await saveConfig(named, both)
    expect(await readFile(file, 'utf8')).toContain(`auth.token = "file:${secretFile}"`)
  })

  it('keeps mode, owner and the symbolic link', async () => {
    const file = await write('real.toml', toml)
    await chmod(file, 0o640)
    if (process.getuid?.() === 0) await import('node:fs/promises').then(({ chown }) => chown(file, 0, 12_345))
    const before = await stat(file)
    await symlink(file, join(directory, 'logwisp.toml'))
    const loaded = await load(join(directory, 'logwisp.toml'), ['--quiet'])
    await saveConfig(loaded, both)
    expect((await lstat(join(directory, 'logwisp.toml'))).isSymbolicLink()).toBe(true)
    const after = await stat(file)
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid])
    expect(after.ino).not.toBe(before.ino)
    expect(await readFile(file, 'utf8')).toContain('quiet = true')
    expect((await readdir(directory)).sort()).toEqual(['logwisp.toml', 'real.toml'])
  })

  it('never overwrites what somebody else has written meanwhile', async () => {
    const file = await write('logwisp.toml', toml)
    const loaded = await load(file, ['--quiet'])
    const theirs = toml.replace('8080', '8081')
    await writeFile(file, theirs)
    await expect(saveConfig(loaded, both)).rejects.toThrow('logwisp.toml was changed since it was read')
    expect(await readFile(file, 'utf8')).toBe(theirs)
    expect(await readdir(directory)).toEqual(['logwisp.toml'])
  })

  it('refuses rather than to change anything else, such as what an alias stands for', async () => {
    const text = 'base: &b\n  type: stdin\n'
    void text
    const pipeline = (name: string, sinks: string): string =>
      `  - name: ${name}\n    sources: [{ type: file, options: { path: ./${name} } }]\n    sinks: ${sinks}\n`
    const options = '&s\n      - { type: stdout, options: { buffer_size: 5 } }'
    const yaml = `pipelines:\n${pipeline('a', options)}${pipeline('b', '*s')}`
    const file = await write('logwisp.yaml', yaml)
    for (const index of [0, 1]) {
      const loaded = await load(file, [`--pipelines.${index}.sinks.0.options.buffer_size=7`])
      await expect(saveConfig(loaded, both)).rejects.toThrow(/has no place for/)
      expect(await readFile(file, 'utf8')).toBe(yaml)
    }
  })
})
