/** Whatever is asked: what the engine answers is what a filter over all entries, sorted by id, gives. */

import type { LogEntry, LogLevel } from '@logwisp/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareSlots, decodeEntryId, encodeEntryId, type Slot } from '../src/internal/entry-id.ts'
import { count } from '../src/internal/reader/count.ts'
import { countHistogram } from '../src/internal/reader/count-histogram.ts'
import { findPage } from '../src/internal/reader/find-page.ts'
import { intervalEnd } from '../src/internal/reader/interval.ts'
import { look } from '../src/internal/reader/look.ts'
import { scanEntries } from '../src/internal/reader/scan-entries.ts'
import type { SliceReader } from '../src/internal/reader/slices.ts'
import { slotBeyond } from '../src/internal/reader/slot-range.ts'
import { maxOwnSlotMs, maxSlotMs } from '../src/internal/schema.ts'
import type { LogQuery, QueryTerm } from '../src/log-query.ts'
import { queryMatcher } from '../src/query-matcher.ts'
import type { EntryPage } from '../src/query-results.ts'
import { compareEntryIds, type StoredEntry } from '../src/stored-entry.ts'
import { FilledDatabase } from './filled-database.ts'

const levels: readonly (LogLevel | undefined)[] = [undefined, 'trace', 'debug', 'info', 'warn', 'error', 'fatal']
const vocabulary = [
  'server',
  'failed',
  'Zürich',
  'user',
  '42',
  'x',
  'OR',
  'NEAR(',
  '" OR 1=1 --',
  '*',
  '\ue000l5',
  "'; DROP TABLE entries; --",
  'a-b.c',
  '日本',
]

const text = fc.array(fc.constantFrom(...vocabulary), { minLength: 0, maxLength: 4 }).map((words) => words.join(' '))
const source = fc.constantFrom('app', '/var/log/app.log', '/srv/app.log', 'api" OR "', 'stdin')
const fieldValue = fc.oneof(fc.constantFrom<unknown>(42, 42.5, true, null, 'server', '42'), text)
const fields = fc.option(
  fc.record(
    { user: fc.oneof(fc.record({ id: fieldValue }), fieldValue), tags: fc.array(fieldValue, { maxLength: 3 }) },
    { requiredKeys: [] },
  ),
  { nil: undefined },
)
const baseMs = 1_780_000_000_000
const time = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: baseMs, max: baseMs + 40 }) },
  { weight: 3, arbitrary: fc.integer({ min: baseMs - 7_200_000, max: baseMs + 7_200_000 }) },
  fc.constantFrom(0, -1, -0.5, baseMs + 0.25, 8.64e15, -8.64e15, 9e12, -9e12),
)
const entry: fc.Arbitrary<LogEntry> = fc.record({
  time,
  source,
  message: text,
  level: fc.constantFrom(...levels),
  fields,
})

const term: fc.Arbitrary<QueryTerm> = fc
  .record({
    not: fc.boolean(),
    term: fc.oneof(
      fc.record({
        kind: fc.constant('level' as const),
        levels: fc.subarray(['none', 'info', 'warn', 'error', 'fatal'] as const),
      }),
      fc.record({
        kind: fc.constant('source' as const),
        sources: fc.uniqueArray(fc.constantFrom('app', 'app.log', '/var/log/app.log', 'api" OR "', '/'), {
          minLength: 1,
        }),
      }),
      fc.record({
        kind: fc.constant('field' as const),
        path: fc.constantFrom('user', 'user.id', 'tags', 'none'),
        values: fc.subarray(['42', 'server', 'true', '42.50']),
      }),
      fc.record({
        kind: fc.constant('word' as const),
        text: fc.constantFrom('server', 'ser', '42', 'zurich', 'OR', 'x', '日', 'l5'),
        prefix: fc.boolean(),
      }),
      fc.record({ kind: fc.constant('phrase' as const), text: fc.constantFrom(...vocabulary) }),
      fc.record({
        kind: fc.constant('pattern' as const),
        pattern: fc.constantFrom('ser.er', '^x', 'FAIL', '日', '\\d+'),
        ignoreCase: fc.boolean(),
      }),
    ),
  })
  .map(({ not, term }) => ({ ...term, not }))

