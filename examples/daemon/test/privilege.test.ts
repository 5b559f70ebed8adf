/**
 * What others on the machine and on the network may not do: read what the daemon keeps to itself, lead it elsewhere by
 * links and names, or have it show or run what it should not. Without rights: process-privilege.test.ts; secrets and the
 * configuration's bounds in full: config-load.test.ts, config-parse.test.ts; requests: http-home.test.ts, http-ports.test.ts.
 */

import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openCheckpoint } from '@logwisp/core'
import { expect, onTestFinished, test, vi } from 'vitest'
import { loadConfig } from '../src/config/load.ts'
import { ConfigError, problemText } from '../src/config/loaded-config.ts'
import { writePidFile } from '../src/service/pid-file.ts'
import { freePort } from './config-run/free-ports.ts'
import { readConfig } from './config-text.ts'
import { startProcess } from './daemon-process.ts'
import { nodeWords } from './node-words.ts'
import { configured, startDaemon, temporaryDirectory } from './process-fixtures.ts'

const soon = { timeout: 15_000, interval: 50 }

function copying(directory: string, port: number): string {
  return `
    pid_file = ${JSON.stringify(join(directory, 'logwisp.pid'))}
    [[pipelines]]
    name = "app"
    sources = [{ type = "directory", options = { path = ${JSON.stringify(directory)}, pattern = "app*.log", start_at = "beginning" } }]
    sinks = [{ type = "file", options = { directory = ${JSON.stringify(join(directory, 'out'))}, name = "copy" } }, { type = "http", options = { port = ${port} } }]
  `
}

/** What the daemon answers to these very bytes. */
async function answer(port: number, request: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => {})
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  socket.write(`${request}\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  await once(socket, 'close')
  return text
}

test('what it keeps is for its owner, its pid file is for all, and no path of a request reaches a file', async () => {
  const directory = await temporaryDirectory()
  const port = await freePort()
  await writeFile(join(directory, 'app.log'), 'one\n')
  await writeFile(join(directory, 'secret.txt'), 'root:x:0:0\n')
  const words = await configured(directory, copying(directory, port))
  await chmod(join(directory, 'logwisp.toml'), 0o600)
  // Even of somebody who lets others read everything that they make.
  const daemon = startProcess('sh', ['-c', 'umask 0000; exec "$@"', 'sh', process.execPath, ...nodeWords, ...words])
  onTestFinished(async () => {
    daemon.child.kill('SIGKILL')
    await daemon.exit
  })
  await vi.waitFor(async () => expect(await readFile(join(directory, 'out/copy.log'), 'utf8')).toBe('one\n'), soon)
  const state = join(directory, 'state')
  await vi.waitFor(async () => expect((await readdir(state)).join()).toContain('checkpoint-app-'), soon)
  expect((await stat(state)).mode & 0o777).toBe(0o700)
  for (const name of (await readdir(state)).filter((each) => each.endsWith('.json'))) {
    expect((await stat(join(state, name))).mode & 0o077, name).toBe(0)
  }
  expect((await stat(join(directory, 'logwisp.pid'))).mode & 0o777).toBe(0o644)

  const up = '../'.repeat(12)
  const paths = [
    `/page/${up}etc/passwd`,
    `/page/${encodeURIComponent(up)}etc/passwd`,
    `/page/..%2f..%2fsrc%2fcli.ts`,
    '/page/%2e%2e/package.json',
    '/page/..%5c..%5cpackage.json',
    '/page//etc/passwd',
    '/page/index.html%00.js',
    `/app/${up}etc/passwd`,
    `/status/${up}etc/passwd`,
    `${directory}/secret.txt`,
    `file://${directory}/secret.txt`,
    '/stream/../../../etc/passwd',
    '/page/',
    '/page/.',
  ]
  for (const path of paths) {
    const text = await answer(port, `GET ${path} HTTP/1.1`)
    expect(text, path).toMatch(/^HTTP\/1\.1 (400|404|405) /)
    expect(text, path).not.toMatch(/root:|"name": "@logwisp/)
  }
  daemon.child.kill('SIGTERM')
  expect(await daemon.exit).toBe(0)
})

test('a state directory that everybody may write to is refused', async () => {
  const directory = await temporaryDirectory()
  await mkdir(join(directory, 'state'))
  await chmod(join(directory, 'state'), 0o777)
  const daemon = startDaemon(await configured(directory, copying(directory, 0)))
  expect(await daemon.exit).toBe(1)
  expect(daemon.output()).toMatch(/FATAL everybody may write to the state directory .*: chmod 700 /)
})

