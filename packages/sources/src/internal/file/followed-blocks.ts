/** Turns the lines that a follower reads into batches with a way back, and says where a restart has to go on. */

import {
  AccountingTracker,
  Batch,
  type BlockOptions,
  isBatch,
  type LogEntry,
  noteDropped,
  type Position,
  type SourceAccount,
} from '@logwisp/core'
import { BlockOrigins, type BlockOriginsOptions, type FileOrigin, TranscodedOrigins } from './block-origins.ts'
import type { FileIds } from './file-identity.ts'
import { cutBlocks, type FileEncoding, type LineBlock } from './line-blocks.ts'
import { type FilePlace, savePosition } from './saved-position.ts'
import { byteOrderMarkBytes, toUtf8 } from './transcode.ts'

/** What was read at once: items in order, and how many lines are not among them as they were too long. */
export interface FollowedBlock {
  readonly items: readonly (LogEntry | Batch)[]
  readonly skipped: number
}

export interface FollowedBlocksOptions {
  /** The `source` of the entries. */
  readonly source: string
  readonly encoding: FileEncoding
  readonly zone: BlockOptions['zone']
}

/** Where lines were read: the file, where its reader stood before, and where the readers of other files stand. */
export type ReadFrom = Pick<BlockOriginsOptions, 'identity' | 'place' | 'before' | 'after'>

/** Why lines are dropped by `whenLineTooLong: 'skip'`. */
export const tooLong = 'line-too-long'

export class FollowedBlocks {
  readonly #options: FollowedBlocksOptions
  readonly #tracker: AccountingTracker<FileOrigin>
  #sequence = 0
  /** Where every reader stood at the very first block, and stands as of the last. */
  #firstPlaces: readonly FilePlace[] = []
  #places: readonly FilePlace[] = []
  /** The ids in use at the very first block. */
  #firstIds: readonly string[] = []
  /** The position as it was last asked for, and what it was made of. */
  #last:
    | {
        readonly places: readonly FilePlace[]
        readonly ids: readonly string[]
        readonly books: Position
        readonly position: Position
      }
    | undefined

  /** `books` are those of an earlier run, if any. */
  constructor(options: FollowedBlocksOptions, books: unknown) {
    this.#options = options
    this.#tracker = new AccountingTracker({ source: options.source, saved: books })
  }

  /** What became of everything that was read. */
  get account(): SourceAccount {
    return this.#tracker.account
  }

  /** Nothing more is read of the file with this id: what an earlier run left to be read again is lost. */
  over(id: string): void {
    this.#tracker.over(id)
  }

  /** Whether everything given was acknowledged. */
  get isAcknowledged(): boolean {
    return (this.#tracker.acknowledged?.sequence ?? 0) === this.#sequence
  }

  /** Makes items of lines; undefined when there are none. {@link stand} is to be told in the same turn. */
  make(blocks: readonly LineBlock[], from: ReadFrom): FollowedBlock | undefined {
    if (blocks.length === 0) return undefined
    if (this.#sequence === 0) {
      this.#firstPlaces = [...from.before, from.place, ...from.after]
      this.#firstIds = from.identity.usedIds
    }
    const items: (LogEntry | Batch)[] = []
    let skipped = 0
    for (const block of cutBlocks(blocks, this.#tracker.readBefore(from.identity.id), this.#options.encoding)) {
      const item = this.#itemOf(block, from)
      this.#sequence += block.end - block.offset
      const part = { file: from.identity.id, begin: block.offset, end: block.end }
      this.#tracker.read(this.#sequence, isBatch(item) ? item.count : 1, part)
      if (block.flag !== 'skipped') items.push(item)
      else {
        skipped++
        noteDropped(item, tooLong)
      }
    }
    return { items, skipped }
  }

  #itemOf(read: LineBlock, from: ReadFrom): LogEntry | Batch {
    const { encoding, zone, source } = this.#options
    const mark = read.offset === 0 ? byteOrderMarkBytes(read.bytes, encoding) : 0
    const block = mark === 0 ? read : { ...read, bytes: read.bytes.subarray(mark), offset: mark }
    const { identity, place, before, after } = from
    // Named one by one: V8 gives what is spread and added to a new shape each time, and every access then is a slow one.
    const options = { tracker: this.#tracker, identity, block, sequence: this.#sequence + mark, place, before, after }
    const bytes = toUtf8(block.bytes, encoding)
    const origins = encoding === 'utf8' ? new BlockOrigins(options) : new TranscodedOrigins(options, bytes, encoding)
    // Of these very bytes, and not of what they were made of.
    const scan = bytes === read.bytes ? read.scan : undefined
    const batch = Batch.of({ bytes, source, time: Date.now(), zone, origins, scan })
    if (block.flag === undefined) return batch
    const entry = batch.entry(0, bytes.length, bytes.length)
    return { ...entry, fields: { ...entry.fields, [block.flag]: true }, origin: origins.whole() }
  }

  /** Notes where every reader stands, all that was read having been made items. */
  stand(places: readonly FilePlace[]): void {
    this.#places = places
  }

  /**
   * Where a restart has to go on: behind what was acknowledged; `newSinceNs` is for when nothing was read yet. Of `ids`, those
   * in use, it has what was in use there: a file that is read again is to have the id that it had.
   */
  position({ used }: FileIds, newSinceNs: bigint): Position {
    const { acknowledged } = this.#tracker
    let places = this.#places
    let ids = used
    if (!this.isAcknowledged) {
      places = acknowledged?.places ?? this.#firstPlaces
      ids = acknowledged?.usedIds ?? this.#firstIds
    }
    // Of a file that is still, the same object each time: ten times a second, thousands of files are asked.
    const books = this.#tracker.savedBooks
    const last = this.#last
    if (places.length > 0 && last?.places === places && last.ids === ids && last.books === books) return last.position
    const position = Object.freeze(savePosition(places, ids, newSinceNs, books))
    this.#last = { places, ids, books, position }
    return position
  }
}
