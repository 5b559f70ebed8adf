/**
 * Follows one path through the generations of files that it shows: reads the one that it is at to its end, then finds
 * the next, and loses and repeats nothing on the way, as far as files can tell.
 *
 * ```
 *              ┌───── wait ◀── the path shows it still ──┐
 *              ▼                                         │
 *   begin ──▶ read ──▶ lines … ──▶ its end ──────────────┤
 *              ▲                                         │
 *              ├──── next generation ◀── another file ───┘
 *              └──── its copy ◀── cut or written anew
 * ```
 *
 * A generation that the path no longer shows stays open for a while, as a writer may not have noticed yet.
 */

import type { BigIntStats } from 'node:fs'
import type { LogwispError, Position, SourceAccount } from '@logwisp/core'
import { type FileToRead, findBeginning } from './beginning.ts'
import { FileIdentity, FileIds } from './file-identity.ts'
import { FileReader, type FileReaderOptions, type ReadBuffers } from './file-reader.ts'
import { type FileOnDisk, FileSearch, isSameFile, type NextFile, type OlderFile, soughtPlace } from './file-search.ts'
import type { FileSystem } from './file-system.ts'
import { type FollowedBlock, FollowedBlocks, type FollowedBlocksOptions } from './followed-blocks.ts'
import { type FollowedFile, followedFile } from './followed-file.ts'
import { FollowerWarnings } from './follower-warnings.ts'
import { LateReaders } from './late-readers.ts'
import { type LeftFile, leftBy } from './left-file.ts'
import type { LineBlock } from './line-blocks.ts'
import { type OpenedFile, readProof, UnfinishedFileError } from './opened-file.ts'
import { PastFiles } from './past-files.ts'
import { type FilePlace, loadPosition, type SavedPosition } from './saved-position.ts'
import type { StartAt } from './start-offset.ts'

export interface FileFollowerOptions extends FileReaderOptions, FollowedBlocksOptions {
  readonly startAt: StartAt
  /** Whether to go on at the end; if not, a file that can't be read is an error. */
  readonly follow: boolean
  /** Whether an unfinished last line is left for the next run when this one stops. */
  readonly keepsUnfinished: boolean
  readonly rotateDelayMs: number
}

/** What a follower tells while it reads. */
export interface FollowerEvents {
  opened(path: string): void
  rotated(path: string): void
  truncated(path: string): void
  warning(error: LogwispError): void
}

/** What a follower shares with others, and begins with. */
export interface FollowerContext {
  readonly fileSystem: FileSystem
  readonly buffers: ReadBuffers
  readonly events: FollowerEvents
  /** What a checkpoint says of this path. */
  readonly saved: unknown
  /** Whether the path is new: what it shows is read from its beginning, whatever `startAt` says. */
  readonly appears: boolean
}

/** How long a compressed file that ends too early is taken for one that is still being written. */
const maxCompressMs = 10_000

/** The coarsest steps in which file systems tell the time of a change. */
const coarseTimeMs = 2500

export class FileFollower {
  readonly path: string
  readonly #options: FileFollowerOptions
  readonly #buffers: ReadBuffers
  readonly #events: FollowerEvents
  readonly #fileSystem: FileSystem
  readonly #search: FileSearch
  readonly #blocks: FollowedBlocks
  #ids = new FileIds()
  #saved: SavedPosition | undefined
  #begun = false
  #appears: boolean

  /** What is read. Undefined while the path shows nothing, and between two generations. */
  #reader: FileReader | undefined
  /** The generation that the next one comes after. */
  #left: LeftFile | undefined
  /** The rotated file before the generation that is read, when it was begun, if that was seen. */
  #older: OlderFile | undefined
  readonly #late: LateReaders
  /** What the path showed when everything was read: nothing is to be done while it shows the same. */
  #idle: BigIntStats | undefined
  /** How far was read when the file was last looked at and had more. */
  #lookedAt = -1
  /** The other file that the path shows, or nothing, and since when. */
  #change: { readonly shown: BigIntStats | undefined; readonly sinceMs: number } | undefined
  /** What the path showed when it was to stop. */
  #stop: { readonly shown: BigIntStats | undefined } | 'asked' | undefined
  #done = false
  readonly #past = new PastFiles()
  readonly #ready: FollowedBlock[] = []
  readonly #warnings: FollowerWarnings
  /** The reader of a compressed file that ends too early, once that was told. */
  #damaged: FileReader | undefined

