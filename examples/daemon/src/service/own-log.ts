/** The daemon's own log: pino, on the console, in a file, both or nowhere. */

import type { Writable } from 'node:stream'
import type { LogLevel } from '@logwisp/core'
import { type Logger, pino } from 'pino'
import type { Config } from '../config/schema.ts'
import { OwnLogFile, type OwnLogFileSettings } from './own-log-file.ts'
import { ownLogLine } from './own-log-line.ts'

/** What the configuration says of it. */
export type OwnLogSettings = Pick<Config, 'logging' | 'quiet'>

/** The console that it may write to. */
export interface OwnLogConsole {
  readonly stdout: Writable
  readonly stderr: Writable
}

/** A log that is open. */
export interface OwnLog {
  readonly log: Logger
  /** Whether errors are seen on the console, so that they need not be said there once more. */
  readonly isOnConsole: boolean
  /** Takes changed settings; loggers that were made of `log` follow. Rejects, and goes on as before, when it cannot. */
  reconfigure(settings: OwnLogSettings): Promise<void>
  /** For a rotator that has moved the file. */
  reopen(): Promise<void>
  /** Resolves once every line is where it belongs. */
  close(): Promise<void>
}

/** Names under which something may be logged that nobody may read; a `Secret` shows itself as stars besides. */
const secretNames = [
  'authorization',
  'cookie',
  'key_passphrase',
  'password',
  'password_hash',
  'secret',
  'signing_key',
  'token',
  'tokens',
]

/** pino tells a destination that has this property the level of each line. */
const metadata = Symbol.for('pino.metadata')

/** Opens it. Rejects with a LogwispError when its file cannot be written. */
export async function openOwnLog(settings: OwnLogSettings, console: OwnLogConsole): Promise<OwnLog> {
  const outputs = new Outputs(console)
  await outputs.take(settings)
  // A logger's children have levels of their own; only those that somebody still holds are followed.
  let children: WeakRef<Logger>[] = []
  const log = pino(
    {
      level: levelOf(settings),
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '***' },
      onChild: (child) => {
        children = children.filter((known) => known.deref() !== undefined)
        children.push(new WeakRef(child as Logger))
      },
    },
    outputs,
  )
  return {
    log,
    get isOnConsole() {
      return outputs.isOnConsole
    },
    reconfigure: async (changed) => {
      await outputs.take(changed)
      for (const logger of [log, ...children.map((child) => child.deref())]) {
        if (logger !== undefined) logger.level = levelOf(changed)
      }
    },
    reopen: () => outputs.reopen(),
    close: () => outputs.close(),
  }
}

function levelOf({ logging, quiet }: OwnLogSettings): string {
  return quiet || logging.output === 'none' ? 'silent' : logging.level
}

/** Where lines go: what pino writes to. */
class Outputs {
  readonly [metadata] = true
  /** Set by pino before each write. */
  lastLevel = 0
  readonly #console: OwnLogConsole
  #target: 'stdout' | 'stderr' | 'split' | undefined
  #format: 'txt' | 'json' = 'txt'
  #file: OwnLogFile | undefined
  #fileKey: string | undefined

  constructor(console: OwnLogConsole) {
    this.#console = console
    // Nobody may read any more (`logwisp | head`): the log then goes nowhere, and nothing else happens.
    for (const stream of [console.stdout, console.stderr]) stream.on('error', () => {})
  }

  get isOnConsole(): boolean {
    return this.#target !== undefined
  }

  async take({ logging, quiet }: OwnLogSettings): Promise<void> {
    const output = quiet ? 'none' : logging.output
    await this.#takeFile(output === 'file' || output === 'both' ? logging.file : undefined)
    this.#format = logging.console.format
    this.#target =
      output === 'both' ? logging.console.target : output === 'stdout' || output === 'stderr' ? output : undefined
  }

  async #takeFile(settings: OwnLogFileSettings | undefined): Promise<void> {
    const key = JSON.stringify(settings)
    if (key === this.#fileKey) return
    const before = this.#file
    const isSameFile = settings?.directory === before?.settings.directory && settings?.name === before?.settings.name
    // With other limits only, the old one has to let go first; another file must be there before the old one goes.
    if (isSameFile) await before?.close()
    this.#file = settings && (await OwnLogFile.open(settings, (words) => this.#complain(words)))
    this.#fileKey = key
    await before?.close()
  }

  write(json: string): void {
    const line = this.#format === 'json' ? json.trimEnd() : ownLogLine(json)
    if (this.#target !== undefined) {
      const isUrgent = this.lastLevel >= pino.levels.values['warn']!
      const stream = this.#target === 'split' ? (isUrgent ? 'stderr' : 'stdout') : this.#target
      this.#console[stream].write(`${line}\n`)
    }
    this.#file?.write(line, pino.levels.labels[this.lastLevel] as LogLevel, Date.now())
  }

  async reopen(): Promise<void> {
    await this.#file?.reopen()
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }

  /** The file cannot say what is wrong with it. */
  #complain(words: string): void {
    this.#console.stderr.write(`logwisp: ${words}\n`)
  }
}