const query: fc.Arbitrary<LogQuery> = fc.record(
  {
    from: fc.oneof(time, fc.constantFrom(-Infinity, baseMs + 10)),
    to: fc.oneof(time, fc.constantFrom(Infinity, baseMs + 20)),
    terms: fc.array(term, { maxLength: 3 }),
  },
  { requiredKeys: [] },
)

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      entries: fc.array(entry, { minLength: 1, maxLength: 12 }),
      spillMs: fc.constantFrom(0, 0, 0, 3),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('index' as const),
      lag: fc.integer({ min: 0, max: 2 }),
      isToldLate: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('remove' as const), entries: fc.integer({ min: 1, max: 10 }) }),
  },
)

/** A reader without a thread. With `rows`, its slices end after so many entries were looked at. */
function slicesOf(database: FilledDatabase, rows = Infinity): SliceReader {
  const budget = () => {
    let left = rows
    return { isSpent: () => left-- <= 0 }
  }
  return {
    look: async ({ request }) => look(database.reader, request, budget()),
    count: async ({ request }) => count(database.reader, request, budget()),
  }
}

function apply(
  database: FilledDatabase,
  steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[],
): void {
  for (const one of steps) {
    if (one.kind === 'commit') database.commit(one.entries, one)
    else if (one.kind === 'index') database.index(one)
    else database.removeOldest(one.entries)
  }
}

function expected(database: FilledDatabase, asked: LogQuery): StoredEntry[] {
  return database.entries.filter(queryMatcher(asked)).sort((a, b) => compareEntryIds(a.id, b.id))
}

const idsOf = (entries: readonly StoredEntry[]): string[] => entries.map(({ id }) => id)

test('pages in both directions, with any limits, are a filter over all entries', async () => {
  const property = fc.asyncProperty(
    fc.boolean(),
    fc.array(step, { minLength: 1, maxLength: 12 }),
    fc.array(query, { minLength: 1, maxLength: 4 }),
    fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
    fc.constantFrom(0, 3, Infinity),
    async (isIndexed, steps, queries, limits, rows) => {
      const database = FilledDatabase.inMemory({ isIndexed })
      try {
        apply(database, steps)
        const reader = slicesOf(database, rows)
        const limit = (): number => limits.next().value as number
        for (const asked of queries) {
          const wanted = expected(database, asked)
          const newest = await findPage(reader, asked, { limit: 3, deadlineMs: Infinity })
          expect(newest.entries).toEqual(wanted.slice(-3))
          expect(newest.newer).toBeUndefined()
          // A full page does not go on looking for one more in another slice: what is older may turn out to be nothing.
          if (rows === Infinity || wanted.length !== 3) expect(newest.older === undefined).toBe(wanted.length <= 3)

          const backwards = [...newest.entries]
          let { older } = newest
          while (older !== undefined) {
            const page = await findPage(reader, asked, { before: older, limit: limit(), deadlineMs: Infinity })
            backwards.unshift(...page.entries)
            expect(page.isComplete).toBe(true)
            older = page.older
          }
          expect(idsOf(backwards)).toEqual(idsOf(wanted))

          const forwards: StoredEntry[] = []
          let newer: string | undefined = encodeEntryId(-maxSlotMs - 1, 0)
          while (newer !== undefined) {
            const page = await findPage(reader, asked, { after: newer, limit: limit(), deadlineMs: Infinity })
            forwards.push(...page.entries)
            newer = page.newer
          }
          expect(forwards).toEqual(wanted)

          const scanned: StoredEntry[] = []
          const slot = database.newestSlot
          for await (const batch of scanEntries(reader, async () => slot, asked)) scanned.push(...batch)
          expect(scanned).toEqual(wanted)
        }
      } finally {
        await database.close()
      }
    },
  )
  await fc.assert(property, { numRuns: 80, seed: 6 })
})

