/** Reads one file, from a place to its end, block by block; notices when the file is no longer what was read. */

import type { BigIntStats } from 'node:fs'
import type { FileIdentity } from './file-identity.ts'
import { type LineBlock, LineBlocks, type LineBlocksOptions } from './line-blocks.ts'
import { type OpenedFile, proofBytes } from './opened-file.ts'
import type { FilePlace } from './saved-position.ts'

export interface FileReaderOptions extends LineBlocksOptions {
  /** How much is read at a time. */
  readonly blockBytes: number
}

/** How many of a source's files are read ahead at a time: what this takes of memory does not grow with their number. */
const maxReadsAhead = 4

/** The memory that is read into; what a batch refers to is never used again. */
export class ReadBuffers {
  #spare: Buffer | undefined
  #readsAhead = 0

  take(bytes: number): Buffer {
    const spare = this.#spare
    this.#spare = undefined
    // Not from the pool: a block of a file would keep other blocks alive.
    return spare !== undefined && spare.length >= bytes ? spare : Buffer.allocUnsafeSlow(bytes)
  }

  /** Nobody refers to it. */
  giveBack(buffer: Buffer): void {
    this.#spare = buffer
  }

  /** Whether one more file may be read ahead; if so, {@link endReadAhead} has to follow. */
  beginReadAhead(): boolean {
    if (this.#readsAhead >= maxReadsAhead) return false
    this.#readsAhead++
    return true
  }

  endReadAhead(): void {
    this.#readsAhead--
  }
}

/** What a read put where. */
interface RawRead {
  readonly buffer: Buffer
  /** Where in `buffer` the fresh bytes begin. */
  readonly room: number
  /** How many bytes before that were read again, as a proof. */
  readonly again: number
  /** How many bytes were read, those read again included. */
  readonly length: number
}

/** What a read found: lines, nothing more at this time, or that the file was cut or written anew. */
export type ReadResult = readonly LineBlock[] | 'end' | 'rewritten'

export class FileReader {
  readonly identity: FileIdentity
  readonly lines: LineBlocks
  readonly #blockBytes: number
  readonly #buffers: ReadBuffers
  #file: OpenedFile | undefined
  /** Where the next read begins. */
  #offset: number
  /** The bytes before `#offset`. */
  #proof: Buffer
  /** The bytes before {@link place}. */
  #placeProof: Buffer
  #stat: BigIntStats
  #moved = false
  /** The next read, begun as soon as the one before was full, so that it goes on while that one's lines are worked on. */
  #ahead: Promise<RawRead> | undefined

  constructor(
    identity: FileIdentity,
    file: OpenedFile,
    offset: number,
    proof: Buffer,
    options: FileReaderOptions,
    buffers: ReadBuffers,
  ) {
    this.identity = identity
    this.lines = new LineBlocks(options)
    this.#file = file
    this.#offset = offset
    this.#proof = proof
    this.#placeProof = proof
    this.#blockBytes = options.blockBytes
    this.#buffers = buffers
    this.#stat = file.stat
  }

  /** The open file; undefined when its descriptor was given back. */
  get file(): OpenedFile | undefined {
    return this.#file
  }

  /** As the file was last seen. */
  get stat(): BigIntStats {
    return this.#stat
  }

  /** Whether it went over to a copy of the file. */
  get hasMoved(): boolean {
    return this.#moved
  }

  /** Whether it reads a file to which nobody writes: a copy, or a compressed one. */
  get readsCopy(): boolean {
    return this.#moved || this.#file?.compressed === true
  }

  /** How far it has read. */
  get offset(): number {
    return this.#offset
  }

  /** The bytes before {@link offset}, at most {@link proofBytes}. */
  get proof(): Buffer {
    return this.#proof
  }

