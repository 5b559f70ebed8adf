/** The sink that writes entries to standard output, to standard error, or to each its own. */

import type { Writable } from 'node:stream'
import { checkOptions, type EntrySink, type Format, type LogwispError, option } from '@logwisp/core'
import { ConsoleStream } from './internal/console/console-stream.ts'

/** What {@link consoleSink} is told. */
export interface ConsoleSinkOptions {
  /**
   * Where to: `'split'` writes entries of level `warn`, `error` and `fatal` to standard error, and all others, those
   * without a level too, to standard output.
   * @default 'stdout'
   */
  readonly target?: 'stdout' | 'stderr' | 'split' | undefined
  /** How an entry becomes text. A line feed is put after it. @default 'raw' */
  readonly format?: Format | undefined
  /**
   * Whether each entry has the colour of its level. Omitted, the environment decides: `FORCE_COLOR` first (`0` is no),
   * then none with `NO_COLOR` or `TERM=dumb`, else only on a terminal.
   */
  readonly colors?: boolean | undefined
  /**
   * What becomes of control characters in an entry, on a terminal: an escape sequence in a log line that came from
   * outside could rewrite what is shown, or type for the user. `'escape'` shows them (`\x1b`), and the characters that
   * turn the direction of writing too; line feeds and tabs stay. `'keep'` is for a format that has colours of its own,
   * and entries that can be trusted. Where the output is no terminal the bytes always stay as they are.
   * @default 'escape'
   */
  readonly controlCharacters?: 'escape' | 'keep' | undefined
  /**
   * What happens when the reader goes away (`| head`): `'error'` ends the sink, and so the pipeline, with the one error
   * `CONSOLE_CLOSED`; `'drop'` goes on, drops everything from then on with the reason `closed`, and says so with one
   * `'warning'`. Either way what was not written is not acknowledged.
   * @default 'error'
   */
  readonly whenClosed?: 'error' | 'drop' | undefined
  /** Takes the place of `process.stdout`. Is never ended. @default process.stdout */
  readonly stdout?: Writable | undefined
  /** Takes the place of `process.stderr`. Is never ended. @default process.stderr */
  readonly stderr?: Writable | undefined
}

/** What a console sink tells of. */
export interface ConsoleSinkEvents {
  /** `CONSOLE_CLOSED`, once, with `whenClosed: 'drop'`. */
  warning: [LogwispError]
}

/** A sink to the console. */
export interface ConsoleSink extends EntrySink {
  on<E extends keyof ConsoleSinkEvents>(event: E, listener: (...args: ConsoleSinkEvents[E]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
}

const rules = {
  target: option.oneOf('stdout', 'stderr', 'split'),
  format: option.either(option.oneOf('raw', 'json'), option.function),
  colors: option.boolean,
  controlCharacters: option.oneOf('escape', 'keep'),
  whenClosed: option.oneOf('error', 'drop'),
  stdout: option.having('a writable stream', 'write', 'on'),
  stderr: option.having('a writable stream', 'write', 'on'),
}

/**
 * Writes entries to the console. It ends when its input does, without ending `process.stdout`.
 *
 * - **Order** is kept on each output. **Dropped** is nothing, unless `whenClosed: 'drop'` says so: a slow terminal or
 *   reader slows the source.
 * - **Acknowledged** is an entry once the system has taken it, and everything before it.
 *
 * @throws OptionError `BAD_OPTION`.
 * `'error'`: `CONSOLE_CLOSED` when the reader went away; what was taken and not written is then dropped with the reason
 * `closed`. A program that wants to end quietly, as others do in front of `head`, matches that code and exits with 0.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { consoleSink } from '@logwisp/sinks'
 *
 * await pipeline(
 *   [{ time: Date.now(), source: 'app', level: 'warn' as const, message: 'out of tea' }],
 *   consoleSink({ target: 'split', format: 'json' }),
 * )
 * ```
 */
export function consoleSink(options: ConsoleSinkOptions = {}): ConsoleSink {
  checkOptions('consoleSink', options, rules)
  return new ConsoleStream(options)
}
