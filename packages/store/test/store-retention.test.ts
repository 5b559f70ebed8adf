/** What is kept: by age, by number, by bytes; and what belonged to entries goes with them. */

import { stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { Store } from '../src/open-store.ts'
import {
  entryAt,
  integrity,
  messages,
  moment,
  numbered,
  open,
  repeatable,
  rows,
  temporaryDatabase,
} from './store-fixtures.ts'

/** Resolves once the store says so: removing goes on beside. */
async function until(store: Store, is: (stats: Awaited<ReturnType<Store['stats']>>) => boolean): Promise<void> {
  while (!is(await store.stats())) await new Promise(setImmediate)
}

test('keeps maxEntries, the newest by their time', async () => {
  const path = await temporaryDatabase()
  const store = await open(path, { retention: { maxEntries: 1_000 } })
  for (let n = 0; n < 5; n++) await store.append(numbered(1_000, n * 1_000 + 1))
  await store.append([entryAt(moment - 1, 'older than all')])
  await until(store, ({ entries }) => entries <= 1_000)
  await store.indexed()
  expect(await store.stats()).toMatchObject({ entries: 1_000, entriesRemoved: { entries: 4_001, age: 0, bytes: 0 } })
  expect((await store.page({ terms: [{ kind: 'word', text: '4000' }] })).entries).toEqual([])
  expect((await store.page({ terms: [{ kind: 'word', text: '4001' }] })).entries).toHaveLength(1)
  expect(await store.checkIntegrity()).toEqual([])
  await store.close()
  expect(messages(path)).toEqual(numbered(1_000, 4_001).map(({ message }) => message))
})

test('removes what is older than maxAgeMs, also what was stored before it was said so', async () => {
  const path = await temporaryDatabase()
  const hour = 3_600_000
  const now = Date.now()
  const first = await open(path)
  await first.append([entryAt(now - 2 * hour, 'too old'), entryAt(now, 'new'), entryAt(now + hour, 'from the future')])
  await first.close()
  const store = await open(path, { retention: { maxAgeMs: hour } })
  await until(store, ({ entries }) => entries === 2)
  await store.append([entryAt(now - hour - 1, 'comes too late'), entryAt(0, 'of 1970')])
  await until(store, ({ entries }) => entries === 2)
  expect((await store.stats()).entriesRemoved).toEqual({ age: 3, entries: 0, bytes: 0 })
  await store.close()
  expect(messages(path)).toEqual(['new', 'from the future'])
  expect(integrity(path)).toEqual([])
})

test('keeps the files within maxBytes, and most of it filled', async () => {
  const path = await temporaryDatabase()
  const maxBytes = 8 << 20
  const store = await open(path, { retention: { maxBytes } })
  let largest = 0
  for (let n = 0; n < 60; n++) {
    const entries = Array.from({ length: 1_000 }, (_, k) =>
      entryAt(moment + n * 1_000 + k, `line ${n * 1_000 + k} ${'word'.repeat((n * 7 + k) % 60)}`, { fields: { n, k } }),
    )
    await store.append(entries)
    largest = Math.max(largest, (await store.stats()).bytes)
  }
  await store.indexed()
  const { bytes, entries, entriesRemoved } = await store.stats()
  expect(entriesRemoved.bytes).toBeGreaterThan(10_000)
  expect(entries).toBe(60_000 - entriesRemoved.bytes)
  // The write-ahead log goes beyond for a moment.
  expect(largest).toBeLessThanOrEqual(maxBytes * 1.25)
  expect(bytes).toBeGreaterThan(maxBytes * 0.5)
  expect(await store.checkIntegrity()).toEqual([])
})

test('a database that has become too large shrinks when it is opened with a smaller maxBytes', async () => {
  const path = await temporaryDatabase()
  const first = await open(path)
  for (let n = 0; n < 10; n++) {
    await first.append(
      Array.from({ length: 1_000 }, (_, k) => entryAt(moment + n * 1_000 + k, `${n} ${k} `.padEnd(800, 'x'))),
    )
  }
  await first.indexed()
  await first.close()
  expect((await stat(path)).size).toBeGreaterThan(8 << 20)
  const store = await open(path, { retention: { maxBytes: 2 << 20 } })
  await until(store, ({ bytes }) => bytes <= 2 << 20)
  expect((await store.stats()).entries).toBeGreaterThan(200)
  expect(await store.checkIntegrity()).toEqual([])
})

test('large entries are removed a few at a time, small ones many, and none that is to be kept', async () => {
  const path = await temporaryDatabase()
  const store = await open(path, { retention: { maxEntries: 10 } })
  const large = 'x'.repeat(1_500_000)
  await store.append(Array.from({ length: 12 }, (_, n) => entryAt(moment + n, large)))
  await until(store, ({ entries }) => entries === 10)
  await store.append(numbered(10, 100))
  await until(store, ({ entries }) => entries === 10)
  await store.close()
  expect(messages(path)).toEqual(numbered(10, 100).map(({ message }) => message))
})

test('an id that comes again after its entry was removed is stored, and its span went with it in the end', async () => {
  const path = await temporaryDatabase()
  const store = await open(path, { retention: { maxEntries: 100 } })
  const lines = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) =>
      repeatable(`file:${from + n}`, entryAt(moment + from + n, `${from + n}`, { source: `source ${from % 7_000}` })),
    )
  for (let from = 0; from < 20_000; from += 100) await store.append(lines(from, 100))
  await until(store, ({ entries }) => entries === 100)
  expect(await store.append(lines(19_950, 50))).toEqual({ inserted: 0, repeated: 50 })
  await store.close()
  // 200 appends made as many spans; 70 sources came.
  expect(rows<{ n: number }>(path, 'SELECT count(*) AS n FROM spans')[0]?.n).toBeLessThan(60)
})

