/** What is stored is what was appended: in order, once, whatever its time, its size and its fields. */

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type LogEntry, LogwispError, parseExact } from '@logwisp/core'
import { checkOptionErrors } from '@logwisp/core/testing'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { maxOwnSlotMs, maxSlotMs } from '../src/internal/schema.ts'
import { storeSettings } from '../src/internal/store-settings.ts'
import type { LogQuery } from '../src/log-query.ts'
import { openStore, type Store } from '../src/open-store.ts'
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

async function stored(store: Store, query: LogQuery = {}): Promise<LogEntry[]> {
  const all: LogEntry[] = []
  for await (const entries of store.scan(query)) for (const { id: _id, ...entry } of entries) all.push(entry)
  return all
}

test('gives back what was appended, ordered by time, and within a ms by arrival', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  const late = entryAt(moment - 5_000, 'late', { level: 'warn', fields: { user: { id: 42 }, tags: ['a', null, true] } })
  expect(await store.append([entryAt(moment, 'b'), entryAt(moment, 'c'), entryAt(moment - 1, 'a')])).toEqual({
    inserted: 3,
    repeated: 0,
  })
  await store.append([entryAt(moment, 'd'), late, entryAt(moment, '')])
  expect((await stored(store)).map(({ message }) => message)).toEqual(['late', 'a', 'b', 'c', 'd', ''])
  expect((await stored(store))[0]).toEqual(late)
  expect(await store.stats()).toMatchObject({
    entries: 6,
    oldestTime: moment - 5_000,
    newestTime: moment,
    entriesInserted: 6,
  })
  await store.close()
  expect(integrity(path)).toEqual([])
})

test('an append is all or nothing, waits for no other, and an empty one does nothing', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  expect(await store.append([])).toEqual({ inserted: 0, repeated: 0 })
  await expect(store.append([entryAt(moment, 'good'), { message: 'no time' } as never])).rejects.toMatchObject({
    code: 'NOT_AN_ENTRY',
  })
  const many = await Promise.all(numbered(300).map((entry) => store.append([entry])))
  expect(many.every(({ inserted }) => inserted === 1)).toBe(true)
  await store.close()
  expect(messages(path)).toEqual(numbered(300).map(({ message }) => message))
  await expect(store.append(numbered(1))).rejects.toMatchObject({ code: 'STORE_CLOSED' })
})

test('close commits what was handed over, also what was held back by maxWaitingBytes', async () => {
  const path = await temporaryDatabase()
  const store = await open(path, { maxWaitingBytes: 2_000 })
  const appends = Array.from({ length: 50 }, (_, n) => store.append(numbered(10, n * 10 + 1)))
  expect((await Promise.all([store.close(), ...appends])).slice(1)).toEqual(
    appends.map(() => ({ inserted: 10, repeated: 0 })),
  )
  expect(messages(path)).toEqual(numbered(500).map(({ message }) => message))
})

test('maxWaitingBytes: what is beyond it is handed over only as what was before it is committed', async () => {
  const path = await temporaryDatabase()
  const store = await open(path, { maxWaitingBytes: 3_000 })
  const other = new Database(path)
  onTestFinished(() => void other.close())
  other.exec('BEGIN IMMEDIATE')
  let ended = 0
  const appends = Array.from({ length: 20 }, (_, n) => store.append(numbered(10, n * 10 + 1)).then(() => ended++))
  expect((await store.stats()).entriesWaiting).toBe(200)
  expect(ended).toBe(0)
  other.exec('COMMIT')
  await Promise.all(appends)
  expect(await store.stats()).toMatchObject({ entries: 200, entriesWaiting: 0 })
})

test('an id that is stored is left out: within an append, in a later one, and after the store was opened anew', async () => {
  const path = await temporaryDatabase()
  const first = await open(path)
  const line = (place: number, text = `${place}`): LogEntry =>
    repeatable(`file-a1:${place}`, entryAt(moment + place, text))
  expect(await first.append([line(0), line(10), line(10, 'again'), line(25)])).toEqual({ inserted: 3, repeated: 1 })
  expect(await first.append([line(10, 'again'), line(12), line(40)])).toEqual({ inserted: 2, repeated: 1 })
  await first.close()
  const store = await open(path)
  expect(await store.append([0, 10, 12, 25, 40, 41].map((place) => line(place)))).toEqual({ inserted: 1, repeated: 5 })
  expect(await store.stats()).toMatchObject({ entriesInserted: 1, entriesRepeated: 5, entries: 6 })
  await store.close()
  expect(messages(path)).toEqual(['0', '10', '12', '25', '40', '41'])
})