test('the entries around a place are half before it, half at or after it', async () => {
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 8 }),
    query,
    fc.oneof(time, fc.nat(60)),
    fc.integer({ min: 1, max: 9 }),
    async (steps, asked, place, limit) => {
      const database = FilledDatabase.inMemory()
      try {
        apply(database, steps)
        const wanted = expected(database, asked)
        const all = expected(database, {})
        const middle = place <= 60 && place >= 0 ? all[Math.floor(place) % Math.max(all.length, 1)]?.id : undefined
        const around = middle ?? place
        const isBefore = (entry: StoredEntry): boolean =>
          typeof around === 'string' ? compareEntryIds(entry.id, around) < 0 : slotMs(entry) < clamped(around)
        const before = wanted.filter(isBefore)
        const after = wanted.slice(before.length)
        const page = await findPage(slicesOf(database), asked, { around, limit, deadlineMs: Infinity })
        const half = Math.floor(limit / 2)
        expect(page.entries).toEqual([
          ...before.slice(Math.max(0, before.length - half)),
          ...after.slice(0, limit - half),
        ])
        expect(page.older === undefined).toBe(before.length <= half)
        expect(page.newer === undefined).toBe(after.length <= limit - half)
      } finally {
        await database.close()
      }
    },
  )
  await fc.assert(property, { numRuns: 60, seed: 6 })
})

function slotMs({ id }: StoredEntry): number {
  return Number.parseInt(id, 36)
}

function clamped(time: number): number {
  return Math.min(Math.max(Math.ceil(time), -maxOwnSlotMs - 1), maxOwnSlotMs + 1)
}

test('a histogram counts what fits, by level, in whole buckets', async () => {
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 8 }),
    query,
    fc.integer({ min: 2, max: 200 }),
    fc.constantFrom(0, 3, Infinity),
    async (steps, asked, buckets, rows) => {
      const database = FilledDatabase.inMemory()
      try {
        apply(database, steps)
        const histogram = await countHistogram(slicesOf(database, rows), asked, { buckets, deadlineMs: Infinity })
        const { bucketMs, from, to } = histogram
        const counts = new Map<number, Record<string, number>>()
        for (const { time: at, level = 'none' } of expected(database, asked)) {
          const bucket = Math.floor(at / bucketMs) * bucketMs
          const sums = counts.get(bucket) ?? {}
          counts.set(bucket, { ...sums, [level]: (sums[level] ?? 0) + 1 })
        }
        expect(histogram.isComplete).toBe(true)
        expect(new Map(histogram.buckets.map(({ time: at, counts: sums }) => [at, sums]))).toEqual(counts)
        const times = histogram.buckets.map(({ time: at }) => at)
        expect(times).toEqual([...times].sort((a, b) => a - b))
        expect(Math.abs(from % bucketMs) + Math.abs(to % bucketMs)).toBe(0)
        expect((to - from) / bucketMs).toBeLessThanOrEqual(buckets)
        for (const at of times) expect(at >= from && at < to).toBe(true)
      } finally {
        await database.close()
      }
    },
  )
  await fc.assert(property, { numRuns: 80, seed: 6 })
})

test('many entries that the index does not have yet, between many that it has, are found in order', async () => {
  const database = FilledDatabase.inMemory()
  const entries = Array.from({ length: 24_000 }, (_, n) => {
    return { time: baseMs + n, source: 'app', message: `line ${n}${n % 3 === 0 ? ' third' : ''}` }
  })
  database.commit(entries.filter((_, n) => n % 4 !== 0))
  database.index()
  // A quarter of them, so that they are looked up one by one, and more than are looked up at a time.
  database.commit(entries.filter((_, n) => n % 4 === 0))
  const asked: LogQuery = { terms: [{ kind: 'word', text: 'third' }] }
  const backwards: StoredEntry[] = []
  let older: string | undefined
  do {
    const page = await findPage(slicesOf(database), asked, { before: older, limit: 3_000, deadlineMs: Infinity })
    backwards.unshift(...page.entries)
    older = page.older
  } while (older !== undefined)
  expect(backwards.map(({ message }) => message)).toEqual(
    Array.from({ length: 8_000 }, (_, n) => `line ${n * 3} third`),
  )
  await database.close()
})

