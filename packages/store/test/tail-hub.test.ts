/** Live tails give every entry once, in the order of storing, or say that they did not. */

import { setImmediate } from 'node:timers/promises'
import type { LogEntry } from '@logwisp/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CommitReader, TailHub } from '../src/internal/tail/tail-hub.ts'
import type { TailItem } from '../src/query-results.ts'
import type { StoredEntry } from '../src/stored-entry.ts'
import { FilledDatabase } from './filled-database.ts'

let database: FilledDatabase
let reader: CommitReader
let hub: TailHub
let time = 1_780_000_000_000

beforeEach(async () => {
  database = await FilledDatabase.open()
  database.commit(entriesOf('before', 3))
  reader = database.commitReader()
  hub = new TailHub(reader)
})

afterEach(async () => {
  hub.close()
  await database.close()
})

function entriesOf(word: string, count: number, more: Partial<LogEntry> = {}): LogEntry[] {
  return Array.from({ length: count }, (_, index) => ({
    time: time++,
    source: 'app',
    message: `${word} ${index}`,
    ...more,
  }))
}

let seq = 1
beforeEach(() => {
  seq = 1
})

/** Stores entries and tells the hub, as the writer does. */
function store(entries: readonly LogEntry[]): StoredEntry[] {
  const stored = database.commit(entries)
  hub.committed(++seq)
  return stored
}

const messagesOf = (item: TailItem | undefined): string[] =>
  item?.kind === 'entries' ? item.entries.map(({ message }) => message) : [`${item?.kind}`]

async function take(tail: AsyncIterableIterator<TailItem>): Promise<TailItem> {
  const { value, done } = await tail.next()
  if (done) throw new Error('the tail ended')
  return value
}

test('a tail gives what is stored after the call, in the order of storing', async () => {
  const tail = hub.tail({})
  const stored = [...store(entriesOf('a', 2)), ...store(entriesOf('earlier', 1, { time: 5 }))]
  const entries: StoredEntry[] = []
  while (entries.length < 3) {
    const item = await take(tail)
    if (item.kind === 'entries') entries.push(...item.entries)
  }
  expect(entries).toEqual(stored)
  await tail.return?.()
})

test('a tail gives what fits its query', async () => {
  const tail = hub.tail({ terms: [{ kind: 'level', levels: ['error'] }] })
  const first = take(tail)
  store(entriesOf('info', 3))
  store(entriesOf('bad', 1, { level: 'error' }))
  expect(messagesOf(await first)).toEqual(['bad 0'])
})

test('a tail goes on after a position, without a gap and without a repeat', async () => {
  const tail = hub.tail({})
  const first = take(tail)
  store(entriesOf('a', 2))
  const { live } = await first
  await tail.return?.()
  store(entriesOf('b', 2))
  const again = hub.tail({}, { after: live })
  expect(messagesOf(await take(again))).toEqual(['b 0', 'b 1'])
  store(entriesOf('c', 1))
  expect(messagesOf(await take(again))).toEqual(['c 0'])
})

test('a tail can begin with all that the store has in the order of storing', async () => {
  const tail = hub.tail({}, { after: '1.1' })
  expect(messagesOf(await take(tail))).toEqual(['before 1', 'before 2'])
})

test('many tails cost one reading', async () => {
  let reads = 0
  const counting = new TailHub({
    ...reader,
    follow: (request) => {
      reads++
      return reader.follow(request)
    },
  })
  const tails = Array.from({ length: 20 }, () => counting.tail({}))
  const items = tails.map(take)
  database.commit(entriesOf('a', 5))
  counting.committed(2)
  for (const item of await Promise.all(items)) expect(messagesOf(item)).toHaveLength(5)
  expect(reads).toBe(1)
  counting.close()
})

test('what is read for all who follow is bounded, and who is behind reads for itself', async () => {
  const slow = hub.tail({}, { maxBehindEntries: Infinity })
  const quick = hub.tail({})
  const first = [take(slow), take(quick)]
  store(entriesOf('first', 1))
  await Promise.all(first)
  let given = 0
  for (let commit = 0; commit < 14; commit++) {
    store(entriesOf(`c${commit}`, 1_000))
    while (given < (commit + 1) * 1_000) given += messagesOf(await take(quick)).length
  }
  expect(hub.ring.countAfter({ seq: 0, index: 0 })).toBe(10_000)
  const messages: string[] = []
  while (messages.length < 14_000) messages.push(...messagesOf(await take(slow)))
  expect(messages).toEqual(
    Array.from({ length: 14_000 }, (_, index) => `c${Math.floor(index / 1_000)} ${index % 1_000}`),
  )
})

test('a tail that is too far behind is told of a gap and taken to the newest', async () => {
  const tail = hub.tail({}, { maxBehindEntries: 10 })
  const first = take(tail)
  store(entriesOf('first', 1))
  await first
  const missed = [...store(entriesOf('a', 8)), ...store(entriesOf('b', 8))]
  const gap = await take(tail)
  expect(gap).toMatchObject({ kind: 'gap', entries: 16, from: missed[0]?.time, to: missed.at(-1)?.time })
  store(entriesOf('c', 1))
  expect(messagesOf(await take(tail))).toEqual(['c 0'])
})

test('a position that is no longer kept is a gap of unknown size; what is kept comes after it', async () => {
  store(entriesOf('a', 1))
  store(entriesOf('b', 1))
  database.db.exec('DELETE FROM commits WHERE seq <= 2')
  const tail = hub.tail({}, { after: '1.0' })
  expect(await take(tail)).toEqual({ kind: 'gap', live: '3.0' })
  expect(messagesOf(await take(tail))).toEqual(['b 0'])
})

test('a position of another store is a gap of unknown size', async () => {
  const tail = hub.tail({}, { after: '900.2' })
  expect(await take(tail)).toEqual({ kind: 'gap', live: '2.0' })
  store(entriesOf('a', 1))
  expect(messagesOf(await take(tail))).toEqual(['a 0'])
})

test.each(['', 'x', '1', '1.', '.1', '-1.0', '1.0 ', "1.0' OR 1=1 --", '1e3.0'])(
  'a text that is no position is refused: %j',
  (after) => {
    expect(() => hub.tail({}, { after })).toThrow(
      expect.objectContaining({ code: after === '' ? 'BAD_OPTION' : 'BAD_QUERY' }),
    )
  },
)

test('a tail ends with its signal, with return, and with the store', async () => {
  const abort = new AbortController()
  const aborted = take(hub.tail({}, { signal: abort.signal }))
  const returned = hub.tail({})
  const waiting = returned.next()
  const closed = hub.tail({}).next()
  await setImmediate()
  abort.abort(new Error('the viewer left'))
  await expect(aborted).rejects.toThrow('the viewer left')
  await returned.return?.()
  expect((await waiting).done).toBe(true)
  hub.close()
  expect((await closed).done).toBe(true)
  expect((await hub.tail({}).next()).done).toBe(true)
})

test('a tail of what another process writes looks for it by itself', async () => {
  const watching = new TailHub(reader, { watch: true })
  const tail = watching.tail({})
  const first = take(tail)
  await setImmediate()
  database.commit(entriesOf('a', 2))
  expect(messagesOf(await first)).toEqual(['a 0', 'a 1'])
  database.commit(entriesOf('b', 1))
  expect(messagesOf(await take(tail))).toEqual(['b 0'])
  watching.close()
})

test('entries that retention has removed are passed over', async () => {
  const tail = hub.tail({}, { after: '1.0' })
  database.removeOldest(2)
  expect(messagesOf(await take(tail))).toEqual(['before 2'])
})