test('sources that no entry has any more go, but an id is never another name', async () => {
  const path = await temporaryDatabase()
  const store = await open(path, { retention: { maxEntries: 500 } })
  const hour = 3_600_000
  for (let n = 0; n < 4_000; n += 500) {
    await store.append(
      Array.from({ length: 500 }, (_, k) =>
        entryAt(moment + (n + k) * hour, `${n + k}`, { source: `source ${n + k}` }),
      ),
    )
    await until(store, ({ entries }) => entries <= 500)
  }
  await store.append([entryAt(moment + 5_000 * hour, 'again', { source: 'source 1' })])
  await store.close()
  const sources = rows<{ id: number; name: string }>(path, 'SELECT id, name FROM sources ORDER BY id')
  expect(sources.length).toBeLessThan(3_000)
  expect(sources.at(-1)).toEqual({ id: 4_001, name: 'source 1' })
  expect(rows(path, 'SELECT count(*) AS n FROM entries WHERE source NOT IN (SELECT id FROM sources)')).toEqual([
    { n: 0 },
  ])
})

test('entries that are removed before they are indexed leave nothing wrong in the index', async () => {
  const path = await temporaryDatabase()
  const store = await open(path, { retention: { maxEntries: 1_000 } })
  // The same places in time again and again: ids of removed entries are given to new ones.
  for (let round = 0; round < 30; round++) {
    const entries = Array.from({ length: 1_500 }, (_, n) => entryAt(moment + n, `round${round} n${n}`))
    await store.append(entries)
  }
  await until(store, ({ entries }) => entries === 1_000)
  await store.indexed()
  expect(await store.checkIntegrity()).toEqual([])
  const found = new Set<string>()
  for await (const entries of store.scan({ terms: [{ kind: 'word', text: 'round29' }] })) {
    for (const { id } of entries) {
      expect(found.has(id)).toBe(false)
      found.add(id)
    }
  }
  await store.close()
  const [stored] = rows<{ n: number }>(path, "SELECT count(*) AS n FROM entries WHERE message LIKE 'round29 %'")
  expect(found.size).toBe(stored?.n)
})