test('links in the way of the pid file and of positions lead to nothing that is overwritten', async () => {
  const directory = await temporaryDirectory()
  const target = join(directory, 'target')
  await writeFile(target, '')
  const pidPath = join(directory, 'logwisp.pid')
  await symlink(target, pidPath)
  // As an older name of it could be foreseen.
  await symlink(target, `${pidPath}.${process.pid}`)
  const pidFile = await writePidFile(pidPath)
  expect(await readFile(target, 'utf8')).toBe('')
  expect((await lstat(pidPath)).isFile()).toBe(true)
  pidFile.remove()

  const positions = join(directory, 'checkpoint.json')
  await symlink(target, `${positions}.tmp`)
  await expect(openCheckpoint(positions)).rejects.toThrow(/could not save positions .*ELOOP/)
  expect(await readFile(target, 'utf8')).toBe('')
})

const load = (configFile: string): ReturnType<typeof loadConfig> =>
  loadConfig({ argv: new Map(), environment: {}, cwd: '/', configFile })

async function refusal(configFile: string): Promise<string> {
  const error = await load(configFile).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ConfigError)
  return (error as ConfigError).problems.map(problemText).join('\n')
}

test('a configuration that is a named pipe is refused, not waited for; one that has no end is not read to it', async () => {
  const directory = await temporaryDirectory()
  const pipe = join(directory, 'logwisp.toml')
  await promisify(execFile)('mkfifo', [pipe])
  expect(await refusal(pipe)).toContain('is a named pipe')
  expect(await refusal('/dev/zero')).toContain('is larger than 10 MB')
})

test('a configuration that the shell pipes in is read', async () => {
  const directory = await temporaryDirectory()
  const line = [process.execPath, ...nodeWords, 'config', '--config', '/dev/stdin'].map((word) => `'${word}'`).join(' ')
  const toml = '[[pipelines]]\nname = "piped"\nsources = [{ type = "stdin" }]\nsinks = [{ type = "stdout" }]\n'
  await writeFile(join(directory, 'x'), toml)
  const daemon = startProcess('sh', ['-c', `cat '${join(directory, 'x')}' | ${line}`])
  expect(await daemon.exit).toBe(0)
  expect(daemon.output()).toContain('piped')
})

test.each([
  ['name', '"../../etc/app"'],
  ['name', '".."'],
  ['name', '"/etc/passwd"'],
  ['name', '"a/b"'],
  ['name', '"a\\u0000b"'],
  ['name', '"a\\u001b[2Jb"'],
])('a pipeline with the %s %s is refused: it is part of paths', (_key, name) => {
  const { problems } = readConfig(
    `[[pipelines]]\nname = ${name}\nsources = [{ type = "stdin" }]\nsinks = [{ type = "stdout" }]`,
  )
  expect(problems.map(({ path }) => path)).toEqual(['pipelines.0.name'])
})

test.each(['"../app"', '"a/b"', '"a\\\\b"', '"a\\u0000b"'])(
  'a file sink, or a log, with the name %s is refused: it would be elsewhere',
  (name) => {
    const { problems } = readConfig(
      `logging = { file = { name = ${name} } }\n[[pipelines]]\nname = "a"\nsources = [{ type = "stdin" }]\nsinks = [{ type = "file", options = { directory = "/x", name = ${name} } }]`,
    )
    expect(problems.map(({ path }) => path).sort()).toEqual(['logging.file.name', 'pipelines.0.sinks.0.options.name'])
  },
)

const hasScript = ((): boolean => {
  try {
    execFileSync('script', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    console.warn('skipped: terminal escapes on a terminal, since script (bsdutils) is not installed')
    return false
  }
})()

test.skipIf(!hasScript)('a line that commands terminals is shown on one, not obeyed', async () => {
  const directory = await temporaryDirectory()
  const log = join(directory, 'app.log')
  const evil = '\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b5n\rover\b'
  await writeFile(log, `${evil}\n`)
  const toml = `
    quiet = true
    [[pipelines]]
    name = "app"
    sources = [{ type = "file", options = { path = ${JSON.stringify(log)}, start_at = "beginning" } }]
    sinks = [{ type = "stdout", options = { colors = false } }]
  `
  const words = await configured(directory, toml)
  const line = [process.execPath, ...nodeWords, 'run', '--once', ...words].map((word) => `'${word}'`).join(' ')
  const daemon = startProcess('script', ['--quiet', '--return', '--command', `exec ${line}`, '/dev/null'], {
    input: 'pipe',
  })
  expect(await daemon.exit).toBe(0)
  expect(daemon.output()).toContain('owned')
  expect(daemon.output().replaceAll('\r\n', '\n')).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
})
