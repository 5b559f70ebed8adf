/** The program `logwisp` as it is typed: help, version, mistakes, and the short-cuts of directory mode. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describedProgram } from '../src/program/create-program.ts'
import { checkpointPath, defaultStateDirectory } from '../src/service/state-directory.ts'
import { type CommandResult, command, removeDirectory, temporaryDirectory } from './command-process.ts'

let cwd: string
beforeAll(async () => {
  cwd = await temporaryDirectory()
  await mkdir(join(cwd, 'logs'))
})
afterAll(() => removeDirectory(cwd))

const run = (...words: string[]): Promise<CommandResult> => command(words, { cwd })

/** The values that are not the default, as `logwisp config` has them. */
async function configured(...words: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await run('config', '--json', ...words)
  expect([code, stderr]).toEqual([0, ''])
  const leaves = JSON.parse(stdout) as { path: string; value: unknown }[]
  return Object.fromEntries(leaves.map(({ path, value }) => [path, value]))
}

describe('help and version', () => {
  test('-h anywhere prints help to stdout and exits with 0, whatever else is there', async () => {
    const [all, check] = await Promise.all([run('--bogus', '-h'), run('-c', 'nothing.toml', 'check', '--help')])
    expect([all.code, all.stderr, check.code, check.stderr]).toEqual([0, '', 0, ''])
    expect(all.stdout).toContain('Usage: logwisp [directory] [options]')
    expect(all.stdout).toContain('Exit codes:\n  0  done; stopped by SIGINT or SIGTERM')
    expect(check.stdout).toContain('Usage: logwisp check [options] [directory]')
    expect(check.stdout).toContain('Examples:\n  logwisp check -c logwisp.toml --online\n')
  })

  test('--version prints the version at once, without loading a configuration', async () => {
    const { code, stdout, stderr } = await run('--config', 'nothing.toml', '--version')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('every command has a description and examples, and no flag takes a value in one and none in another', () => {
    const arity = new Map<string, boolean>()
    const walk = (program: ReturnType<typeof describedProgram>): void => {
      expect(program.description(), program.name()).not.toBe('')
      for (const { short, long, required, optional } of program.options) {
        for (const name of [short, long]) {
          if (name === undefined) continue
          expect(arity.get(name) ?? (required || optional), `${program.name()} ${name}`).toBe(required || optional)
          arity.set(name, required || optional)
        }
      }
      for (const child of program.commands) walk(child)
    }
    walk(describedProgram())
    expect(arity.size).toBeGreaterThan(30)
  })
})

describe('mistakes', () => {
  test('W23: an unknown flag is an error that says which was meant, with exit code 2', async () => {
    const { code, stdout, stderr } = await run('--config-auto-relaod')
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^logwisp: --config-auto-relaod: .*did you mean --config-auto-reload\?/)
  })

  test('an unknown flag of a command, and a wrong word for one', async () => {
    const [flag, word] = await Promise.all([
      run('tap', 'localhost', '--gerp', 'x'),
      run('tap', 'localhost', '--level', 'loud'),
    ])
    expect([flag.code, word.code]).toEqual([2, 2])
    expect(flag.stderr).toContain("logwisp: unknown option '--gerp'\n(Did you mean --grep?)")
    expect(word.stderr).toContain("'loud' is invalid. Allowed choices are trace, debug, info, warn, error, fatal.")
  })

  test('an unknown command is told from a directory that is not there', async () => {
    const { code, stderr } = await run('chekc')
    expect(code).toBe(2)
    expect(stderr).toContain(
      `cannot follow ${join(cwd, 'chekc')}: there is no such directory. Did you mean the command \`check\`?`,
    )
  })

  test('a file is no directory', async () => {
    await writeFile(join(cwd, 'app.log'), '')
    const { code, stderr } = await run('app.log')
    expect(code).toBe(2)
    expect(stderr).toContain('give the directory that the file is in')
  })

  test('a directory and a configuration file exclude each other, as do its short-cuts and a file that is found', async () => {
    const elsewhere = join(cwd, 'with-file')
    await mkdir(elsewhere)
    await writeFile(join(elsewhere, 'logwisp.toml'), '')
    const [both, shortCut] = await Promise.all([
      run('check', 'logs', '-c', 'logwisp.toml'),
      command(['check', '--port', '0'], { cwd: elsewhere }),
    ])
    expect([both.code, shortCut.code]).toEqual([2, 2])
    expect(both.stderr).toContain('give a directory, or a configuration file, not both')
    expect(shortCut.stderr).toContain(
      `--port is for following a directory, and ${join(elsewhere, 'logwisp.toml')} is the configuration`,
    )
  })
})

describe('directory mode', () => {
  test('follows *.log of the current directory on loopback when nothing is said', async () => {
    expect(await configured()).toMatchObject({
      'pipelines.0.name': 'default',
      'pipelines.0.sources.0.type': 'directory',
      'pipelines.0.sources.0.options.path': './',
      'pipelines.0.sources.0.options.pattern': '*.log',
      'pipelines.0.sources.0.options.start_at': 'end',
      'pipelines.0.sinks.0.type': 'http',
      'pipelines.0.sinks.0.options.host': '127.0.0.1',
      'pipelines.0.sinks.0.options.port': 8080,
    })
  })

  test('takes every short-cut, with a blank or an equals sign, beside any key of the configuration', async () => {
    const words = ['logs', '--port=0', '--host', '::1', '--pattern', '*.txt', '--state-dir=/s', '--output', 'copy']
    expect(await configured(...words, '--from-beginning', '--logging.level', 'debug', '-q')).toMatchObject({
      'pipelines.0.sources.0.options.path': join(cwd, 'logs'),
      'pipelines.0.sources.0.options.pattern': '*.txt',
      'pipelines.0.sources.0.options.start_at': 'beginning',
      'pipelines.0.sinks.0.options.host': '::1',
      'pipelines.0.sinks.0.options.port': 0,
      'pipelines.0.sinks.1.type': 'file',
      'pipelines.0.sinks.1.options.directory': join(cwd, 'copy'),
      state_directory: '/s',
      'logging.level': 'debug',
      quiet: true,
    })
  })

  test('keeps its state where the XDG specification says, and ignores a relative XDG_STATE_HOME as it says', () => {
    expect(defaultStateDirectory({ XDG_STATE_HOME: '/x' })).toBe('/x/logwisp')
    expect(defaultStateDirectory({ XDG_STATE_HOME: 'x' })).toMatch(/\/\.local\/state\/logwisp$/)
    expect(defaultStateDirectory({})).toMatch(/\/\.local\/state\/logwisp$/)
  })

  test('keeps the positions of two watched directories apart', () => {
    expect(checkpointPath('/s', '/a', 'default')).not.toBe(checkpointPath('/s', '/b', 'default'))
    expect(checkpointPath('/s', '/a', 'default')).not.toBe(checkpointPath('/s', '/a', 'other'))
  })
})
