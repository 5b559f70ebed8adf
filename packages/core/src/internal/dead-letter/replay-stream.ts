/** The stream behind `replay`: from files to entries, and from acknowledgements to files that are removed. */

import { Batch } from '../../batch.ts'
import { EntryReadable } from '../../entry-readable.ts'
import { LogwispError } from '../../errors.ts'
import type { Replay, ReplayStats } from '../../replay.ts'
import type { FileSystem } from '../file-system.ts'
import { decodeLetter, type Letter } from './letter.ts'
import { type LetterLine, LetterLines } from './letter-lines.ts'
import { type ClaimedFile, ReplayClaim } from './replay-claim.ts'
import { ReplayProgress } from './replay-progress.ts'

/** Of a file so many lines that are no entries are told of; all are counted. */
const maxToldLines = 5

export class ReplayStream extends EntryReadable implements Replay {
  readonly directory: string
  readonly #fs: FileSystem
  readonly #maxEntries: number
  readonly #progress = new ReplayProgress({
    done: (file) => this.#finishFile(file),
    advanced: () => this.#advanced(),
  })
  #claim: ReplayClaim | undefined
  /** Which of the claim's files is being read; and its lines. */
  #index = 0
  #lines: LetterLines | undefined
  /** Lines that were read and are not wanted yet. */
  #ahead: LetterLine[] = []
  #isWanted = false
  #reading: Promise<void> = Promise.resolve()
  /** Nothing more is read. */
  #isOver = false
  /** Removing files, one after the other. */
  #chores: Promise<void> = Promise.resolve()
  #released: Promise<void> | undefined

  // What stats tell beside the books.
  #bytesTotal = 0
  #unreadable = 0
  #unreadableInFile = 0
  #warnings = 0

  constructor(directory: string, maxEntries: number, fs: FileSystem) {
    super()
    this.directory = directory
    this.#maxEntries = maxEntries
    this.#fs = fs
  }

  override get stats(): ReplayStats {
    const { entries, acknowledged, bytesDone } = this.#progress
    return this.books(0, {
      acknowledged,
      unacknowledged: entries - acknowledged,
      bytesTotal: this.#bytesTotal,
      bytesDone,
      unreadable: this.#unreadable,
      warnings: this.#warnings,
    })
  }

  async close(): Promise<ReplayStats> {
    this.destroy()
    if (!this.closed) await new Promise<void>((resolve) => this.once('close', resolve))
    await this.#release()
    return this.stats
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  override stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.finish()
  }

  override _construct(callback: (error?: Error | null) => void): void {
    const taken = ReplayClaim.take(this.#fs, this.directory, (warning) => this.#warn(warning))
    taken.then(
      (claim) => {
        this.#claim = claim
        for (const { bytes, from } of claim.files) this.#bytesTotal += bytes - from
        callback()
      },
      (error) => callback(this.#failed(error)),
    )
  }

  protected override pull(): Promise<void> {
    this.#reading = this.#read()
    return this.#reading
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#isOver = true
    // After its end what was given may still be under way, and is acknowledged later.
    const isUnderWay = error === null && this.readableEnded && !this.#progress.isSettled
    if (isUnderWay) this.#claim?.hurry()
    const closed = isUnderWay ? this.#closeFile() : this.#release()
    closed.then(
      () => callback(error),
      (failure) => callback(error ?? failure),
    )
  }

  /** Gives entries for as long as they are wanted. */
  async #read(): Promise<void> {
    this.#isWanted = true
    try {
      while (this.#isWanted && !this.#isOver) {
        const line = this.#ahead.shift()
        if (line === undefined) await this.#readOn()
        else this.#giveLine(this.#claim?.files[this.#index] as ClaimedFile, line)
      }
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /** Reads on in the file, or comes to its end. */
  async #readOn(): Promise<void> {
    const file = this.#claim?.files[this.#index]
    if (file === undefined) return this.stop()
    this.#lines ??= await this.#open(file)
    const lines = await this.#lines.next()
    if (lines === undefined) await this.#endFile(file, this.#lines)
    else this.#ahead = [...lines]
  }

  async #open(file: ClaimedFile): Promise<LetterLines> {
    const lines = await LetterLines.open(this.#fs, file.path, file.from)
    if (lines.offset === file.from) return lines
    const message = `${file.path} was changed since the last replay was stopped: all of it is replayed, also what was delivered before`
    this.#warn(new LogwispError('POSITION_LOST', message))
    this.#bytesTotal += file.from
    file.from = 0
    file.done = 0
    return lines
  }

  #giveLine(file: ClaimedFile, { text, end }: LetterLine): void {
    const letter = this.#decode(file, text, end)
    if (letter === undefined) return
    const id = letter.id ?? `${file.stem}:${end}`
    const origin = this.#progress.next(file, end, id, letter.rejection.times)
    this.took(1)
    this.#isWanted = this.give({ ...letter.entry, origin })
    if (this.#progress.entries >= this.#maxEntries) this.stop()
  }

  #decode(file: ClaimedFile, text: string | undefined, end: number): Letter | undefined {
    try {
      if (text === undefined) throw new LogwispError('BAD_ENTRY', 'it is too long')
      return decodeLetter(text, Date.now())
    } catch (error) {
      this.#unreadable++
      this.#unreadableInFile++
      file.hasUnreadable = true
      if (this.#unreadableInFile > maxToldLines) return undefined
      const message = `the line that ends at byte ${end} of ${file.stem} in ${this.directory} is no entry (${(error as Error).message}): the file is kept as ${file.stem}.unreadable.ndjson; mend the line, and put it into a file called ${file.stem}.ndjson to have it replayed`
      this.#warn(new LogwispError('DEAD_LETTER_UNREADABLE', message, { cause: error }))
      return undefined
    }
  }

  async #endFile(file: ClaimedFile, lines: LetterLines): Promise<void> {
    const { offset, tornBytes } = lines
    await this.#closeFile()
    if (tornBytes > 0) {
      const message = `the last ${tornBytes} bytes of ${file.path}, left by a crash, are no whole line, and are left out: nothing needs to be done, what they were of was not acknowledged`
      this.#warn(new LogwispError('TORN_LINE', message))
    }
    this.#bytesTotal += offset - tornBytes - file.bytes
    this.#index++
    this.#unreadableInFile = 0
    this.#progress.read(file, offset - tornBytes)
    // So that a filter which drops the last entries does not keep the file from being done with.
    if (!this.#isOver) this.#isWanted = this.give(markOf(this.#progress.mark(file, offset - tornBytes)))
  }

  async #closeFile(): Promise<void> {
    const lines = this.#lines
    this.#lines = undefined
    // Of a file that was only read it tells nothing that matters.
    await lines?.close().catch(() => {})
  }

  /** Called at an acknowledgement, perhaps long after the end. */
  #finishFile(file: ClaimedFile): void {
    // It is another replay's by now, perhaps.
    if (this.#released !== undefined) return
    this.#chores = this.#chores
      .then(() => this.#claim?.finish(file))
      .catch((cause) => {
        const message = `${file.path} is replayed and could not be removed (${(cause as Error).message}): see to its permissions; the next replay tries again`
        this.#warn(new LogwispError('UPKEEP_FAILED', message, { cause }))
      })
  }

  /** Perhaps what was under way at the end has arrived, and there is nothing left to wait for. */
  #advanced(): void {
    if (this.#released === undefined) this.#claim?.advanced()
    if (this.destroyed && this.#progress.isSettled) this.#release().catch((error) => this.#warn(error))
  }

  /** Saves how far it has come, and lets go of the directory; once. */
  #release(): Promise<void> {
    this.#released ??= this.#letGo()
    return this.#released
  }

  async #letGo(): Promise<void> {
    await this.#reading.catch(() => {})
    await this.#closeFile()
    await this.#chores
    await this.#claim?.release()
  }

  #warn(warning: LogwispError): void {
    this.#warnings++
    this.emit('warning', warning)
  }

  #failed(cause: unknown): LogwispError {
    if (cause instanceof LogwispError) return cause
    const message = `cannot replay ${this.directory} (${(cause as Error).message}): check the path and its permissions; nothing is lost, what is there stays`
    return new LogwispError('FILE_UNREADABLE', message, { cause })
  }
}

/** A batch without lines, that stands for everything before it. */
function markOf(origin: ReturnType<ReplayProgress['mark']>): Batch {
  return Batch.of({ bytes: Buffer.alloc(0), source: '', time: 0, origins: { at: () => origin } })
}