test('ids that look alike are not the same', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  const ids = ['a:1', 'a:01', 'a:', 'a', 'a:1:1', 'b:1', ':1', 'a: 1', 'a:-1', 'a:1.0', 'a:999999999999999', '']
  const entries = [...ids, 'a:9999999999999999', 'a:10000000000000000', 'é:1'].map((id) =>
    repeatable(id, entryAt(moment, id)),
  )
  expect(await store.append(entries)).toEqual({ inserted: entries.length, repeated: 0 })
  expect(await store.append(entries)).toEqual({ inserted: 0, repeated: entries.length })
})

test('repeats are found in any order, with gaps of any size, among many streams', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  const ids = new Set<string>()
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed % below
  }
  let inserted = 0
  for (let round = 0; round < 40; round++) {
    const entries = Array.from({ length: 100 }, () => {
      const id = `s${random(5)}:${random(3) === 0 ? random(1e12) : random(2_000)}`
      return repeatable(id, entryAt(moment + random(1_000), id))
    })
    for (const { origin } of entries) ids.add(origin?.id as string)
    inserted += (await store.append(entries)).inserted
    expect(inserted).toBe(ids.size)
  }
  await store.close()
  expect(messages(path).toSorted()).toEqual([...ids].toSorted())
})

test('a time that no date can hold becomes the time of storing; others are kept to the digit', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  const year9999 = Date.parse('9999-12-31T23:59:59.999Z')
  const kept = [
    year9999,
    8.64e15,
    -8.64e15,
    0,
    -1,
    -1.5,
    1.25,
    moment + 0.123,
    maxOwnSlotMs,
    maxOwnSlotMs + 1,
    -maxSlotMs,
  ]
  const odd = [Number.NaN, Infinity, -Infinity, 9e15]
  const before = Date.now()
  await store.append([...kept, ...odd].map((time) => entryAt(time, String(time))))
  const after = Date.now()
  const found = new Map((await stored(store)).map(({ time, message }) => [message, time]))
  for (const time of kept) expect(found.get(String(time))).toBe(time)
  for (const time of odd) {
    expect(found.get(String(time))).toBeGreaterThanOrEqual(before)
    expect(found.get(String(time))).toBeLessThanOrEqual(after)
  }
  // One entry of the year 9999 does not widen the range that a query has to look at.
  await store.close()
  expect(rows(path, "SELECT value FROM facts WHERE name = 'maxSpillMs'")).toEqual([])
  expect(integrity(path)).toEqual([])
})

test('a clock that was set back changes nothing but where entries stand', async () => {
  const path = await temporaryDatabase()
  const store = await open(path, { retention: { maxAgeMs: 3_600_000 } })
  const now = Date.now()
  await store.append([entryAt(now + 7_200_000, 'from before the clock was set back')])
  await store.append([entryAt(now, 'after')])
  expect((await stored(store)).map(({ message }) => message)).toEqual(['after', 'from before the clock was set back'])
})

test('10 MB messages, 10 MB fields and deep fields are stored, and found', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  let deep: Record<string, unknown> = { end: 'bottom' }
  for (let depth = 0; depth < 200; depth++) deep = { deep }
  const long = 'needle '.repeat(1_500_000)
  await store.append([
    entryAt(moment, long),
    entryAt(moment + 1, 'fields', { fields: { long } }),
    entryAt(moment + 2, 'deep', { fields: deep }),
    entryAt(moment + 3, 'odd', {
      fields: { big: parseExact('12345678901234567890123'), 'a.b': '\0', '"; DROP TABLE': 1 },
    }),
    entryAt(moment + 4, 'nul \0 and \ud800 lone', { source: '' }),
    entryAt(moment + 5, 'nothing', { fields: {} }),
  ])
  await store.indexed()
  const all = await stored(store)
  expect(all.map(({ message }) => message.length)).toEqual([long.length, 6, 4, 3, 16, 7])
  expect(all[1]?.fields?.['long']).toBe(long)
  expect(JSON.stringify(all[2]?.fields)).toContain('[too deep]')
  expect(all[3]?.fields).toEqual({ big: 12345678901234567890123n, 'a.b': '\0', '"; DROP TABLE': 1 })
  expect(all[4]?.message).toBe('nul \0 and \ufffd lone')
  expect(all[5]?.fields).toBeUndefined()
  const found = await stored(store, { terms: [{ kind: 'word', text: 'needle' }] })
  expect(found.map(({ message }) => message.length)).toEqual([long.length, 6])
  await store.close()
  expect(integrity(path)).toEqual([])
})

