/** What nobody should do to a store, and what must not happen then. */

import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test, vi } from 'vitest'
import { firstSlot, lastSlot } from '../src/internal/entry-id.ts'
import { packSlots } from '../src/internal/packed-slots.ts'
import { bucketSizeMs } from '../src/internal/reader/buckets.ts'
import { unindexedSlots } from '../src/internal/reader/unindexed-slots.ts'
import { schema } from '../src/internal/schema.ts'
import { EntryPacker } from '../src/internal/writer/entry-columns.ts'
import { EntryWriter } from '../src/internal/writer/entry-writer.ts'
import { Sweep } from '../src/internal/writer/sweep.ts'
import { WalCheckpoints } from '../src/internal/writer/wal-checkpoints.ts'
import { openStore } from '../src/open-store.ts'
import { sqliteSink } from '../src/sqlite-sink.ts'
import {
  entryAt,
  integrity,
  messages,
  moment,
  numbered,
  open,
  repeatable,
  temporaryDatabase,
  temporaryDirectory,
} from './store-fixtures.ts'

/** One in memory, to try a part of the writer with. */
function newDatabase(): Database.Database {
  const database = new Database(':memory:')
  onTestFinished(() => {
    vi.restoreAllMocks()
    database.close()
  })
  database.exec(schema)
  return database
}

test('entries whose times are near those of entries of an earlier run stand behind these, in any order', async () => {
  const path = await temporaryDatabase()
  const times = [0, 1, 2, 3, 50, 63, 64, 65, 127, 128, 2, 1, 0, 64, 63].map((ms) => moment - (moment % 128) + ms)
  const expected: { time: number; message: string }[] = []
  for (let run = 0; run < 3; run++) {
    const store = await open(path)
    for (const [index, time] of (run === 1 ? times.toReversed() : times).entries()) {
      const entry = { time, message: `${run}.${index}` }
      await store.append([entryAt(entry.time, entry.message)])
      expected.push(entry)
    }
    await store.close()
  }
  const inOrder = expected.toSorted((a, b) => a.time - b.time).map(({ message }) => message)
  expect(messages(path)).toEqual(inOrder)
  expect(integrity(path)).toEqual([])
})

test('a transaction that fails at its commit leaves no number behind that no commit has', () => {
  const database = newDatabase()
  const writer = new EntryWriter(database)
  const packer = new EntryPacker()
  packer.add(entryAt(moment, 'a'), moment)
  const columns = packer.finish()
  for (let round = 0; round < 2; round++) {
    database.exec('BEGIN')
    writer.write(columns)
    expect(writer.finish()).toEqual([{ seq: 1, entries: 1 }])
    database.exec('ROLLBACK')
    writer.rolledBack()
    expect(writer.lastSeq).toBe(0)
  }
})

test('ids that differ in halves of surrogate pairs only are different ids, in one transaction and after a restart', async () => {
  const path = await temporaryDatabase()
  const ids = ['\ud800:1', '\ud801:1', '\ufffd:1', '\udc00', '\udc01', '\u{10ffff}"\\ud800":1']
  const entries = ids.map((id, at) => repeatable(id, entryAt(moment, `entry ${at}`)))
  const first = await open(path)
  expect(await first.append(entries)).toEqual({ inserted: 6, repeated: 0 })
  expect(await first.append(entries)).toEqual({ inserted: 0, repeated: 6 })
  await first.close()
  const second = await open(path)
  for (const entry of entries) expect(await second.append([entry])).toEqual({ inserted: 0, repeated: 1 })
})

test('an entry that stands behind its full ms is known by its id for as long as it is stored', async () => {
  const path = await temporaryDatabase()
  const store = await open(path, { retention: { maxEntries: 20_000 } })
  const entries = Array.from({ length: 40_000 }, (_, at) => repeatable(`a:${at}`, entryAt(moment, `entry ${at}`)))
  for (let at = 0; at < entries.length; at += 4_000) await store.append(entries.slice(at, at + 4_000))
  while ((await store.stats()).entries > 20_000) await new Promise(setImmediate)
  // All of the spans are looked at once more.
  await store.append(Array.from({ length: 2_000 }, (_, at) => entryAt(moment + 100, `more ${at}`)))
  while ((await store.stats()).entries > 20_000) await new Promise(setImmediate)
  expect(await store.append(entries.slice(-100))).toEqual({ inserted: 0, repeated: 100 })
})

