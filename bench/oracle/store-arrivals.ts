/** The entries in a store, seen by another process than the one that writes it. */

import { existsSync } from 'node:fs'
import { openStore, parseQuery, type Store } from '@logwisp/store'
import { Arrivals } from './arrivals.ts'
import type { Stream } from './debts.ts'
import type { JudgedSink } from './judged-sink.ts'

export class StoreArrivals implements JudgedSink {
  readonly name: string
  readonly owes = true
  readonly dropsRepeats = true
  readonly #path: string
  readonly #streams: readonly Stream[]
  #store: Store | undefined
  #entries = 0

  constructor(name: string, path: string, streams: readonly Stream[]) {
    this.name = name
    this.#path = path
    this.#streams = streams
  }

  get entries(): number {
    return this.#entries
  }

  async missing(): Promise<number> {
    const store = await this.#opened()
    const owed = this.#streams.reduce((sum, stream) => sum + stream.owed, 0)
    const { entries = 0 } = (await store?.stats().catch(() => undefined)) ?? {}
    this.#entries = entries
    return Math.max(0, owed - entries)
  }

  async has(stream: Stream, id: number): Promise<boolean> {
    const store = await this.#opened()
    const { terms } = parseQuery(`"fuzz ${stream.number} ${id}"`)
    const page = await store?.page({ terms }, { limit: 1 })
    return (page?.entries.length ?? 0) > 0
  }

  async read(): Promise<Arrivals> {
    await this.#store?.close()
    this.#store = undefined
    const arrivals = new Arrivals(this.#streams)
    const store = await openStore(this.#path, { readOnly: true })
    for (const problem of await store.checkIntegrity()) arrivals.noteTorn(`the database: ${problem}`)
    for await (const entries of store.scan({})) for (const { message } of entries) arrivals.note(message, undefined)
    await store.close()
    return arrivals
  }

  async close(): Promise<void> {
    await this.#store?.close()
  }

  async #opened(): Promise<Store | undefined> {
    if (this.#store === undefined && existsSync(this.#path)) {
      // Nothing is there until who writes has made it.
      this.#store = await openStore(this.#path, { readOnly: true }).catch(() => undefined)
    }
    return this.#store
  }
}
