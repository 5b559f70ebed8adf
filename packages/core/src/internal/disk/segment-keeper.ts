/** Saves how far the reader's entries were acknowledged, and removes the segments of which all were. */

import type { LogwispError } from '../../errors.ts'
import type { Origin } from '../../origin.ts'
import { type FileSystem, isOutOfSpace } from '../file-system.ts'
import { placeFailed } from './disk-trouble.ts'
import type { ReaderPosition } from './reader-position.ts'
import type { QueuePlace } from './record-format.ts'
import type { PlacedOrigin, ReaderPlace } from './record-origins.ts'
import type { Segment } from './segment.ts'
import type { SyncedMark } from './synced-mark.ts'

/** How often the place is saved: what is acknowledged since then is given again after a crash. */
const saveIntervalMs = 1000

export interface SegmentKeeperOptions {
  readonly fileSystem: FileSystem
  /** The queue's segments in order; it takes off those that are removed. */
  readonly segments: Segment[]
  readonly start: ReaderPlace
  readonly position: ReaderPosition
  readonly mark: SyncedMark
  readonly warn: (warning: LogwispError) => void
  /** Some were removed: there is room. */
  readonly removed: () => void
  readonly failed: (error: unknown) => void
}

export class SegmentKeeper {
  readonly #options: SegmentKeeperOptions
  #acknowledged: Pick<PlacedOrigin, 'sequence' | 'place'>
  /** What nobody will acknowledge, behind what somebody is to. */
  #next: { readonly sequence: number; readonly place: QueuePlace } | undefined
  #isDue = false
  #isFailing = false
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> | undefined

  constructor(options: SegmentKeeperOptions) {
    this.#options = options
    this.#acknowledged = { sequence: options.start.position, place: options.start }
  }

  /** Up to which position all is acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged.sequence
  }

  /** Hears of an acknowledgement that says something new. */
  acknowledge(origin: Origin): void {
    this.#advance(origin as PlacedOrigin)
  }

  /** Everything before a place is done, although it was not acknowledged. */
  pass(place: QueuePlace): void {
    this.#advance({ sequence: place.position, place: { ...place, record: place.position } })
  }

  /** The same, once what is acknowledged has come so far: to where what was given before it ends. */
  passAfter(sequence: number, place: QueuePlace): void {
    if (this.acknowledged >= sequence) this.pass(place)
    else this.#next = { sequence, place }
  }

  #advance(to: Pick<PlacedOrigin, 'sequence' | 'place'>): void {
    if (to.sequence <= this.#acknowledged.sequence || this.#isClosed) return
    this.#acknowledged = to
    const next = this.#next
    if (next !== undefined && next.sequence <= to.sequence) {
      this.#next = undefined
      return this.pass(next.place)
    }
    // What failed is tried again by the clock, not at each acknowledgement.
    if (this.#hasDone() && !this.#isFailing) void this.tidy()
    else this.#timer ??= setTimeout(() => this.#saveByClock(), saveIntervalMs).unref()
  }

  /** Removes what can be; settles when there is nothing left that can. */
  tidy(): Promise<void> {
    this.#working ??= this.#work()
    return this.#working
  }

  /** Saves the place for the last time. */
  async close(): Promise<void> {
    this.#isDue = true
    await this.#working
    await this.tidy()
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #saveByClock(): void {
    this.#timer = undefined
    this.#isDue = true
    void this.tidy()
  }

  #hasDone(): boolean {
    const oldest = this.#options.segments[0]
    return oldest?.isSealed === true && oldest.end.position <= this.#acknowledged.sequence
  }

  async #work(): Promise<void> {
    // So that it is over only after it is known to be under way.
    await undefined
    try {
      while (this.#isDue || this.#hasDone()) {
        this.#isDue = false
        if (!(await this.#save())) break
        await this.#remove()
      }
    } catch (error) {
      this.#options.failed(error)
    } finally {
      this.#working = undefined
    }
  }

  /**
   * Before a segment goes, the place behind it is saved: so one that is missing at the next opening was lost. Only on a
   * full disk it goes all the same, as nothing else makes room: that is noted where no room is needed.
   */
  async #save(): Promise<boolean> {
    const { position, warn } = this.#options
    try {
      await position.save(this.#acknowledged.place)
      this.#isFailing = false
      return true
    } catch (error) {
      if (!this.#isFailing) warn(placeFailed('CHECKPOINT_FAILED', 'the place of the reader was not saved', error))
      this.#isFailing = true
      if (!this.#isClosed) this.#timer ??= setTimeout(() => this.#saveByClock(), saveIntervalMs).unref()
      return isOutOfSpace(error)
    }
  }

  async #remove(): Promise<void> {
    const { segments, fileSystem, removed } = this.#options
    let count = 0
    if (this.#isFailing && this.#hasDone()) await this.#options.mark.noteDone(this.#acknowledged.place)
    for (; this.#hasDone(); count++) {
      const [oldest] = segments as [Segment]
      // Acknowledged since the place was saved: that comes first.
      if (oldest.end.position > (this.#options.position.saved?.position ?? 0) && !this.#isFailing) break
      await fileSystem.rm(oldest.path, { force: true })
      segments.shift()
    }
    if (count > 0) removed()
  }
}
