/** Queries in threads: bounded in number and in time, ended at will, and a thread that dies takes no other with it. */

import type { LogEntry } from '@logwisp/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ReaderLane } from '../src/internal/reader/reader-lane.ts'
import { openReaderPool, type ReaderPool } from '../src/internal/reader/reader-pool.ts'
import type { LogQuery, QueryTerm } from '../src/log-query.ts'
import type { StoredEntry } from '../src/stored-entry.ts'
import { FilledDatabase } from './filled-database.ts'

const moment = 1_780_000_000_000

/** Each is looked for in every entry, and takes long: 2000 characters can each be the beginning. */
const slowTerms = Array.from(
  'abcdefgh',
  (letter): QueryTerm => ({ kind: 'pattern', pattern: `(x+x+)+[${letter}z]$`, not: true }),
)

/** Looks at every entry for long, and nothing fits. */
const slow: LogQuery = { terms: [...slowTerms, { kind: 'pattern', pattern: 'nowhere' }] }

let database: FilledDatabase
let pool: ReaderPool

beforeAll(async () => {
  database = await FilledDatabase.open()
  const entries = Array.from({ length: 4_000 }, (_, n): LogEntry => {
    return { time: moment + n, source: 'app', message: `line ${n} ${'x'.repeat(2_000)}` }
  })
  for (let from = 0; from < entries.length; from += 1_000) database.commit(entries.slice(from, from + 1_000))
  database.index()
  pool = await openReaderPool({ path: database.path, readers: 1, maxWaitingQueries: 2 })
  // So that no test waits for a thread to start.
  await pool.page({}, { limit: 1 })
})

afterAll(async () => {
  await pool.close()
  await database.close()
})

test('a query that takes too long answers with what it found, and goes on from there', async () => {
  const query: LogQuery = {
    terms: [{ kind: 'pattern', pattern: 'line \\d*7 ' }, ...slowTerms],
  }
  const found: StoredEntry[] = []
  let before: string | undefined
  let slices = 0
  do {
    const page = await pool.page(query, { before, limit: 10_000, deadlineMs: 5 })
    if (!page.isComplete) {
      expect(page.older).toBeDefined()
      // What was not looked at yet begins there: behind the oldest entry, once only it was left.
      expect(page.searchedTo).toBeGreaterThanOrEqual(moment - 1)
    }
    found.unshift(...page.entries)
    before = page.older
    slices++
  } while (before !== undefined)
  expect(found.map(({ message }) => Number(message.split(' ')[1]))).toEqual(
    Array.from({ length: 400 }, (_, n) => n * 10 + 7),
  )
  expect(slices).toBeGreaterThan(1)
})

test('a histogram that takes too long says how far it has counted', async () => {
  const histogram = await pool.histogram({ terms: slowTerms }, { deadlineMs: 5 })
  expect(histogram.isComplete).toBe(false)
  const counted = histogram.counts.none ?? 0
  expect(counted).toBeGreaterThan(0)
  expect(counted).toBe(moment + 4_000 - (histogram.countedFrom as number))
})

test('a query ends with its signal while it runs', async () => {
  const abort = new AbortController()
  const asked = pool.page(slow, { deadlineMs: Infinity, signal: abort.signal })
  // It is under way by then: calls are taken in their order.
  await pool.newest()
  abort.abort(new Error('the client left'))
  await expect(asked).rejects.toThrow('the client left')
  // Its thread is free again.
  expect((await pool.page({}, { limit: 1 })).entries).toHaveLength(1)
})

test('a query ends with its signal while it waits, and more do not wait than may', async () => {
  const abort = new AbortController()
  const running = pool.page(slow, { deadlineMs: 100 })
  const waiting = pool.page({}, { limit: 1 })
  const leaving = pool.page({}, { limit: 1, signal: abort.signal })
  await expect(pool.page({}, { limit: 1 })).rejects.toMatchObject({ code: 'STORE_BUSY' })
  abort.abort(new Error('the client left'))
  await expect(leaving).rejects.toThrow('the client left')
  expect((await waiting).entries).toHaveLength(1)
  expect((await running).isComplete).toBe(false)
})

