/** What somebody sees who looks at a live stream, and connects again whenever it is cut. */

import { EventViewer } from '../trials/event-viewer.ts'
import { Arrivals } from './arrivals.ts'
import type { Stream } from './debts.ts'
import type { JudgedSink } from './judged-sink.ts'

export class ViewerArrivals implements JudgedSink {
  readonly name: string
  readonly owes = false
  readonly dropsRepeats = false
  readonly #arrivals: Arrivals
  readonly #viewer: EventViewer

  constructor(name: string, url: string, streams: readonly Stream[]) {
    this.name = name
    this.#arrivals = new Arrivals(streams)
    this.#viewer = new EventViewer(url, { add: (data) => this.#note(data) })
  }

  get entries(): number {
    return this.#arrivals.entries
  }

  missing(): Promise<number> {
    return Promise.resolve(0)
  }

  has(stream: Stream, id: number): Promise<boolean> {
    return Promise.resolve(this.#arrivals.has(stream, id))
  }

  read(): Promise<Arrivals> {
    return Promise.resolve(this.#arrivals)
  }

  close(): Promise<void> {
    this.#viewer.close()
    return Promise.resolve()
  }

  #note(data: string): void {
    try {
      this.#arrivals.note((JSON.parse(data) as { readonly message: string }).message, undefined)
    } catch {
      this.#arrivals.noteTorn(data)
    }
  }
}
