/** Whatever people write or ask, it is text: nothing of it is SQL or the index's own language, and nothing is too many. */

import { expect, test } from 'vitest'
import { timeBudget } from '../src/internal/reader/budget.ts'
import { complete } from '../src/internal/reader/complete.ts'
import { count } from '../src/internal/reader/count.ts'
import { findPage } from '../src/internal/reader/find-page.ts'
import { look } from '../src/internal/reader/look.ts'
import type { SliceReader } from '../src/internal/reader/slices.ts'
import { turnBits } from '../src/internal/schema.ts'
import type { LogQuery, QueryTerm } from '../src/log-query.ts'
import { FilledDatabase } from './filled-database.ts'

const moment = 1_780_000_000_000

function slicesOf({ reader }: FilledDatabase): SliceReader {
  return {
    look: async ({ request, sliceMs }) => look(reader, request, timeBudget(sliceMs)),
    count: async ({ request, sliceMs }) => count(reader, request, timeBudget(sliceMs)),
  }
}

async function messages(database: FilledDatabase, ...terms: QueryTerm[]): Promise<string[]> {
  const query: LogQuery = { terms }
  const { entries, isComplete } = await findPage(slicesOf(database), query, { limit: 1_000, deadlineMs: Infinity })
  expect(isComplete).toBe(true)
  return entries.map(({ message }) => message)
}

const hostile = [
  '" OR 1=1 --',
  "'; DROP TABLE entries; --",
  'NEAR(a b, 5)',
  'a NOT b',
  '^a',
  'text : a',
  '{text} : a',
  'a*',
  '(',
  '"',
  '""',
  'AND OR NOT',
  '\ue000lerror',
  '\ue000s1',
  '\ue000o',
  'x\u0000y',
  '%_\\',
]

test.each(hostile)('as a word, a phrase, a field or a source it is nothing but text: %j', async (text) => {
  const database = FilledDatabase.inMemory()
  const filler = { source: 'app', level: 'error', message: 'a b text' } as const
  database.commit([
    { time: moment, ...filler },
    { time: moment + 1, source: text, message: `it said ${text} then`, fields: { [text]: text, said: text } },
  ])
  for (const isIndexed of [false, true]) {
    if (isIndexed) database.index()
    const written = `it said ${text} then`
    expect(await messages(database, { kind: 'phrase', text: `it said ${text} then` })).toEqual([written])
    expect(await messages(database, { kind: 'field', path: 'said', values: [text] })).toEqual([written])
    expect(await messages(database, { kind: 'field', path: text, values: [] })).toEqual([written])
    expect(await messages(database, { kind: 'source', sources: [text] })).toEqual([written])
    expect(await messages(database, { kind: 'word', text: 'said', prefix: true })).toEqual([written])
  }
  const budget = timeBudget(1_000)
  expect(complete(database.reader, { of: 'source', prefix: text }, budget)).toEqual([{ text }])
  expect(complete(database.reader, { of: 'value', path: 'said', prefix: text }, budget)).toEqual([{ text }])
  expect(complete(database.reader, { of: 'field', prefix: text }, budget)).toEqual([{ text }])
  expect(database.db.prepare('SELECT count(*) FROM entries').pluck().get()).toBe(2)
  await database.close()
})

test('nobody gets the tags of the index by writing them', async () => {
  const database = FilledDatabase.inMemory()
  database.commit([
    { time: moment, source: 'a', message: '\ue000lerror \ue000s2 \ue000o' },
    { time: moment + 1, source: 'b', message: 'said', level: 'error' },
  ])
  database.index()
  expect(await messages(database, { kind: 'level', levels: ['error'] })).toEqual(['said'])
  expect(await messages(database, { kind: 'source', sources: ['b'] })).toEqual(['said'])
  expect(await messages(database, { kind: 'word', text: 'lerror' })).toEqual(['\ue000lerror \ue000s2 \ue000o'])
  await database.close()
})

