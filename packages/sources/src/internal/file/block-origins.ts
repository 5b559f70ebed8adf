/** The way back of the lines of one block: places in the file, also when the block was transcoded. */

import type { BatchOrigins, LineIds, Origin, OriginTracker } from '@logwisp/core'
import type { FileIdentity } from './file-identity.ts'
import type { FileEncoding, LineBlock } from './line-blocks.ts'
import type { FilePlace } from './saved-position.ts'

/** The place of a line, or between two lines, of a followed file. */
export class FileOrigin implements Origin {
  readonly tracker: OriginTracker
  readonly sequence: number
  readonly #block: BlockOrigins
  /** Where in the file the line begins. */
  readonly #start: number

  constructor(block: BlockOrigins, sequence: number, start: number) {
    this.tracker = block.tracker
    this.sequence = sequence
    this.#block = block
    this.#start = start
  }

  get id(): string {
    return `${this.#block.fileId}:${this.#start}`
  }

  /** What a restart has to go on with when this is acknowledged. */
  get places(): readonly FilePlace[] {
    const { before, after, place, sequence, offset } = this.#block
    return [...before, { ...place, offset: offset + (this.sequence - sequence) }, ...after]
  }

  /** The ids that the path's files had when this was read: a later file will want the one that it wanted again. */
  get usedIds(): readonly string[] {
    return this.#block.usedIds
  }
}

/** What {@link BlockOrigins} know of their block. */
export interface BlockOriginsOptions {
  readonly tracker: OriginTracker
  readonly identity: FileIdentity
  /** Where in the file the block begins, and where to go on behind it. */
  readonly block: Pick<LineBlock, 'offset' | 'end'>
  /** The sequence of the block's begin; its end has this and the length of the block more. */
  readonly sequence: number
  /** Where its reader stood before the block. */
  readonly place: FilePlace
  /** Where the readers of older files stood, and of newer ones. */
  readonly before: readonly FilePlace[]
  readonly after: readonly FilePlace[]
}

export class BlockOrigins implements BatchOrigins {
  readonly tracker: OriginTracker
  readonly sequence: number
  readonly offset: number
  readonly place: FilePlace
  readonly before: readonly FilePlace[]
  readonly after: readonly FilePlace[]
  readonly fileId: string
  readonly usedIds: readonly string[]
  protected readonly end: number

  constructor({ tracker, identity, block, sequence, place, before, after }: BlockOriginsOptions) {
    this.tracker = tracker
    this.fileId = identity.id
    this.usedIds = identity.usedIds
    this.sequence = sequence
    this.offset = block.offset
    this.end = block.end
    this.place = place
    this.before = before
    this.after = after
  }

  get ids(): LineIds | undefined {
    return { prefix: `${this.fileId}:`, base: this.offset }
  }

  at(start: number, end: number): FileOrigin {
    return new FileOrigin(this, this.sequence + end, this.offset + start)
  }

  /** That of a line which stands for the whole block: one that lost its end. */
  whole(): FileOrigin {
    return new FileOrigin(this, this.sequence + (this.end - this.offset), this.offset)
  }
}

/**
 * For a block that was transcoded to UTF-8: its own offsets are not the file's. Counts along the UTF-8 bytes, from
 * where it was asked for last, as lines are asked for in order.
 */
export class TranscodedOrigins extends BlockOrigins {
  readonly #bytes: Buffer
  readonly #encoding: FileEncoding
  #known = 0
  #knownInFile = 0

  constructor(options: BlockOriginsOptions, bytes: Buffer, encoding: FileEncoding) {
    super(options)
    this.#bytes = bytes
    this.#encoding = encoding
  }

  /** Characters are of other lengths in the file. */
  override get ids(): undefined {
    return undefined
  }

  override at(start: number, end: number): FileOrigin {
    const from = this.#inFile(start)
    return super.at(from, end === start ? from : this.#inFile(end))
  }

  #inFile(place: number): number {
    if (place === this.#bytes.length) return this.end - this.offset
    if (place < this.#known) {
      this.#known = 0
      this.#knownInFile = 0
    }
    let inFile = this.#knownInFile
    for (let at = this.#known; at < place; at++) inFile += bytesInFile(this.#bytes[at] as number, this.#encoding)
    this.#known = place
    this.#knownInFile = inFile
    return inFile
  }
}

/** How many bytes of the file the UTF-8 sequence that begins with `byte` stands for; its other bytes stand for none. */
function bytesInFile(byte: number, encoding: FileEncoding): number {
  if ((byte & 0xc0) === 0x80) return 0
  if (encoding === 'latin1') return 1
  // Characters outside the basic plane are two units of UTF-16 and four bytes of UTF-8.
  return byte >= 0xf0 ? 4 : 2
}
