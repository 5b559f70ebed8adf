/** The stream behind `consoleSink`: puts together what comes in a turn, and acknowledges it in order. */

import type { Writable } from 'node:stream'
import {
  type Batch,
  EntryWritable,
  formatter,
  isBatch,
  type LogEntry,
  type LogLevel,
  LogwispError,
  levelRank,
} from '@logwisp/core'
import { entrySize } from '@logwisp/core/entry-size'
import type { ConsoleSink, ConsoleSinkOptions } from '../../console-sink.ts'
import { colored, showControls, wantsColors } from './terminal-text.ts'

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

export class ConsoleStream extends EntryWritable implements ConsoleSink {
  readonly #calm: Output
  readonly #urgent: Output
  readonly #dropsWhenClosed: boolean
  readonly #deliveries: Delivery[] = []
  readonly #onError = (error: Error): void => this.#close(error)
  #waiting: (LogEntry | Batch)[] = []
  #waitingBytes = 0
  #writing: Promise<void> | undefined
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
      if (this.#isClosed) this.discard('closed', item)
      else {
        this.#waiting.push(item)
        this.#waitingBytes += entrySize(item)
      }
    }
    if (this.#waitingBytes >= maxWaitingBytes) return this.#write()
    // What else comes in this turn goes out with it.
    this.#turnEnd ??= setImmediate(() => this.#write().catch((error: Error) => this.fail(error)))
  }

  protected override async finish(): Promise<void> {
    await this.#write()
    if (this.#deliveries.length > 0) await new Promise<void>((resolve) => (this.#onDelivered = resolve))
  }

  /** Writes what waits, as soon as there is room; settles once there is room for more. */
  #write(): Promise<void> {
    clearImmediate(this.#turnEnd)
    this.#turnEnd = undefined
    this.#writing ??= this.#drain()
    return this.#writing
  }

  async #drain(): Promise<void> {
    // In a later step, so that #writing is set before it can be over.
    await Promise.resolve()
    try {
      while (this.#waiting.length > 0) await this.#send()
    } finally {
      this.#writing = undefined
    }
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
      let hasRoom = true
      for (const [stream, bytes] of writes) {
        const goOn = stream.write(bytes, (error) => {
          if (error != null) this.#close(error)
          delivery.writesLeft--
          this.#deliver()
          if (delivery.writesLeft === 0) resolve()
        })
        hasRoom &&= goOn
      }
      if (hasRoom) resolve()
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
    const items = [...this.#deliveries.flatMap((delivery) => delivery.items), ...this.#waiting]
    this.#waiting = []
    for (const item of items) this.discard('closed', item)
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
