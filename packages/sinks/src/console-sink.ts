/** The sink that writes entries to standard output, to standard error, or to each its own. */

import type { Writable } from 'node:stream'
import {
  type Batch,
  checkOptions,
  type EntrySink,
  EntryWritable,
  type Format,
  formatter,
  isBatch,
  type LogEntry,
  type LogLevel,
  LogwispError,
  levelRank,
  option,
} from '@logwisp/core'
import { entrySize } from '@logwisp/core/entry-size'
import { colored, showControls, wantsColors } from './internal/terminal-text.ts'

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

/** One of the two outputs, and how an entry looks on it. */
interface Output {
  readonly stream: Writable
  /** Undefined: a batch's bytes are written as they are. */
  readonly text: ((entry: LogEntry) => string) | undefined
}

/** Items that were written together, and how many writes they still wait for. */
interface Delivery {
  readonly items: readonly (LogEntry | Batch)[]
  writesLeft: number
}

/** How much memory may be kept by what is put together for one write: to a terminal or a pipe each write blocks. */
const maxWaitingBytes = 131_072

class ConsoleStream extends EntryWritable implements ConsoleSink {
  readonly #calm: Output
  readonly #urgent: Output
  readonly #dropsWhenClosed: boolean
  readonly #deliveries: Delivery[] = []
  readonly #onError = (error: Error): void => this.#close(error)
  #waiting: (LogEntry | Batch)[] = []
  #waitingBytes = 0
  #room: Promise<void> | undefined
  #hasRoom = true
  #turnEnd: NodeJS.Immediate | undefined
  #onDelivered: (() => void) | undefined
  #isClosed = false

  constructor(options: ConsoleSinkOptions) {
    super({ acknowledge: 'by-hand' })
    const { target = 'stdout', whenClosed = 'error' } = options
    const stdout = (): Output => outputOf(options.stdout ?? process.stdout, options)
    const stderr = (): Output => outputOf(options.stderr ?? process.stderr, options)
    this.#calm = target === 'stderr' ? stderr() : stdout()
    this.#urgent = target === 'split' ? stderr() : this.#calm
    this.#dropsWhenClosed = whenClosed === 'drop'
  }

  override _construct(callback: () => void): void {
    // Without a listener a write error of process.stdout would end the program.
    for (const stream of this.#streams()) stream.on('error', this.#onError)
    callback()
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): void | Promise<void> {
    for (const item of items) {
      if (this.#isClosed) this.discard('closed', isBatch(item) ? item.count : 1)
      else {
        this.#waiting.push(item)
        this.#waitingBytes += entrySize(item)
      }
    }
    if (this.#waitingBytes >= maxWaitingBytes || !this.#hasRoom) return this.#write()
    // What else comes in this turn goes out with it.
    this.#turnEnd ??= setImmediate(() => this.#write().catch((error: Error) => this.fail(error)))
  }

  protected override async finish(): Promise<void> {
    await this.#write()
    if (this.#deliveries.length > 0) await new Promise<void>((resolve) => (this.#onDelivered = resolve))
  }

  /** Writes what waits once there is room, and settles once there is room for more. */
  async #write(): Promise<void> {
    clearImmediate(this.#turnEnd)
    this.#turnEnd = undefined
    await this.#room
    if (this.#waiting.length > 0) this.#room = this.#send()
    await this.#room
  }

  /** Hands what waits to the streams, one piece to each; settles when they have room for more. */
  #send(): Promise<void> {
    const items = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    const writes = [...this.#encode(items)].filter(([, bytes]) => bytes.length > 0)
    const delivery: Delivery = { items, writesLeft: writes.length }
    this.#deliveries.push(delivery)
    this.#deliver()
    return new Promise((resolve) => {
      for (const [stream, bytes] of writes) {
        const hasRoom = stream.write(bytes, (error) => {
          if (error != null) this.#close(error)
          delivery.writesLeft--
          this.#deliver()
          if (delivery.writesLeft > 0) return
          this.#hasRoom = true
          resolve()
        })
        this.#hasRoom &&= hasRoom
      }
      if (this.#hasRoom) resolve()
    })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearImmediate(this.#turnEnd)
    this.#stopListening()
    callback(error)
  }

  #streams(): Set<Writable> {
    return new Set([this.#calm.stream, this.#urgent.stream])
  }

  /** What goes to each stream, in one piece. */
  #encode(items: readonly (LogEntry | Batch)[]): Map<Writable, Buffer> {
    const parts = new Map<Writable, (Buffer | string)[]>()
    const add = (output: Output, part: Buffer | string): void => {
      const list = parts.get(output.stream)
      if (list === undefined) parts.set(output.stream, [part])
      else list.push(part)
    }
    const addEntry = (entry: LogEntry): void => {
      const output = isUrgent(entry.level) ? this.#urgent : this.#calm
      add(output, `${output.text?.(entry) ?? entry.message}\n`)
    }
    for (const item of items) {
      if (!isBatch(item)) addEntry(item)
      else if (this.#calm.text !== undefined || this.#urgent.text !== undefined)
        for (const entry of item) addEntry(entry)
      else if (this.#calm === this.#urgent) add(this.#calm, item.toBytes())
      else {
        add(this.#calm, item.select((start, end) => !isUrgent(item.level(start, end))).toBytes())
        add(this.#urgent, item.select((start, end) => isUrgent(item.level(start, end))).toBytes())
      }
    }
    return new Map([...parts].map(([stream, list]) => [stream, joined(list)]))
  }

  /** Acknowledges what is written, in order: nothing before what went to the other output earlier is written too. */
  #deliver(): void {
    while (this.#deliveries[0]?.writesLeft === 0) {
      for (const item of this.#deliveries.shift()?.items ?? []) if (!this.#isClosed) this.delivered(item)
    }
    if (this.#deliveries.length > 0) return
    this.#onDelivered?.()
    if (this.destroyed) this.#stopListening()
  }

  #close(cause: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.discard('closed', this.entriesInHand)
    const advice = "its reader went away, so end the program, or use `whenClosed: 'drop'` to go on without it"
    const error = new LogwispError('CONSOLE_CLOSED', `cannot write to the console (${cause.message}): ${advice}`, {
      cause,
    })
    if (this.#dropsWhenClosed) this.emit('warning', error)
    else this.fail(error)
  }

  /** Once nothing can fail any more; the streams outlive the sink, and tell of an error in the turn after its write. */
  #stopListening(): void {
    if (this.#deliveries.length > 0) return
    setImmediate(() => {
      for (const stream of this.#streams()) stream.off('error', this.#onError)
    })
  }
}

function isUrgent(level: LogLevel | undefined): boolean {
  return level !== undefined && levelRank(level) >= levelRank('warn')
}

function joined(parts: readonly (Buffer | string)[]): Buffer {
  if (parts.length === 1 && Buffer.isBuffer(parts[0])) return parts[0]
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
}

function outputOf(
  stream: Writable,
  { format = 'raw', colors, controlCharacters = 'escape' }: ConsoleSinkOptions,
): Output {
  const isTerminal = (stream as { isTTY?: boolean }).isTTY === true
  const escapes = isTerminal && controlCharacters === 'escape'
  const hasColors = colors ?? wantsColors(isTerminal, process.env)
  if (format === 'raw' && !escapes && !hasColors) return { stream, text: undefined }
  const write = formatter(format)
  const text = (entry: LogEntry): string => {
    const shown = escapes ? showControls(write(entry)) : write(entry)
    return hasColors ? colored(shown, entry.level) : shown
  }
  return { stream, text }
}
