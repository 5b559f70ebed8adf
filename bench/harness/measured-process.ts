/** The outside of a measured process: started anew for each run, talked with by lines, and never left running. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { isAbsolute } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Measurement } from './measured.ts'
import { searchPath } from './programs.ts'

/** Longer than anything here takes on a busy machine: what gets here hangs. */
const defaultTimeoutMs = 120_000

/** How much of what a failed process wrote to its standard error is repeated. */
const keptErrorChars = 600

/** One fresh Node process that runs a program of this bench. */
export class MeasuredProcess {
  readonly #child: ChildProcess
  readonly #messages: AsyncIterator<string>
  readonly #closed: Promise<unknown>
  readonly #script: string
  readonly #timer: NodeJS.Timeout
  #complaints = ''
  #timedOut = false

  /** `script` is a program's path in this package, without its extension (`pipelines/file-to-file`), or an absolute one. */
  constructor(script: string, task: object, timeoutMs: number = defaultTimeoutMs) {
    this.#script = script
    const path = isAbsolute(script) ? `${script}.js` : fileURLToPath(new URL(`./${script}.js`, import.meta.url))
    // The variables of a package manager or a test runner are no part of what is measured.
    const env = { PATH: searchPath, HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'] }
    this.#child = spawn(process.execPath, [path, JSON.stringify(task)], {
      env,
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-keptErrorChars)
    })
    // It may be gone by the time that it is told something; that it is, `next` says.
    this.#child.stdin?.on('error', () => {})
    this.#messages = createInterface({ input: this.#child.stdio[3] as Readable })[Symbol.asyncIterator]()
    this.#closed = once(this.#child, 'close')
    this.#timer = setTimeout(() => {
      this.#timedOut = true
      this.#child.kill('SIGKILL')
    }, timeoutMs)
  }

  /** Its process, to be watched from outside. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The next thing that it tells. Throws when it has ended instead. */
  async next<Message extends object>(): Promise<Message> {
    const { value, done } = await this.#messages.next()
    if (!done) return JSON.parse(value) as Message
    await this.#closed
    const why = this.#timedOut ? 'took too long and was ended' : `ended with status ${this.#child.exitCode}`
    throw new Error(`${this.#script} ${why}: ${this.#complaints.trim() || 'it said nothing'}`)
  }

  /** Says a word to it. */
  say(word: string): void {
    this.#child.stdin?.write(`${word}\n`)
  }

  /** What it measured, once it has ended by itself. */
  async result<More extends object = object>(): Promise<Measurement & More> {
    const result = await this.next<Measurement & More>()
    this.#child.stdin?.end()
    await this.#closed
    clearTimeout(this.#timer)
    return result
  }

  /** Makes sure that it is gone. */
  async end(): Promise<void> {
    clearTimeout(this.#timer)
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL')
    await this.#closed
  }
}

/** Runs a program that needs no talk. */
export async function runMeasured<More extends object = object>(
  script: string,
  task: object,
): Promise<Measurement & More> {
  const child = new MeasuredProcess(script, task)
  try {
    return await child.result<More>()
  } finally {
    await child.end()
  }
}
