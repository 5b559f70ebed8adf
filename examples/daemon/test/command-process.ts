/** Runs the program as a person does, as a process, and says what came of it. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeWords } from './node-words.ts'

/** What runs the program, wherever it is started. */
export const program: readonly string[] = [process.execPath, ...nodeWords]

/** How it is run. */
export interface CommandOptions {
  readonly cwd: string
  /** Beside an environment in which nothing of ours is set, and no colours are wanted or forbidden. */
  readonly environment?: Readonly<Record<string, string>>
  /** Its standard input, which ends then. */
  readonly input?: string
}

/** What came of it. */
export interface CommandResult {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export interface RunningCommand {
  readonly child: ChildProcess
  /** Resolves with the first match in what it wrote to either output; rejects when it ends without. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  readonly result: Promise<CommandResult>
}

/** Starts it, and lets it run. */
export function startCommand(words: readonly string[], options: CommandOptions): RunningCommand {
  return startProcess([...program, ...words], options)
}

/** Runs it to its end. */
export async function command(words: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return await startCommand(words, options).result
}

/** The same at a terminal, by `script`: one output, with what is typed, and line ends as terminals have them. */
export function startAtTerminal(words: readonly string[], options: CommandOptions): RunningCommand {
  const line = [...program, ...words].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  return startProcess(['script', '-qefc', `stty cols 100 rows 30; exec ${line}`, '/dev/null'], {
    ...options,
    environment: { TERM: 'xterm-256color', SHELL: '/bin/sh', ...options.environment },
  })
}

/** Any program. */
export function startProcess([file = '', ...words]: readonly string[], options: CommandOptions): RunningCommand {
  const { cwd, environment = {}, input } = options
  const child = spawn(file, words, { cwd, env: cleanEnvironment(cwd, environment), stdio: 'pipe' })
  let [stdout, stderr, isOver] = ['', '', false]
  const listeners = new Set<() => void>()
  const heard = (): void => {
    for (const listener of [...listeners]) listener()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    heard()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    heard()
  })
  // A command that ends without reading what it was given has every right to.
  child.stdin.on('error', () => undefined)
  if (input !== undefined) child.stdin.end(input)
  const result = once(child, 'close').then(([code, signal]) => {
    isOver = true
    heard()
    return { code: (code ?? signal) as number | string, stdout, stderr }
  })
  return {
    child,
    result,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(stdout) ?? pattern.exec(stderr)
          if (match === null && !isOver) return
          listeners.delete(look)
          if (match !== null) resolve(match)
          else reject(new Error(`it ended without saying ${pattern}:\n${stdout}\n${stderr}`))
        }
        listeners.add(look)
        look()
      }),
  }
}

/** A directory of one test. */
export async function temporaryDirectory(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'logwisp-command-'))
}

/** Removes it. */
export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
}

function cleanEnvironment(home: string, more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(LOGWISP_|XDG_|FORCE_COLOR|NO_COLOR|COLUMNS)/.test(name),
  )
  return {
    ...Object.fromEntries(kept),
    HOME: home,
    XDG_STATE_HOME: join(home, 'state'),
    XDG_CONFIG_HOME: join(home, 'config'),
    ...more,
  }
}
