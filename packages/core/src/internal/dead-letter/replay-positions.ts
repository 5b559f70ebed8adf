/** Saves how far a replay has come: every second while it goes on, at once when it is over. */

import { LogwispError } from '../../errors.ts'
import { type CheckpointFile, reasonOf } from '../checkpoint-file.ts'

/** How far a replay has come in one file. */
export interface ReplayPosition {
  /** Up to where all is acknowledged: the beginning of a line. Unit: bytes. */
  readonly done: number
  /** Whether it has lines that are no entries. */
  readonly hasUnreadable: boolean
}

/** What is acknowledged is saved so late at most; a kill brings it back. Unit: ms. */
const saveIntervalMs = 1000

export class ReplayPositions {
  readonly #file: CheckpointFile
  readonly #positions: () => ReadonlyMap<string, ReplayPosition>
  readonly #warn: (warning: LogwispError) => void
  #timer: NodeJS.Timeout | undefined
  #saving: Promise<void> = Promise.resolve()
  #isWaiting = false
  #isHurried = false
  #isClosed = false

  /** `positions` gives those of the files that are still there, by their stems. `warn`: a save failed, and is tried again. */
  constructor(
    file: CheckpointFile,
    positions: () => ReadonlyMap<string, ReplayPosition>,
    warn: (warning: LogwispError) => void,
  ) {
    this.#file = file
    this.#positions = positions
    this.#warn = warn
  }

  /** Something is to be saved. */
  changed(): void {
    if (this.#isClosed || this.#timer !== undefined || this.#isWaiting) return
    if (this.#isHurried) {
      this.#saveOrWarn()
      return
    }
    this.#timer = setTimeout(() => this.#saveOrWarn(), saveIntervalMs)
    this.#timer.unref()
  }

  /** Nothing more is given: from now on each change is saved at once, and no timer is left. */
  hurry(): void {
    this.#isHurried = true
    if (this.#timer !== undefined) this.#saveOrWarn()
  }

  /**
   * Saves for the last time.
   *
   * @throws LogwispError `CHECKPOINT_FAILED`
   */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#save()
  }

  #saveOrWarn(): void {
    this.#save().catch((error: LogwispError) => {
      this.#warn(error)
      if (!this.#isHurried) this.changed()
    })
  }

  /** One save after the other. */
  async #save(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isWaiting = true
    this.#saving = this.#saving.catch(() => {}).then(() => this.#write())
    await this.#saving
  }

  async #write(): Promise<void> {
    this.#isWaiting = false
    try {
      const positions = Array.from(this.#positions(), ([stem, at]) => `${JSON.stringify(stem)}:${JSON.stringify(at)}`)
      await this.#file.replace(positions)
    } catch (cause) {
      const { path } = this.#file
      const message = `could not save to ${path} how far the replay has come (${reasonOf(cause)}): what it has delivered since the last save comes again; make the directory writable and not full`
      throw new LogwispError('CHECKPOINT_FAILED', message, { cause })
    }
  }
}