test('hundreds of thousands of sources: one is found by its name and by the end of its path, and completed', async () => {
  const database = FilledDatabase.inMemory()
  database.db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
    INSERT INTO sources SELECT 1000 + i, '/var/log/host-' || i || '/app-' || i || '.log', 0 FROM n`)
  database.db.exec(
    `INSERT INTO entries SELECT (${moment} + id) << ${turnBits}, 3, id, 'line ' || id, NULL, NULL FROM sources WHERE id % 100 = 0`,
  )
  const page = (source: string) =>
    findPage(
      slicesOf(database),
      { terms: [{ kind: 'source', sources: [source] }] },
      { limit: 10, deadlineMs: Infinity },
    )
  for (const source of ['/var/log/host-299000/app-299000.log', 'app-299000.log']) {
    expect((await page(source)).entries.map(({ message }) => message)).toEqual(['line 300000'])
  }
  const found = complete(database.reader, { of: 'source', prefix: 'app-29900', limit: 3 }, timeBudget(10_000))
  expect(found.map(({ text }) => text)).toEqual([
    '/var/log/host-299000/app-299000.log',
    '/var/log/host-29900/app-29900.log',
    '/var/log/host-299009/app-299009.log',
  ])
  // It ends with its time, not with the names.
  let looks = 0
  const spent = { isSpent: () => ++looks > 10 }
  expect(complete(database.reader, { of: 'source', prefix: 'nowhere' }, spent)).toEqual([])
  expect(looks).toBe(12)
  await database.close()
})

test('a term of a thousand values is answered', async () => {
  const database = FilledDatabase.inMemory()
  database.commit(
    Array.from({ length: 20 }, (_, n) => ({ time: moment + n, source: `s${n}`, message: `${n}`, fields: { n } })),
  )
  database.index()
  const values = Array.from({ length: 5_000 }, (_, n) => String(n + 10))
  expect(await messages(database, { kind: 'field', path: 'n', values })).toHaveLength(10)
  const sources = Array.from({ length: 5_000 }, (_, n) => `s${n + 10}`)
  expect(await messages(database, { kind: 'source', sources })).toHaveLength(10)
  const terms = Array.from({ length: 200 }, (): QueryTerm => ({ kind: 'field', path: 'n', values: ['7'] }))
  expect(await messages(database, ...terms)).toEqual(['7'])
  await database.close()
})

test('words that begin alike are found whether they are few or many', async () => {
  const database = FilledDatabase.inMemory()
  const entries = Array.from({ length: 300 }, (_, n) => ({
    time: moment + n,
    source: 'app',
    message: `many${n} few${n % 200}`,
  }))
  database.commit(entries)
  database.index()
  expect(await messages(database, { kind: 'word', text: 'few', prefix: true })).toHaveLength(300)
  expect(await messages(database, { kind: 'word', text: 'few19', prefix: true })).toHaveLength(12)
  expect(await messages(database, { kind: 'word', text: 'many', prefix: true })).toHaveLength(300)
  expect(await messages(database, { kind: 'word', text: 'none', prefix: true })).toEqual([])
  await database.close()
})

test('a page of large entries ends before its limit, and the next one goes on', async () => {
  const database = FilledDatabase.inMemory()
  const large = 'x'.repeat(3_000_000)
  database.commit(Array.from({ length: 8 }, (_, n) => ({ time: moment + n, source: 'app', message: `${n} ${large}` })))
  const first = await findPage(slicesOf(database), {}, { deadlineMs: Infinity })
  expect(first.isComplete).toBe(true)
  expect(first.entries.map(({ message }) => message[0])).toEqual(['5', '6', '7'])
  const second = await findPage(slicesOf(database), {}, { before: first.older, deadlineMs: Infinity })
  expect(second.entries.map(({ message }) => message[0])).toEqual(['2', '3', '4'])
  await database.close()
})
