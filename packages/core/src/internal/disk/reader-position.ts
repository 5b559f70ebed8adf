/** Where the queue's reader has come to, kept in a checkpoint beside the segments. */

import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Position } from '../../checkpoint.ts'
import type { LogwispError } from '../../errors.ts'
import { type CheckpointFile, checkpointFile } from '../checkpoint-file.ts'
import type { FileSystem } from '../file-system.ts'
import { placeFailed } from './disk-trouble.ts'
import type { ReaderPlace } from './record-origins.ts'

const fileName = 'place.json'
const key = 'reader'

export class ReaderPosition {
  readonly #file: CheckpointFile
  #saved: ReaderPlace | undefined

  private constructor(file: CheckpointFile, saved: ReaderPlace | undefined) {
    this.#file = file
    this.#saved = saved
  }

  /**
   * Reads the place that was saved last. Without one that can be read, the reader begins with the oldest segment: what
   * it has acknowledged of that one comes again.
   */
  static async load(
    fileSystem: FileSystem,
    directory: string,
    warn: (warning: LogwispError) => void,
  ): Promise<ReaderPosition> {
    const file = checkpointFile(join(directory, fileName), fileSystem)
    let place: ReaderPlace | undefined
    try {
      const position = (await file.load()).get(key)
      place = position === undefined ? undefined : placeFrom(position)
    } catch (error) {
      // Any other code: the file can not be read at all, and may be sound.
      if ((error as LogwispError).code === 'CHECKPOINT_FAILED') throw error
      warn(placeFailed('CHECKPOINT_CORRUPT', `${file.path} has no place of a reader`, error))
    }
    return new ReaderPosition(file, place)
  }

  /** What was saved last. */
  get saved(): ReaderPlace | undefined {
    return this.#saved
  }

  /** Saves a place, unless it is the one that is saved; resolves once it is safe. */
  async save(place: ReaderPlace): Promise<void> {
    if (place.position === this.#saved?.position) return
    const { position, ordinal, record } = place
    const saved = { position, ordinal, record, checksum: checksumOf(place) }
    await this.#file.replace([`"${key}":${JSON.stringify(saved)}`])
    this.#saved = place
  }
}

/** A wrong place that looks right would pass over entries: so it is checked. */
function placeFrom(saved: Position): ReaderPlace {
  const { checksum, ...place } = saved as unknown as ReaderPlace & { readonly checksum: number }
  if (checksum !== checksumOf(place)) throw new Error('its checksum is wrong')
  return place
}

function checksumOf({ position, ordinal, record }: ReaderPlace): number {
  return crc32(`${position} ${ordinal} ${record}`)
}