test('queries have turns: a page waits for a slice of a long one, not for all of it', async () => {
  const order: string[] = []
  const long = pool.page(slow, { deadlineMs: 1_000 }).then(() => order.push('long'))
  const short = pool.page({}, { limit: 1 }).then(() => order.push('short'))
  await Promise.all([long, short])
  expect(order).toEqual(['short', 'long'])
})

test('an entry is given by its id', async () => {
  const { entries } = await pool.page({}, { limit: 1 })
  expect(await pool.entry(entries[0]?.id as string)).toEqual(entries[0])
  expect(await pool.entry('0-0')).toBeUndefined()
})

test('what is no query, no place and no option is refused', async () => {
  const refused = (code: string) => expect.objectContaining({ code })
  await expect(pool.page({ terms: [{ kind: 'pattern', pattern: '(' }] })).rejects.toEqual(refused('BAD_QUERY'))
  await expect(pool.page({ from: Number.NaN })).rejects.toEqual(refused('BAD_QUERY'))
  await expect(pool.page({}, { before: "1-0' OR 1=1 --" })).rejects.toEqual(refused('BAD_QUERY'))
  await expect(pool.page({}, { before: '1-0', after: '1-0' })).rejects.toEqual(refused('BAD_QUERY'))
  await expect(pool.page({}, { around: Number.NaN })).rejects.toEqual(refused('BAD_QUERY'))
  await expect(pool.page({}, { limit: 0 })).rejects.toEqual(refused('BAD_OPTION'))
  await expect(pool.page({}, { limit: 10_001 })).rejects.toEqual(refused('BAD_OPTION'))
  await expect(pool.page({}, { order: 'asc' } as object)).rejects.toEqual(refused('BAD_OPTION'))
  await expect(pool.histogram({}, { buckets: 0 })).rejects.toEqual(refused('BAD_OPTION'))
  await expect(pool.completions({ of: 'message' } as never)).rejects.toEqual(refused('BAD_OPTION'))
  await expect(pool.entry('x')).rejects.toEqual(refused('BAD_QUERY'))
  expect(() => pool.scan({ terms: [{ kind: 'level', levels: ['loud' as 'info'] }] })).toThrow(refused('BAD_QUERY'))
})

test('a scan ends with its deadline as an error, for it must not look like all', async () => {
  const scan = pool.scan(slow, { deadlineMs: 5 })
  await expect(scan.next()).rejects.toThrow(expect.objectContaining({ name: 'TimeoutError' }))
})

test('a thread that dies takes its own query with it, and another takes its place', async () => {
  const url = new URL('./fixtures/dying-reader-thread.ts', import.meta.url)
  const lane = new ReaderLane({ path: 'none', threads: 1, maxWaiting: 9, url })
  const dying = lane.call('entry', { ms: 0, turn: 0 })
  const waiting = lane.call('newest', undefined)
  await expect(dying).rejects.toMatchObject({ code: 'STORE_FAILED' })
  expect(await waiting).toEqual({ seq: 42 })
  await lane.close()
  await expect(lane.call('newest', undefined)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
})

test('queries that are unanswered when the pool is closed are told so', async () => {
  const closing = await openReaderPool({ path: database.path, readers: 1, maxWaitingQueries: 2 })
  const asked = [closing.page(slow, { deadlineMs: Infinity }), closing.page({})]
  const closed = expect(Promise.allSettled(asked)).resolves.toEqual(
    asked.map(() => ({ status: 'rejected', reason: expect.objectContaining({ code: 'STORE_CLOSED' }) })),
  )
  await closing.close()
  await closed
  await expect(closing.page({})).rejects.toMatchObject({ code: 'STORE_CLOSED' })
})

test('what is no database of a store is not opened', async () => {
  const other = (path: string) => openReaderPool({ path, readers: 1, maxWaitingQueries: 1 })
  await expect(other('/nowhere/at-all.db')).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await expect(other(import.meta.filename)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
})