  /** For the source's stats. */
  readonly counts = { bytesIn: 0, rotations: 0, truncations: 0, linesTooLong: 0, nulBytesSkipped: 0 }

  constructor(path: string, options: FileFollowerOptions, context: FollowerContext) {
    this.path = path
    this.#options = options
    this.#buffers = context.buffers
    this.#events = context.events
    this.#appears = context.appears
    this.#late = new LateReaders(options.rotateDelayMs)
    this.#warnings = new FollowerWarnings(path, (warning) => context.events.warning(warning))
    this.#fileSystem = context.fileSystem
    this.#search = new FileSearch(context.fileSystem, path)
    if (context.saved !== undefined) this.#saved = loadPosition(context.saved)
    this.#blocks = new FollowedBlocks(options, this.#saved?.books)
    if (this.#saved !== undefined) this.#ids = new FileIds(this.#saved.ids)
    else if (context.saved !== undefined) this.#warnings.positionUnknown()
  }

  /** Whether it was stopped and has given everything. */
  get done(): boolean {
    return this.#done
  }

  /** Whether it wants to be looked at often: something may come that the path does not show. */
  get restless(): boolean {
    return this.#late.size > 0 || this.#change?.shown !== undefined || this.#stop !== undefined
  }

  /** Whether the path shows nothing, and everything was read. */
  get isMissing(): boolean {
    return this.#begun && this.#search.isGone && !this.restless
  }

  /** Whether it has found where to begin. */
  get hasBegun(): boolean {
    return this.#begun
  }

  /** Whether everything that was given is acknowledged. */
  get isAcknowledged(): boolean {
    return this.#blocks.isAcknowledged
  }

  /** How many descriptors it holds. */
  get openFiles(): number {
    return this.#late.size + (this.#reader?.file === undefined ? 0 : 1)
  }

  /** How far it has read, beside what is there now. Never rejects: what cannot be looked at has no size. */
  async progress(): Promise<FollowedFile> {
    const shown = await this.#fileSystem.stat(this.path).catch(() => undefined)
    return followedFile(this.path, this.#reader, shown)
  }

  /** Whether it reads this file now. */
  reads(file: FileOnDisk): boolean {
    if (this.#reader !== undefined && isSameFile(this.#reader.stat, file)) return true
    return this.#late.reads(file)
  }

  /** How far it has read this file, of those that it read of late; undefined when it did not. */
  readUpTo(file: FileOnDisk): number | undefined {
    return this.#past.readUpTo(file)
  }

  /** Whether a file that begins so is, or is a copy of, one that it reads or read of late. */
  hasRead(head: Buffer): boolean {
    return this.#readers().some(({ identity }) => identity.fits(head)) || this.#past.hasRead(head)
  }

  /** Where a restart has to go on: behind what was acknowledged. Undefined as long as nothing is known. */
  position(): Position | undefined {
    return this.#begun && (this.#reader !== undefined || this.#left?.reader !== undefined || this.#appears)
      ? this.#blocks.position(this.#ids, this.#left?.modifiedNs ?? 0n)
      : undefined
  }

  /** What became of everything that was read. */
  get account(): SourceAccount {
    return this.#blocks.account
  }

  /** Finishes with what is there at the next reads; then it is {@link done}. */
  stop(): void {
    this.#stop ??= 'asked'
  }

  /** Finds where to begin, without reading yet. What hinders it is told, and tried again by {@link read}. */
  async begin(): Promise<void> {
    try {
      if (!this.#begun) await this.#findBeginning()
    } catch (error) {
      this.#survive(error)
    }
  }

  /** Tells what the system refuses; it is tried again at the next look, if there is to be one. */
  #survive(error: unknown): void {
    const told = this.#warnings.trouble(error)
    if (told === undefined || this.#stop === undefined) return
    if (!this.#options.follow) throw told
    this.#done = true
  }

  /** The next block; undefined when there is none at this time. One call at a time. */
  async read(): Promise<FollowedBlock | undefined> {
    for (;;) {
      const ready = this.#ready.shift()
      if (ready !== undefined || this.#done) return ready
      try {
        const more = await this.#step()
        if (more) this.#warnings.allWell()
        else if (this.#ready.length === 0) return undefined
      } catch (error) {
        this.#survive(error)
        return undefined
      }
    }
  }

  /**
   * Gives its descriptor back, if it can: the file is opened again at the next read that needs it. Not while a
   * {@link read} is under way. False when it can't: a file that is not at its path may be found no more.
   */
  async release(): Promise<boolean> {
    const reader = this.#reader
    if (reader?.file === undefined || reader.readsCopy || this.#change !== undefined || this.restless) return false
    await reader.release()
    return true
  }

  /** Closes everything. Not while a {@link read} is under way. */
  async close(): Promise<void> {
    for (const reader of this.#late.readers) await reader.release()
    await this.#reader?.release()
  }

  /** One step. True: go on. False: there is nothing to do at this time. */
  async #step(): Promise<boolean> {
    if (this.#stop === 'asked') this.#stop = { shown: await this.#search.shown() }
    if (!this.#begun) await this.#findBeginning()
    if (await this.#readLate()) return true
    const reader = this.#reader
    if (reader === undefined) return this.#openNext()
    if (this.#idle !== undefined && isUnchanged(this.#idle, await this.#search.shown())) return this.#waitOrStop()
    this.#idle = undefined
    if (reader.file === undefined && !(await this.#reopen(reader))) return true
    const result = await this.#readFrom(reader)
    if (result === 'rewritten') return this.#followRewritten(reader)
    if (result === 'end') return this.#lookFurther(reader, reader.file as OpenedFile)
    return this.#hasReachedStop(reader) ? this.#waitOrStop() : true
  }

  /** Reads a block, and makes its lines ready. */
  async #readFrom(reader: FileReader): Promise<'lines' | 'end' | 'rewritten'> {
    const { lines, offset, place } = reader
    const { linesTooLong, nulBytesSkipped } = lines
    let result: Awaited<ReturnType<FileReader['read']>>
    try {
      result = await reader.read()
    } catch (error) {
      if (!(error instanceof UnfinishedFileError)) throw error
      const { mtimeMs } = await (reader.file as OpenedFile).statNow()
      if (Date.now() - Number(mtimeMs) < maxCompressMs) throw error
      if (this.#damaged !== reader) this.#warnings.damaged(error)
      this.#damaged = reader
      return 'end'
    }
    if (result === 'end' || result === 'rewritten') return result
    this.counts.bytesIn += Math.max(0, reader.offset - offset)
    this.counts.nulBytesSkipped += lines.nulBytesSkipped - nulBytesSkipped
    const tooLong = lines.linesTooLong - linesTooLong
    this.counts.linesTooLong += tooLong
    if (tooLong > 0) this.#warnings.longLines(tooLong, reader.offset, this.#options)
    this.#makeReady(reader, result, place)
    return 'lines'
  }

  /** In one turn, so that no save of a checkpoint comes between the lines and where everything stands after them. */
  #makeReady(reader: FileReader, lines: readonly LineBlock[], place: FilePlace): void {
    const readers = this.#readers()
    const at = readers.indexOf(reader)
    const places = readers.map((other) => other.place)
    const from = { identity: reader.identity, place, before: places.slice(0, at), after: places.slice(at + 1) }
    const block = this.#blocks.make(lines, from)
    this.#stand()
    if (block !== undefined) this.#ready.push(block)
  }

  /** All readers, that of the oldest file first. */
  #readers(): FileReader[] {
    const late = this.#late.readers
    return this.#reader === undefined ? late : [...late, this.#reader]
  }

  /** Notes where everything stands that was read. */
  #stand(): void {
    const places = this.#readers().map(({ place }) => place)
    const left = this.#left?.reader
    if (this.#reader === undefined && left !== undefined && !this.#late.has(left)) places.push(left.place)
    if (places.length > 0) this.#blocks.stand(places)
  }

  /** Everything was read: is there more, or another file, or nothing to do? */
  async #lookFurther(reader: FileReader, file: OpenedFile): Promise<boolean> {
    const shown = await this.#search.shown()
    if (shown === undefined || !isSameFile(shown, file.stat)) return this.#leave(reader, file, shown)
    reader.seen(shown)
    this.#change = undefined
    this.#stand()
    const { offset } = reader
    if (!file.compressed) {
      if (shown.size < BigInt(offset)) return this.#followRewritten(reader)
      const grew = shown.size > BigInt(offset) && this.#lookedAt !== offset
      this.#lookedAt = offset
      if (grew) return true
    }
    // Shortly after a change another may leave the file's time as it was: then only reading tells.
    this.#idle = Date.now() - Number(shown.mtimeMs) > coarseTimeMs ? shown : undefined
    return this.#waitOrStop()
  }

  /** The path shows another file, or none: leaves this one once nothing more is to be expected of it. */
  async #leave(reader: FileReader, file: OpenedFile, shown: BigIntStats | undefined): Promise<boolean> {
    const change = this.#change
    if (change === undefined || !isSameOrNone(change.shown, shown)) {
      // What was written before the change may have come after the last read: once more to the end.
      this.#change = { shown, sinceMs: Date.now() }
      return true
    }
    this.#stand()
    const isLong = Date.now() - change.sinceMs >= this.#options.rotateDelayMs
    const isStopping = this.#stop !== undefined
    if (reader.readsCopy) {
      await this.#endReader(reader)
      return true
    }
    const stat = await file.statNow()
    reader.seen(stat)
    if (shown === undefined) {
      const next = (await this.#search.isQuiet())
        ? undefined
        : await this.#search.openNext(leftBy(reader, this.#older, false))
      if (next !== undefined) {
        await this.#retire(reader)
        return this.#goOn(next)
      }
      // Deleted, and nobody makes another: an open descriptor would keep the space of a file that is gone.
      if (stat.nlink === 0n && isLong) await this.#endReader(reader)
      return this.#waitOrStop()
    }
    // As long as nothing is in the new file, its writer may not have noticed and write to this one.
    if (shown.size === 0n && !isLong && !isStopping) return false
    if (stat.nlink === 0n && (await this.#continuesIn(reader))) return true
    if (this.#hasReachedStop(reader)) return this.#waitOrStop()
    await this.#retire(reader)
    return true
  }

  /** A file that was replaced by one with the same content and more, as editors save, goes on in that one. */
  async #continuesIn(reader: FileReader): Promise<boolean> {
    const file = await this.#search.findShown(soughtPlace(reader.placeAt(reader.offset, reader.proof)))
    if (file === undefined) return false
    await reader.moveTo(file)
    this.#change = undefined
    return true
  }

  /** The file is no longer what was read: it was cut. What was not read of it may be in a copy. */
  async #followRewritten(reader: FileReader): Promise<boolean> {
    if (this.#reader === reader) {
      this.counts.truncations++
      this.#events.truncated(this.path)
      const copy = await this.#search.findRotated(soughtPlace(reader.placeAt(reader.offset, reader.proof)))
      if (copy !== undefined) {
        await reader.moveToCopy(copy)
        return true
      }
    }
    await this.#endReader(reader, true)
    return true
  }

  /** Keeps a rotated file open for what a writer that did not notice still writes to it. */
  async #retire(reader: FileReader): Promise<void> {
    this.#leaveBehind(reader, false)
    const tooMany = this.#late.add(reader)
    if (tooMany !== undefined) await this.#endReader(tooMany)
  }

  /** Nothing more is read from it: its unfinished line is given as it is. */
  async #endReader(reader: FileReader, truncated = false): Promise<void> {
    const { place } = reader
    const line = reader.flush()
    if (line !== undefined) this.#makeReady(reader, [line], place)
    if (this.#reader === reader) this.#leaveBehind(reader, truncated)
    else this.#late.delete(reader)
    if (reader.identity.knownId !== undefined) this.#blocks.over(reader.identity.knownId)
    this.#past.add(reader.stat, reader.identity, reader.offset)
    this.#stand()
    await reader.release()
  }

  /** Makes room for the next generation. */
  #leaveBehind(reader: FileReader, truncated: boolean): void {
    this.#left = leftBy(reader, this.#older, truncated)
    this.#reader = undefined
    this.#idle = undefined
    this.#change = undefined
    this.#lookedAt = -1
  }

  /** Reads what came late to rotated files. True when something did. */
  async #readLate(): Promise<boolean> {
    for (const reader of this.#late.readers) {
      const result = await this.#readFrom(reader).catch((error: unknown) => {
        this.#warnings.trouble(error)
        return 'failed' as const
      })
      if (result === 'lines') return true
      if (result === 'rewritten' || this.#late.isOver(reader)) {
        await this.#endReader(reader)
        return true
      }
    }
    return false
  }

  /** Opens the generation after the one that was read last, or the first. */
  async #openNext(): Promise<boolean> {
    const left = this.#left
    if (this.#stop === undefined && (await this.#search.isQuiet())) return false
    const next = left === undefined ? undefined : await this.#search.openNext(left)
    return next === undefined ? this.#waitOrStop() : this.#goOn(next)
  }

  /** Reads a generation from its beginning. */
  async #goOn({ file, older, original }: NextFile): Promise<boolean> {
    const left = this.#left
    await this.#openReader({ file, offset: 0, namedAfter: original })
    this.#older = older
    if (left === undefined || left.truncated) return true
    this.counts.rotations++
    this.#events.rotated(this.path)
    return true
  }

  /** Reads a file from now on. */
  async #openReader(file: FileToRead): Promise<void> {
    this.#beginWith(await this.#readerOf(file))
  }

  /** A reader at a place in an open file, which is closed when that can't be had. */
  async #readerOf({ file, offset, id, namedAfter }: FileToRead): Promise<FileReader> {
    const identity = new FileIdentity(file.stat, file.head, this.#ids, id, namedAfter)
    try {
      const proof = (await readProof(file, offset)) ?? Buffer.alloc(0)
      return new FileReader(identity, file, offset, proof, this.#options, this.#buffers)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  #beginWith(reader: FileReader): void {
    this.#reader = reader
    this.#left = undefined
    this.#older = undefined
    reader.identity.nameCopy()
    this.#stand()
    if (reader.file !== undefined) this.#events.opened(reader.file.path)
  }

  /** Opens a file whose descriptor was given back; false when it is gone. */
  async #reopen(reader: FileReader): Promise<boolean> {
    const file = await this.#search.openShown()
    if (file !== undefined && isSameFile(file.stat, reader.stat)) {
      await reader.moveTo(file)
      return true
    }
    await file?.close()
    const rotated = await this.#search.findRotated(soughtPlace(reader.placeAt(reader.offset, reader.proof)))
    if (rotated === undefined) {
      await this.#endReader(reader)
      return false
    }
    if (isSameFile(rotated.stat, reader.stat)) await reader.moveTo(rotated)
    else await reader.moveToCopy(rotated)
    return true
  }

  /** Finds where to begin, and opens what is to be read: all of it, or, when it rejects, nothing. */
  async #findBeginning(): Promise<void> {
    const { startAt, encoding, maxLineBytes } = this.#options
    const options = { startAt, encoding, maxLineBytes, saved: this.#saved, appears: this.#appears }
    const { files, left } = await findBeginning(this.#search, options, this.#warnings)
    const readers = await Promise.allSettled(files.map((file) => this.#readerOf(file)))
    const failed = readers.find(({ status }) => status === 'rejected')
    const opened = readers.flatMap((reader) => (reader.status === 'fulfilled' ? [reader.value] : []))
    if (failed?.status === 'rejected') {
      for (const reader of opened) await reader.release()
      throw failed.reason
    }
    this.#left = left
    for (const { id } of this.#saved?.files ?? []) {
      if (id !== null && !files.some((file) => file.id === id)) this.#blocks.over(id)
    }
    for (const reader of opened) {
      if (this.#reader !== undefined) this.#late.add(this.#reader)
      this.#beginWith(reader)
    }
    this.#stand()
    this.#appears ||= this.#reader === undefined
    this.#begun = true
  }

  /** Whether what was there when it was to stop has been read. */
  #hasReachedStop(reader: FileReader): boolean {
    const stop = this.#stop
    if (stop === undefined || stop === 'asked' || stop.shown === undefined) return false
    // The size of a compressed file says nothing of how much comes out.
    if (reader.file?.compressed) return false
    return isSameFile(reader.stat, stop.shown) && BigInt(reader.offset) >= stop.shown.size
  }

  /** There is nothing to do: the end, when it is to stop. */
  async #waitOrStop(): Promise<boolean> {
    if (this.#stop === undefined) return false
    for (const reader of this.#late.readers) await this.#endReader(reader)
    const reader = this.#reader
    if (reader !== undefined && !this.#options.keepsUnfinished) await this.#endReader(reader)
    this.#stand()
    this.#done = true
    return true
  }
}

function isUnchanged(before: BigIntStats, now: BigIntStats | undefined): boolean {
  return now !== undefined && isSameFile(before, now) && before.size === now.size && before.mtimeNs === now.mtimeNs
}

function isSameOrNone(a: BigIntStats | undefined, b: BigIntStats | undefined): boolean {
  return a === undefined || b === undefined ? a === b : isSameFile(a, b)
}
