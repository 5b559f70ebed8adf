/** What was written to a queue and is not yet as safe as it is to be, and when that is to be seen to. */

import type { OriginTracker } from '../../origin.ts'
import type { DiskQueueSettings } from './disk-queue-settings.ts'
import { addTaken, type Parcel, type Taken } from './parcels.ts'

/** With `fsync: 'interval'` no more than this is written between two syncs: a cut of power costs no more than it. */
const maxUnsyncedBytes = 16 << 20

export class UnsafeEntries {
  readonly #settings: DiskQueueSettings
  readonly #due: () => void
  #taken = new Map<OriginTracker, Taken>()
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #isSyncDue = false

  /** `due` is called when the time for a sync has come, and {@link isSyncDue} says so. */
  constructor(settings: DiskQueueSettings, due: () => void) {
    this.#settings = settings
    this.#due = due
  }

  /** Whether what was written is to be synced now. */
  get isSyncDue(): boolean {
    return this.#isSyncDue
  }

  /** Whether there is anything to sync. */
  get isUnsynced(): boolean {
    return this.#bytes > 0
  }

  /** Parcels are written, or dropped: what they came from is done once what was written so far is safe. */
  add(parcels: readonly Parcel[], bytes: number): void {
    const { fsync, fsyncIntervalMs } = this.#settings
    for (const { taken } of parcels) for (const each of taken) addTaken(this.#taken, each)
    if (fsync !== 'never') this.#bytes += bytes
    if (this.#bytes === 0) this.#acknowledge()
    else if (fsync === 'interval') {
      if (this.#bytes >= maxUnsyncedBytes) this.#isSyncDue = true
      this.#timer ??= setTimeout(() => {
        this.#isSyncDue = true
        this.#due()
      }, fsyncIntervalMs)
    }
  }

  /** A sync is due, if there is anything to sync. */
  hurry(): void {
    if (this.#bytes > 0) this.#isSyncDue = true
  }

  /** A sync begins. */
  begun(): void {
    this.#isSyncDue = false
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** All of it is synced. */
  synced(): void {
    this.#bytes = 0
    this.#acknowledge()
  }

  /** None of it is acknowledged any more. */
  stop(): void {
    clearTimeout(this.#timer)
  }

  #acknowledge(): void {
    const safe = this.#taken
    this.#taken = new Map()
    for (const { first, origin, entries } of safe.values()) {
      if (entries > 0) origin.tracker.books?.deliver(origin, entries, undefined, first)
      origin.tracker.acknowledge(origin)
    }
  }
}