test('a range is cut into pieces of so many entries at most, however close they stand', async () => {
  const times = fc.array(
    fc.oneof(fc.integer({ min: baseMs, max: baseMs + 3 }), fc.integer({ min: baseMs, max: baseMs + 9_000_000 })),
    { minLength: 1, maxLength: 60 },
  )
  const property = fc.asyncProperty(
    times,
    fc.integer({ min: 1, max: 9 }),
    fc.constantFrom('older' as const, 'newer' as const),
    async (all, most, direction) => {
      const database = FilledDatabase.inMemory()
      database.commit(all.map((at) => ({ time: at, source: 'app', message: '' })))
      const sign = direction === 'older' ? -1 : 1
      const first = { ms: baseMs - 1, turn: 0 }
      const last = { ms: baseMs + 9_000_001, turn: 0 }
      const [start, end] = direction === 'older' ? [last, first] : [first, last]
      let found = 0
      for (let at = start; ; ) {
        const pieceEnd = intervalEnd(database.db, at, end, direction, most)
        expect(compareSlots(pieceEnd, at) * sign).toBeGreaterThanOrEqual(0)
        expect(compareSlots(pieceEnd, end) * sign).toBeLessThanOrEqual(0)
        const inPiece = database.entries.filter((stored) => {
          const slot = decodeEntryId(stored.id) as Slot
          return compareSlots(slot, at) * sign >= 0 && compareSlots(slot, pieceEnd) * sign <= 0
        })
        expect(inPiece.length).toBeLessThanOrEqual(most)
        found += inPiece.length
        if (compareSlots(pieceEnd, end) === 0) break
        at = slotBeyond(pieceEnd, direction)
      }
      expect(found).toBe(all.length)
      await database.close()
    },
  )
  await fc.assert(property, { numRuns: 100, seed: 6 })
})

test('pages go on while the index catches up and retention removes: what stays is found once', async () => {
  const meanwhile = fc.oneof(
    fc.record({ kind: fc.constant('index' as const), lag: fc.integer({ min: 0, max: 2 }), isToldLate: fc.boolean() }),
    fc.record({ kind: fc.constant('remove' as const), entries: fc.integer({ min: 1, max: 4 }) }),
  )
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 3, maxLength: 10 }),
    query,
    fc.infiniteStream(meanwhile),
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom('before' as const, 'after' as const),
    async (steps, asked, changes, limit, way) => {
      const database = FilledDatabase.inMemory()
      apply(database, steps)
      const initially = idsOf(expected(database, asked))
      const found: string[] = []
      let place: string | undefined = encodeEntryId((way === 'before' ? 1 : -1) * (maxSlotMs + 1), 0)
      while (place !== undefined) {
        const page: EntryPage = await findPage(slicesOf(database), asked, { [way]: place, limit, deadlineMs: Infinity })
        if (way === 'before') found.unshift(...idsOf(page.entries))
        else found.push(...idsOf(page.entries))
        place = way === 'before' ? page.older : page.newer
        apply(database, [changes.next().value])
      }
      expect(found).toEqual([...new Set(found)].sort(compareEntryIds))
      expect(initially).toEqual(expect.arrayContaining(found))
      expect(found).toEqual(expect.arrayContaining(idsOf(expected(database, asked))))
      await database.close()
    },
  )
  await fc.assert(property, { numRuns: 60, seed: 6 })
})
