/** Starts the daemon as its users do, as a process, and reads what it says. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { nodeWords } from './node-words.ts'

/** A daemon in a process of its own. */
export interface DaemonProcess {
  readonly child: ChildProcess
  /** Everything that it wrote to stdout and stderr so far. */
  output(): string
  /** Resolves with the first match of `pattern` in what it wrote; rejects when it ends without. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  /** Resolves with its exit code, or the name of the signal that ended it. */
  readonly exit: Promise<number | string>
}

/** What is said about the process, beside its words. */
export interface DaemonProcessOptions {
  /** More variables of its environment. */
  readonly environment?: NodeJS.ProcessEnv
  /** Its user and group. */
  readonly user?: number
  readonly cwd?: string
  /** What is written to its standard input; without it, that is /dev/null. */
  readonly input?: 'pipe'
}

/** Starts the daemon with these words on its command line. */
export function startDaemonProcess(words: readonly string[], options: DaemonProcessOptions = {}): DaemonProcess {
  return startProcess(process.execPath, [...nodeWords, ...words], options)
}

/** The daemon reads every variable of its prefix; those that are there concern the tests. */
const withoutOurs = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LOGWISP_')))

/** Starts any program so. */
export function startProcess(
  program: string,
  words: readonly string[],
  { environment, user, cwd, input }: DaemonProcessOptions = {},
): DaemonProcess {
  const child = spawn(program, words, {
    stdio: [input ?? 'ignore', 'pipe', 'pipe'],
    env: { ...withoutOurs, ...environment },
    ...(user !== undefined && { uid: user, gid: user }),
    ...(cwd !== undefined && { cwd }),
  })
  let output = ''
  let ended = false
  const listeners = new Set<() => void>()
  const heard = (): void => {
    for (const listener of listeners) listener()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      heard()
    })
  }
  const exit = once(child, 'close').then(([code, signal]) => {
    ended = true
    heard()
    return (code ?? signal) as number | string
  })
  return {
    child,
    exit,
    output: () => output,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(output)
          if (match === null && !ended) return
          listeners.delete(look)
          if (match !== null) resolve(match)
          else reject(new Error(`the daemon ended without saying ${pattern}:\n${output}`))
        }
        listeners.add(look)
        look()
      }),
  }
}

/** The address of its page, once it is there: of its first port. */
export async function pageOf(daemon: DaemonProcess): Promise<string> {
  const [, url] = await daemon.says(/ listening url=(\S+)/)
  return url as string
}
