/** Entries into the store: by calls of `append`, or through a pipeline into the sink. */

import { pipeline } from 'node:stream/promises'
import { EntryReadable } from '@logwisp/core'
import { openStore, type Store, type StoreOptions, sqliteSink } from '@logwisp/store'
import { measured } from '../harness/measured.ts'
import { databaseBytes } from '../store/database-bytes.ts'
import { storeEntries } from '../store/store-entries.ts'

interface Task {
  readonly path: string
  readonly entries: number
  readonly way: 'append' | 'pipeline'
  readonly options: StoreOptions
}

/** A call has so many, and so many calls are on their way. */
const perCall = 1000
const calls = 8

class Entries extends EntryReadable {
  readonly #entryOf: ReturnType<typeof storeEntries>
  readonly #count: number
  #next = 0

  constructor(count: number) {
    super()
    this.#entryOf = storeEntries(count)
    this.#count = count
  }

  protected override pull(): void {
    while (this.#next < this.#count && this.give(this.#entryOf(this.#next++)));
    if (this.#next === this.#count) this.finish()
  }
}

async function appendAll(store: Store, count: number): Promise<void> {
  const entryOf = storeEntries(count)
  let next = 0
  const call = async (): Promise<void> => {
    while (next < count) {
      const from = next
      next = Math.min(next + perCall, count)
      await store.append(Array.from({ length: next - from }, (_, place) => entryOf(from + place)))
    }
  }
  await Promise.all(Array.from({ length: calls }, call))
}

await measured(async ({ path, entries, way, options }: Task) => {
  const startedMs = performance.now()
  const store = await openStore(path, options)
  if (way === 'append') await appendAll(store, entries)
  else await pipeline(new Entries(entries), sqliteSink(store))
  const ms = performance.now() - startedMs
  await store.indexed()
  const indexedMs = performance.now() - startedMs
  const { entries: stored } = await store.stats()
  await store.close()
  if (stored !== entries) throw new Error(`${entries} were given, ${stored} are stored`)
  return { ms, indexedMs, bytes: databaseBytes(path) }
})
