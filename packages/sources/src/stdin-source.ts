/** The lines of standard input, or of any other stream of bytes. */

import type { Readable } from 'node:stream'
import {
  Batch,
  type BlockOptions,
  checkOptions,
  EntryReadable,
  type EntrySource,
  LogwispError,
  option,
  type StageStats,
} from '@logwisp/core'
import { type FileEncoding, type LineBlock, LineBlocks, type LongLinePolicy } from './internal/file/line-blocks.ts'
import { byteOrderMarkBytes, toUtf8 } from './internal/file/transcode.ts'

/** How {@link stdinSource} reads. */
export interface StdinSourceOptions {
  /**
   * What to read instead of standard input: a stream of bytes, or of text. It belongs to the source from then on.
   *
   * @default process.stdin
   */
  readonly input?: Readable | undefined
  /**
   * The `source` of the entries.
   *
   * @default 'stdin'
   */
  readonly source?: string | undefined
  /** The encoding of the bytes. @default 'utf8' */
  readonly encoding?: FileEncoding | undefined
  /**
   * The longest line that is given whole; see `whenLineTooLong`.
   *
   * Unit: bytes, 16 to 268 435 456.
   * @default 1048576
   */
  readonly maxLineBytes?: number | undefined
  /**
   * What is done with a longer line. `truncate`: its beginning is given, with `fields.truncated` true. `split`: it is
   * given in parts, all but the last with `fields.split` true. `skip`: it is dropped, counted as `line-too-long`.
   *
   * @default 'truncate'
   */
  readonly whenLineTooLong?: LongLinePolicy | undefined
  /**
   * The time zone of lines whose time names none: `local`, `utc`, or minutes east of UTC.
   *
   * @default 'local'
   */
  readonly zone?: NonNullable<BlockOptions['zone']> | undefined
}

const defaults = { source: 'stdin', encoding: 'utf8', maxLineBytes: 1_048_576, whenLineTooLong: 'truncate' } as const

const rules = {
  input: option.having('a readable stream', 'read', 'on', 'pause'),
  source: option.text,
  encoding: option.oneOf('utf8', 'utf16le', 'utf16be', 'latin1'),
  maxLineBytes: option.integer({ min: 16, max: 268_435_456 }),
  whenLineTooLong: option.oneOf('truncate', 'split', 'skip'),
  zone: option.either(option.oneOf('local', 'utc'), option.integer({ min: -1080, max: 1080 })),
}

/** The books of {@link stdinSource}. */
export interface StdinSourceStats extends StageStats {
  /** Bytes read. */
  readonly bytesIn: number
  /** Lines longer than `maxLineBytes`. */
  readonly linesTooLong: number
}

/** What {@link stdinSource} returns. */
export interface StdinSource extends EntrySource {
  readonly stats: StdinSourceStats
}

class StdinSourceStream extends EntryReadable {
  readonly #input: Readable
  readonly #source: string
  readonly #encoding: FileEncoding
  readonly #zone: BlockOptions['zone']
  readonly #lines: LineBlocks
  /** How many bytes came, and so where in the input the next ones are. */
  #offset = 0
  #wanted = false
  #over = false

  constructor(options: StdinSourceOptions) {
    super()
    const { encoding = defaults.encoding, maxLineBytes = defaults.maxLineBytes } = options
    this.#input = options.input ?? process.stdin
    this.#source = options.source ?? defaults.source
    this.#encoding = encoding
    this.#zone = options.zone
    this.#lines = new LineBlocks({
      encoding,
      maxLineBytes,
      whenLineTooLong: options.whenLineTooLong ?? defaults.whenLineTooLong,
    })
  }

  override _construct(callback: (error?: Error | null) => void): void {
    const input = this.#input
    input.on('readable', () => this.#read())
    input.on('end', () => this.#end())
    input.on('error', (cause: Error) => {
      const message = `${this.#source} can't be read (${cause.message}): its writer, or the pipe to it, broke`
      this.destroy(new LogwispError('FILE_UNREADABLE', message, { cause }))
    })
    // One that was destroyed ends without saying so; what it had given is given.
    input.on('close', () => this.#end())
    if (input.readableEnded || input.destroyed) this.#end()
    callback()
  }

  protected override pull(): void {
    this.#wanted = true
    this.#read()
  }

  /** Takes what is there for as long as it is wanted; otherwise it stays with the input, and its writer waits. */
  #read(): void {
    while (this.#wanted && !this.#over) {
      const chunk: Buffer | string | null = this.#input.read()
      if (chunk === null) return
      this.#feed(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
    }
  }

  #feed(chunk: Buffer): void {
    const { carry, linesTooLong } = this.#lines
    const bytes = carry.length === 0 ? chunk : Buffer.concat([carry, chunk])
    const blocks = this.#lines.feed(bytes, 0, bytes.length, this.#offset - carry.length)
    this.#offset += chunk.length
    if (this.#lines.linesTooLong > linesTooLong) this.#tellLongLine()
    for (const block of blocks) this.#giveBlock(block)
  }

  #giveBlock(block: LineBlock): void {
    if (block.flag === 'skipped') {
      this.took(1)
      return this.discard('line-too-long', 1)
    }
    const mark = block.offset === 0 ? byteOrderMarkBytes(block.bytes, this.#encoding) : 0
    const bytes = toUtf8(block.bytes.subarray(mark), this.#encoding)
    const batch = Batch.of({ bytes, source: this.#source, time: Date.now(), zone: this.#zone })
    if (block.flag === undefined) {
      this.took(batch.count)
      this.#wanted = this.give(batch)
      return
    }
    const entry = batch.entry(0, bytes.length, bytes.length)
    this.took(1)
    this.#wanted = this.give({ ...entry, fields: { ...entry.fields, [block.flag]: true } })
  }

  #tellLongLine(): void {
    const message = `${this.#source}: a line before byte ${this.#offset} is too long: raise maxLineBytes to have it whole`
    this.emit('warning', new LogwispError('LINE_TOO_LONG', message))
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    const line = this.#lines.flush(this.#offset)
    if (line !== undefined) this.#giveBlock(line)
    this.finish()
  }

  /** Stops reading: what was read is given, what was not stays in the input. */
  override stop(): void {
    this.#end()
  }

  override get stats(): StdinSourceStats {
    return this.books(0, { bytesIn: this.#offset, linesTooLong: this.#lines.linesTooLong })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#over = true
    // Closing the input is what lets a process end whose standard input stays open.
    this.#input.destroy()
    callback(error)
  }
}

/**
 * The lines of standard input as entries, in order. Reads only as fast as entries are taken: until then they wait in
 * the pipe, and so does its writer. An unfinished last line is given at the end. Ends when the input does, or after
 * `stop()`; the input is closed then. Its entries can not be read again, so they have no origin.
 *
 * @throws OptionError `BAD_OPTION`.
 * @throws LogwispError (`'error'`) `FILE_UNREADABLE` when the input breaks.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { stdinSource } from '@logwisp/sources'
 * import { fileSink } from '@logwisp/sinks'
 *
 * await pipeline(stdinSource(), fileSink('./logs', { name: 'stdin' }))
 * ```
 */
export function stdinSource(options: StdinSourceOptions = {}): StdinSource {
  checkOptions('stdinSource', options, rules)
  return new StdinSourceStream(options)
}