test('a log that a reader holds back is not worked at without end', () => {
  const database = newDatabase()
  let asked = 0
  const checkpoints = new WalCheckpoints({ database, maxBytes: Infinity, ask: () => void asked++ })
  vi.spyOn(database, 'pragma').mockReturnValue([{ busy: 0, log: 2_000, checkpointed: 0 }])
  const now = performance.now()
  expect(checkpoints.need(now)).toBeUndefined()
  checkpoints.done(false)
  expect(checkpoints.need(now)).toBeGreaterThan(0)
  expect(asked).toBe(1)
  expect(checkpoints.need(now + 10_000)).toBeUndefined()
  checkpoints.done(true)
  expect(checkpoints.need(now)).toBeUndefined()
  expect(asked).toBe(3)
})

test('rows of commits from before the words index was turned on go, too', () => {
  const database = newDatabase()
  const insert = database.prepare('INSERT INTO commits VALUES (?, 500000, ?)')
  for (let seq = -2; seq <= 1; seq++) insert.run(seq, Buffer.alloc(0))
  const sweep = new Sweep({ database, neededAfterSeq: () => 1, onSourcesRemoved: () => {} })
  for (let step = 0; step < 10 && sweep.need() !== undefined; step++) sweep.step()
  expect(database.prepare('SELECT seq FROM commits').pluck().all()).toEqual([0, 1])
})

test('who waits for the index is told when the store fails', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  const failed = once(store, 'failed')
  await store.append([entryAt(moment, 'a')])
  const other = new Database(path, { timeout: 5_000 })
  onTestFinished(() => void other.close())
  other.exec('BEGIN IMMEDIATE')
  const indexed = expect(store.indexed()).rejects.toMatchObject({ code: 'STORE_FAILED' })
  other.exec('DROP TABLE words; COMMIT')
  await failed
  await indexed
})

test('queries do without an index that lags far behind, instead of keeping all that it lacks in memory', () => {
  const database = newDatabase()
  const insert = database.prepare('INSERT INTO commits VALUES (?, 500, ?)')
  const slots = (seq: number) => Array.from({ length: 500 }, (_, turn) => ({ ms: moment + seq, turn }))
  database.transaction(() => {
    for (let seq = 1; seq <= 1_001; seq++) insert.run(seq, packSlots(slots(seq)))
  })()
  const range = { first: firstSlot, last: lastSlot }
  expect(unindexedSlots(database, 1, range)?.between(firstSlot, lastSlot)).toHaveLength(500_000)
  expect(unindexedSlots(database, 0, range)).toBeUndefined()
})

test.each(['#', '?mode=memory', '%41', 'a b', 'ä 語 😀', "';--", ':memory:', 'file:x'])(
  'a database may be named %j',
  async (name) => {
    const path = join(await temporaryDirectory(), name)
    const store = await open(path)
    await store.append([entryAt(moment, 'a')])
    expect((await store.page({})).entries).toHaveLength(1)
    await store.backup(`${path}.copy`)
    await store.close()
    expect(messages(path)).toEqual(['a'])
    expect(messages(`${path}.copy`)).toEqual(['a'])
  },
)

test('a path that ends in blanks, which SQLite would cut off, is refused', async () => {
  const path = await temporaryDatabase()
  await expect(openStore(`${path} `)).rejects.toMatchObject({ code: 'BAD_OPTION' })
  expect(() => sqliteSink(`${path}\n`)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})

test('a bucket has a length that is a number, also for one of times on both sides of the epoch', () => {
  expect(bucketSizeMs(-1, 1, 1)).toBe(1_000)
  expect(bucketSizeMs(-8.64e15, 8.64e15, 1)).toBeLessThan(Infinity)
})

test('a database that somebody deleted can not be backed up, which is told, and the store closes all the same', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  // More in the log than the writer works off by itself.
  for (let n = 0; n < 20; n++) await store.append(numbered(5_000, n * 5_000 + 1))
  for (const suffix of ['', '-wal', '-shm']) await rm(path + suffix)
  await expect(store.backup(`${path}.copy`)).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await store.close()
})