test('many distinct sources and ids are kept apart in bounded memory', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  // More than are known at a time.
  const many = 40_000
  for (let from = 0; from < many; from += 10_000) {
    await store.append(
      Array.from({ length: 10_000 }, (_, n) =>
        repeatable(`id-${from + n}-x`, entryAt(moment + n, `m${from + n}`, { source: `source ${from + n}` })),
      ),
    )
  }
  expect(await store.append([repeatable('id-5-x', entryAt(moment, 'again', { source: 'source 5' }))])).toEqual({
    inserted: 0,
    repeated: 1,
  })
  await store.append([entryAt(moment, 'new', { source: 'source 5' })])
  await store.close()
  expect(rows(path, 'SELECT count(*) AS n FROM sources')).toEqual([{ n: many }])
  expect(
    rows(
      path,
      "SELECT message FROM entries JOIN sources ON sources.id = source WHERE name = 'source 5' ORDER BY message",
    ),
  ).toEqual([{ message: 'm5' }, { message: 'new' }])
})

test('the directory is made; what is no database of ours, or newer, is refused and left as it is', async () => {
  const path = `${await temporaryDatabase()}/deep/er/logs.db`
  await (await open(path)).close()
  const refused = async (name: string, code: string, message: RegExp): Promise<void> => {
    const error = await openStore(`${dirname(path)}/${name}`).catch((error) => error)
    expect(error).toBeInstanceOf(LogwispError)
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  }
  await writeFile(`${dirname(path)}/text`, 'no database, but a text that is long enough to be one. '.repeat(100))
  await refused('text', 'STORE_CORRUPT', /text is no database/)
  const other = new Database(`${dirname(path)}/other.db`)
  other.exec('CREATE TABLE bookmarks (url)')
  other.close()
  await refused('other.db', 'STORE_CORRUPT', /another program/)
  expect(rows(`${dirname(path)}/other.db`, 'SELECT name FROM sqlite_schema')).toEqual([{ name: 'bookmarks' }])
  await (await open(`${dirname(path)}/newer.db`)).close()
  const newer = new Database(`${dirname(path)}/newer.db`)
  newer.pragma('user_version = 99')
  newer.close()
  await refused('newer.db', 'STORE_NEWER', /later version \(99/)
  await mkdir(`${dirname(path)}/directory`)
  await refused('directory', 'STORE_FAILED', /could not be opened/)
})

test('a second writer is refused, of this process or another; one that only reads is not', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  await expect(openStore(path)).rejects.toMatchObject({
    code: 'FILE_IN_USE',
    message: expect.stringContaining('readOnly'),
  })
  const reading = await open(path, { readOnly: true })
  await store.append(numbered(3))
  expect(await stored(reading)).toEqual(numbered(3))
  expect(await reading.stats()).toMatchObject({ entries: 3, entriesInserted: 0 })
  await expect(reading.append(numbered(1))).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await reading.close()
  await store.close()
  await (await open(path)).close()
})

test('refuses bad options, each by name', async () => {
  checkOptionErrors((options) => storeSettings('openStore', options), {
    readOnly: ['yes'],
    retention: [5],
    fullText: [1],
    safeAfter: ['never'],
    readers: [0, 1.5, 65],
    maxWaitingQueries: [-1, 1.5],
    maxWaitingBytes: [0, '1'],
  })
  for (const retention of [{ maxAgeMs: 999 }, { maxEntries: 0 }, { maxBytes: 1_000 }, { maxRows: 5 }]) {
    const [name] = Object.keys(retention)
    expect(() => storeSettings('openStore', { retention } as never)).toThrow(`\`${name}\``)
  }
  expect(() => storeSettings('openStore', { readOnly: true, retention: {} })).toThrow('no meaning')
  await expect(openStore('')).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

test('full text is turned off and on again: everything is found each time', async () => {
  const path = await temporaryDatabase()
  const find = async (store: Store, text: string): Promise<number> =>
    (await stored(store, { terms: [{ kind: 'word', text }] })).length
  for (const [round, fullText] of [true, false, true, true, false].entries()) {
    const store = await open(path, { fullText })
    await store.append(numbered(700, round * 700 + 1))
    expect(await find(store, 'line')).toBe((round + 1) * 700)
    expect((await store.stats()).entriesUnindexed > 0 || fullText).toBe(true)
    await store.indexed()
    expect((await store.stats()).entriesUnindexed).toBe(fullText ? 0 : (round + 1) * 700)
    for (const text of ['1', `${round * 700 + 1}`]) expect(await find(store, text)).toBe(1)
    expect(await store.checkIntegrity()).toEqual([])
    await store.close()
    const [{ n } = { n: -1 }] = rows<{ n: number }>(path, "SELECT count(*) AS n FROM words('line')")
    expect(n).toBe(fullText ? (round + 1) * 700 : 0)
  }
})
