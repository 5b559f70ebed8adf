/** `logwisp completion`: the scripts, in the shells themselves. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command, removeDirectory, startProcess, temporaryDirectory } from './command-process.ts'

let cwd: string
beforeAll(async () => {
  cwd = await temporaryDirectory()
  await writeFile(join(cwd, 'some.toml'), '')
  await Promise.all(
    ['bash', 'zsh', 'fish'].map(async (shell) => {
      const { code, stdout } = await command(['completion', shell], { cwd })
      expect(code).toBe(0)
      await writeFile(join(cwd, `script.${shell}`), stdout)
    }),
  )
})
afterAll(() => removeDirectory(cwd))

/** What is typed, and what of it is offered. */
const cases: readonly [typed: string, offered: readonly string[]][] = [
  ['logwisp che', ['check']],
  ['logwisp check --onl', ['--online']],
  ['logwisp --pipelines.1.so', ['--pipelines.1.sources.']],
  ['logwisp --pipelines.1.sources.12.options.start', ['--pipelines.1.sources.12.options.start_at']],
  ['logwisp run --state-d', ['--state-dir', '--state-directory']],
  ['logwisp --logging.level ', ['trace', 'debug', 'info', 'warn', 'error']],
  ['logwisp --pipelines.0.sinks.3.type ht', ['http', 'http_client']],
  ['logwisp tap --level wa', ['warn']],
  ['logwisp cert ', ['ca', 'server', 'client']],
  ['logwisp cert server --ca', ['--ca', '--ca-key']],
  ['logwisp completion ', ['bash', 'zsh', 'fish']],
  ['logwisp -c som', ['some.toml']],
  ['logwisp tap --not-a-fl', []],
]

async function isThere(shell: string): Promise<boolean> {
  try {
    return (await startProcess([shell, '-c', 'true'], { cwd, input: '' }).result).code === 0
  } catch {
    console.warn(`skipped: no ${shell} here`)
    return false
  }
}

describe('bash', () => {
  test('completes commands, flags, keys of the configuration and their values, and files', async () => {
    const script = [
      'shopt -s extglob; source script.bash',
      // Outside of a completion there are no options to set.
      'compopt() { :; }',
      'offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); $(complete -p logwisp | sed "s/.*-F \\([^ ]*\\) .*/\\1/"); echo "${COMPREPLY[*]}"; }',
      ...cases.map(
        ([typed]) =>
          `offer ${typed
            .split(' ')
            .map((word) => `'${word}'`)
            .join(' ')}`,
      ),
    ].join('\n')
    const { stdout, stderr } = await startProcess(['bash', '--norc', '-c', script], { cwd, input: '' }).result
    expect(stderr).toBe('')
    const offered = stdout.split('\n').slice(0, -1)
    expect(
      offered.map((line) =>
        line
          .split(' ')
          .filter((word) => word !== '')
          .sort(),
      ),
    ).toEqual(cases.map(([, words]) => [...words].sort()))
  })

  test('takes `=` for a word of its own, as readline does', async () => {
    const script =
      'source script.bash; COMP_WORDS=(logwisp --logging.level = de); COMP_CWORD=3; _logwisp; echo "${COMPREPLY[*]}"'
    const { stdout } = await startProcess(['bash', '--norc', '-c', script], { cwd, input: '' }).result
    expect(stdout).toBe('debug\n')
  })
})

describe('fish', () => {
  test('completes the same', async () => {
    if (!(await isThere('fish'))) return
    const script = [
      'source script.fish',
      ...cases.map(([typed]) => `complete -C '${typed}' | string replace -r '\\t.*' ''; echo %%`),
    ]
    const { stdout, stderr } = await startProcess(['fish', '--no-config', '-c', script.join('\n')], { cwd, input: '' })
      .result
    expect(stderr).toBe('')
    const offered = stdout.split('%%\n').slice(0, -1)
    expect(offered.map((text) => text.split('\n').slice(0, -1).sort())).toEqual(
      cases.map(([, words]) => [...words].sort()),
    )
  })
})

describe('zsh', () => {
  /** Types into a zsh of its own, and waits for what its line editor makes of it. */
  const script = (typed: string, becomes: string): string => `
zmodload zsh/zpty
zpty z 'zsh -f -i'
zpty -w z "PS1='> '; unset zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source ./script.zsh; print LOA''DED"
zpty -r -m z seen '*LOADED*'
zpty -w -n z ${JSON.stringify(typed)}$'\t'
zpty -r -m z seen ${JSON.stringify(`*${becomes}*`)} && print completed
zpty -d z
`

  test.each([
    ['logwisp che', 'ck'],
    ['logwisp --pipelines.1.sources.12.options.start', 'start_at'],
    ['logwisp --logging.level de', 'bug'],
    ['logwisp cert ser', 'ver'],
    ['logwisp -c som', 'e.toml'],
  ])('completes `%s`', async (typed, becomes) => {
    if (!(await isThere('zsh'))) return
    const { stdout } = await startProcess(['zsh', '-f', '-c', script(typed, becomes)], { cwd, input: '' }).result
    expect(stdout).toContain('completed')
  })
})

test('a shell that there is no script for is an error that names those that there are', async () => {
  const { code, stderr } = await command(['completion', 'tcsh'], { cwd })
  expect(code).toBe(2)
  expect(stderr).toContain('Allowed choices are bash, zsh, fish.')
})