  /** Behind the last line that was given: where a new reader would have to begin. */
  get place(): FilePlace {
    return this.placeAt(this.#offset - this.lines.held(this.#offset), this.#placeProof)
  }

  /** A place whose `proof` are bytes that end at it. */
  placeAt(offset: number, proof: Buffer): FilePlace {
    return { identity: this.identity, offset, proof, proofEnd: offset, modifiedNs: this.#stat.mtimeNs }
  }

  /** Reads the next block. Only with an open {@link file}. Rejects with the system's error; may be called again. */
  async read(): Promise<ReadResult> {
    const file = this.#file as OpenedFile
    const { lines } = this
    if (lines.openNuls > 0) {
      this.#offset -= lines.openNuls
      this.#proof = this.#placeProof
      lines.rewindNuls()
    }
    const { buffer, room, again, length } = (await this.#takeAhead()) ?? (await this.#readRaw(file))
    if (length < again || (again > 0 && this.#proof.compare(buffer, room - again, room) !== 0)) {
      this.#buffers.giveBack(buffer)
      return 'rewritten'
    }
    const fresh = length - again
    // What nothing was read before has no proof; but its beginning was seen when it was opened.
    if (!this.identity.agreesWith(buffer.subarray(room, room + fresh), this.#offset, this.#moved)) {
      this.#buffers.giveBack(buffer)
      return 'rewritten'
    }
    if (fresh === 0) {
      this.#buffers.giveBack(buffer)
      return 'end'
    }
    lines.carry.copy(buffer, room - lines.carry.length)
    const blocks = this.#feed(buffer, room, fresh)
    if (fresh === this.#blockBytes) this.#readAhead(file)
    return blocks
  }

  async #readRaw(file: OpenedFile): Promise<RawRead> {
    const again = file.compressed ? 0 : this.#proof.length
    const room = Math.max(this.lines.carry.length, again)
    const buffer = this.#buffers.take(room + this.#blockBytes)
    // What is compared with what was read before, and one byte more: a short read must not look like a file that was cut.
    const enough = again + Math.max(1, this.identity.seenFrom(this.#offset))
    const length = await file.read(buffer, room - again, again + this.#blockBytes, this.#offset - again, enough)
    return { buffer, room, again, length }
  }

  #readAhead(file: OpenedFile): void {
    if (file.compressed || this.lines.openNuls > 0 || !this.#buffers.beginReadAhead()) return
    this.#ahead = this.#readRaw(file)
    // Who asks for it next hears of its failure; when nobody does, it does not matter.
    this.#ahead.catch(() => {})
  }

  /** What was read ahead; undefined when nothing was, or nothing was there: by now there may be. */
  async #takeAhead(): Promise<RawRead | undefined> {
    const ahead = this.#dropAhead()
    if (ahead === undefined) return undefined
    const read = await ahead
    if (read.length > read.again) return read
    this.#buffers.giveBack(read.buffer)
    return undefined
  }

  #dropAhead(): Promise<RawRead> | undefined {
    const ahead = this.#ahead
    if (ahead !== undefined) this.#buffers.endReadAhead()
    this.#ahead = undefined
    return ahead
  }

  #feed(buffer: Buffer, room: number, fresh: number): readonly LineBlock[] {
    const { lines } = this
    const carried = lines.carry.length
    this.identity.grow(buffer.subarray(room, room + fresh), this.#offset)
    let bytes = buffer.subarray(room - carried, room + fresh)
    // A few lines do not keep a whole block alive.
    const small = fresh * 2 < this.#blockBytes
    if (small) bytes = Buffer.from(bytes)
    const blocks = lines.feed(bytes, 0, bytes.length, this.#offset - carried)
    // What stands before `bytes`: the carry is part of both.
    const before = this.#proof.subarray(0, Math.max(0, this.#proof.length - carried))
    this.#offset += fresh
    const placeAt = bytes.length - lines.held(this.#offset)
    if (placeAt > 0) this.#placeProof = lastBytes(before, bytes, placeAt)
    this.#proof = lastBytes(before, bytes, bytes.length)
    if (small || blocks.length === 0) this.#buffers.giveBack(buffer)
    return blocks
  }

  /** The unfinished line as it is. */
  flush(): LineBlock | undefined {
    this.#placeProof = this.#proof
    return this.lines.flush(this.#offset)
  }

  /** Goes on in the same file opened anew, or in another that took its place. */
  async moveTo(file: OpenedFile): Promise<void> {
    const before = this.#file
    this.#dropAhead()
    this.#file = file
    this.#stat = file.stat
    this.#moved = false
    await before?.close()
  }

  /** Goes on in a copy of the file. */
  async moveToCopy(file: OpenedFile): Promise<void> {
    await this.moveTo(file)
    this.#moved = true
  }

  /** Gives the descriptor back; {@link moveTo} goes on. */
  async release(): Promise<void> {
    const file = this.#file
    this.#dropAhead()
    this.#file = undefined
    // Node waits for a read that is under way before it closes the descriptor.
    await file?.close()
  }

  /** Takes note of how the file is now. */
  seen(stat: BigIntStats): void {
    this.#stat = stat
  }
}

/** A copy of the bytes before `end` of `bytes`, which stand in the file right behind `before`. */
function lastBytes(before: Buffer, bytes: Buffer, end: number): Buffer {
  if (end >= proofBytes) return Buffer.from(bytes.subarray(end - proofBytes, end))
  return Buffer.concat([before.subarray(Math.max(0, before.length - (proofBytes - end))), bytes.subarray(0, end)])
}
