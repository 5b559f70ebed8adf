/**
 * Which directories the daemon's buffers have had: so that it can say when something waits in one that no sink has any more,
 * since nobody else would ever ask for it. Kept beside the positions.
 */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Checkpoint, diskBufferBacklog, type LogwispError, openCheckpoint } from '@logwisp/core'
import type { Logger } from 'pino'
import { buffersOnDisk } from '../config/checks/check-buffers.ts'
import type { Config } from '../config/schema.ts'
import type { DirectoryHolds } from '../pipeline/directory-holds.ts'
import { bufferListPath } from './state-directory.ts'

/** Directories that are remembered; beyond it new ones are not. */
const maxDirectories = 1000

/** What it is made of. */
export interface LeftBuffersOptions {
  readonly stateDirectory: string
  /** What tells daemons on one machine apart. */
  readonly identity: string
  /** Who has which directory in this process. */
  readonly holds: DirectoryHolds
  readonly log: Logger
}

export class LeftBuffers {
  readonly #options: LeftBuffersOptions
  /** One look after the other. */
  #looking: Promise<void> = Promise.resolve()

  constructor(options: LeftBuffersOptions) {
    this.#options = options
  }

  /** Resolves once nothing is being looked at. */
  get settled(): Promise<void> {
    return this.#looking
  }

  /**
   * Remembers the directories of a configuration, and tells of those that are not in it any more and have something.
   * Never rejects: what cannot be remembered or read is told.
   */
  look(config: Pick<Config, 'pipelines'>): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#look(config))
      .catch(({ code, message }: LogwispError) => this.#options.log.warn({ code }, message))
    return this.#looking
  }

  async #look(config: Pick<Config, 'pipelines'>): Promise<void> {
    const { stateDirectory, identity } = this.#options
    const wanted = new Map(buffersOnDisk(config).map(({ buffer, title }) => [resolve(buffer.directory), title]))
    const path = bufferListPath(stateDirectory, identity)
    if (wanted.size === 0 && !existsSync(path)) return
    const known = await openCheckpoint(path)
    try {
      remember(known, wanted)
      // Before anything can be in them.
      await known.save()
      for (const directory of known.keys()) {
        if (!wanted.has(directory) && !(await this.#hasSome(directory, known.get(directory)))) known.delete(directory)
      }
    } finally {
      await known.close()
    }
  }

  /** Whether something waits there, or that cannot be told; tells it. */
  async #hasSome(directory: string, title: unknown): Promise<boolean> {
    const { holds, log } = this.#options
    // Its sink may be gone, and is still given what is there.
    await holds.free(directory)
    try {
      const { entries, bytes } = await diskBufferBacklog(directory)
      if (bytes === 0) return false
      const what = entries === undefined ? `${bytes} bytes of entries` : `${entries} entries (${bytes} bytes)`
      log.warn(
        { code: 'BUFFER_LEFT', directory, entries, bytes },
        `${what} wait in ${directory}, which was ${title}, and no sink of the configuration has it any more: give a sink \
a buffer with this directory, and it gets them; or delete the directory`,
      )
    } catch (error) {
      const { code, message } = error as LogwispError
      log.warn(
        { code, directory },
        `${directory} was ${title}, and no sink of the configuration has it any more: ${message}`,
      )
    }
    return true
  }
}

function remember(known: Checkpoint, wanted: ReadonlyMap<string, string>): void {
  const keys = new Set(known.keys())
  for (const [directory, title] of wanted) {
    if (!keys.has(directory) && keys.size >= maxDirectories) continue
    keys.add(directory)
    known.set(directory, title)
  }
}
