/** What goes through a disk buffer: read blocks of 64 KiB, each in memory of its own as a source reads it. */

import { Batch, EntryReadable, type Origin, Tracker } from '@logwisp/core'
import { sampleBlock } from '../micro/fixtures.ts'

export interface Blocks {
  /** How many bytes all of them have, about. */
  readonly bytes: number
}

/** The blocks. */
export function* blocks({ bytes }: Blocks): Generator<Buffer> {
  const { bytes: sample } = sampleBlock()
  for (let made = 0; made < bytes; made += sample.length) yield Buffer.from(sample)
}

/** A source of them that can read again, and sees whether all was acknowledged. */
export class BlockSource extends EntryReadable {
  readonly #blocks: Iterator<Buffer>
  readonly #tracker = new Tracker()
  #given = 0

  constructor(from: Blocks) {
    super()
    this.#blocks = blocks(from)
  }

  /** Whether what was given is done. */
  get isAcknowledged(): boolean {
    return this.#tracker.acknowledged?.sequence === this.#given
  }

  protected override pull(): void {
    for (;;) {
      const { value: bytes, done } = this.#blocks.next()
      if (done) return this.finish()
      const base = this.#given
      this.#given += bytes.length
      const at = (start: number, end: number): Origin => ({
        tracker: this.#tracker,
        sequence: base + end,
        id: `app:${base + start}`,
      })
      const origins = { ids: { prefix: 'app:', base }, at }
      const batch = Batch.of({ bytes, source: '/var/log/app.log', time: Date.now(), origins })
      this.took(batch.count)
      if (!this.give(batch)) return
    }
  }
}
