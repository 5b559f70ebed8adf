/** A program of one of the examples, as a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)

/** It sees the packages as this process does: built; in tests that have nothing built, their sources. */
const packageWords = process.env['TEST_BUILT'] === '1' ? [] : process.execArgv

/** How long it may take until a program says what it is waited for. */
const sayTimeoutMs = 60_000

/** How long it may take to end when it is asked to. */
const endTimeoutMs = 30_000

/** How much of what it says is kept. */
const keptChars = 20_000

const manifests = {
  'embed-express': require.resolve('@logwisp/example-embed-express/package.json'),
  'log-ingestion': require.resolve('@logwisp/example-log-ingestion/package.json'),
} as const

/** Which program, and how it is started. */
export interface ExampleProgram {
  readonly example: keyof typeof manifests
  /** Without extension, in its `src`. */
  readonly name: string
  readonly words: readonly string[]
  /** Where it works. */
  readonly directory: string
  readonly environment?: Readonly<Record<string, string>> | undefined
}

/** What Node is given to run it, behind what says where packages are. */
export function exampleWords({ example, name, words }: Pick<ExampleProgram, 'example' | 'name' | 'words'>): string[] {
  const manifest = manifests[example]
  const loader = pathToFileURL(createRequire(manifest).resolve('tsx')).href
  return ['--import', loader, join(dirname(manifest), 'src', `${name}.ts`), ...words]
}

export class ExampleProcess {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #said = ''

  constructor(program: ExampleProgram) {
    const { directory, environment } = program
    this.#child = spawn(process.execPath, [...packageWords, ...exampleWords(program)], {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: directory, TZ: 'UTC', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(-keptChars)
        this.#child.emit('said')
      })
    }
    this.#closed = once(this.#child, 'close')
  }

  get said(): string {
    return this.#said
  }

  /** The most memory that it has had; asked while it runs. */
  get peakBytes(): number {
    return this.#statusBytes('VmHWM')
  }

  /** The memory that it has; asked while it runs. */
  get rssBytes(): number {
    return this.#statusBytes('VmRSS')
  }

  /** How many descriptors it has open; asked while it runs. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length
  }

  #statusBytes(name: string): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024
  }

  /** Waits until it has said this, and gives what was found. */
  async says(pattern: RegExp): Promise<string> {
    const signal = AbortSignal.timeout(sayTimeoutMs)
    const closed = this.#closed.then(() => 'closed')
    for (;;) {
      const found = pattern.exec(this.#said)
      if (found !== null) return found[0]
      const said = once(this.#child, 'said', { signal }).then(() => 'said')
      const what = await Promise.race([said, closed]).catch(() => 'too late')
      if (what !== 'said' && !pattern.test(this.#said)) throw new Error(`${pattern} was not said: ${this.#said}`)
    }
  }

  /** Ends it, and gives its exit code; null when it had to be killed. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), endTimeoutMs)
    await this.#closed
    clearTimeout(timer)
    return this.#child.exitCode
  }
}
