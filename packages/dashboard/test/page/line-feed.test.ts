/** The lines of a query over the real API: what is loaded, what comes, and that the two meet without a gap. */

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogEntry } from '@logwisp/core'
import { type Dashboard, dashboard } from '@logwisp/dashboard'
import { openStore, type Store } from '@logwisp/store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ApiClient, apiClient } from '../../page/data/api-client.ts'
import { type FeedState, type LineFeed, type LineFeedOptions, lineFeed } from '../../page/data/line-feed.ts'

const start = Date.UTC(2026, 5, 26)

let directory: string
let store: Store
let server: Dashboard
let client: ApiClient
let feed: LineFeed
let stored: number

beforeEach(async () => {
  stored = 0
  directory = await mkdtemp(join(tmpdir(), 'logwisp-feed-'))
  store = await openStore(join(directory, 'logs.db'), { safeAfter: 'commit' })
  server = dashboard(store, { port: 0 })
  await once(server, 'listening')
  client = apiClient(`http://127.0.0.1:${(server.address as AddressInfo).port}/api/`)
})
afterEach(async () => {
  feed.close()
  await server.close()
  await store.close()
  await rm(directory, { recursive: true })
})

function nextEntries(count: number): LogEntry[] {
  return Array.from({ length: count }, () => {
    const entry = { time: start + stored, source: 'app.log', message: `line ${stored}` }
    stored++
    return entry
  })
}

function open(options: Partial<LineFeedOptions> = {}): LineFeed {
  feed = lineFeed({
    client,
    query: { query: '' },
    follow: true,
    pageEntries: 20,
    schedule: queueMicrotask,
    ...options,
  })
  return feed
}

function until(condition: (state: FeedState) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!condition(feed.state)) return
      end()
      resolve()
    }
    const end = feed.subscribe(look)
    look()
  })
}

const isLive = ({ live, phase }: FeedState): boolean => phase === 'ready' && live === 'live'
const last = (): string | undefined => {
  const row = feed.lines.row(feed.lines.length - 1)
  return row?.kind === 'entry' ? row.entry.message : undefined
}

function texts(): string[] {
  return Array.from({ length: feed.lines.length }, (_, index) => {
    const row = feed.lines.row(index)
    return row?.kind === 'entry' ? row.entry.message : 'a gap'
  })
}

const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index}`)

type Choice = Parameters<ApiClient['page']>[1]

/** A client whose pages, of newer entries or those that are named, wait until they are let go, after they were looked up. */
function withGate(isGated = ({ after }: Choice): boolean => after !== undefined): {
  client: ApiClient
  lookedUp: Promise<void>
  letGo: () => void
} {
  let letGo = (): void => {}
  let tell = (): void => {}
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const lookedUp = new Promise<void>((resolve) => {
    tell = resolve
  })
  const gated: ApiClient = {
    ...client,
    async page(query, choice, signal) {
      const page = await client.page(query, choice, signal)
      if (isGated(choice)) {
        tell()
        await gate
      }
      return page
    },
  }
  return { client: gated, lookedUp, letGo }
}

test('begins with the newest, goes on with what is stored, and reaches the oldest', async () => {
  await store.append(nextEntries(70))
  open()
  await until(isLive)
  expect(texts()).toEqual(range(50, 70))
  await store.append(nextEntries(5))
  await until(() => last() === 'line 74')
  feed.want('older')
  await until(({ search }) => search === undefined && feed.lines.length > 25)
  feed.want('older')
  await until(({ isAtStart }) => isAtStart)
  expect(texts()).toEqual(range(0, 75))
})

test('of an empty store shows the first line as it comes', async () => {
  open()
  await until(isLive)
  expect(feed.state).toMatchObject({ isAtStart: true, isAtEnd: true })
  await store.append(nextEntries(1))
  await until(() => last() === 'line 0')
})

test('counts what comes while nobody follows, and shows it all the same where it belongs', async () => {
  await store.append(nextEntries(30))
  open({ follow: false })
  await until(isLive)
  await store.append(nextEntries(3))
  await until(({ newLines }) => newLines === 3)
  expect(last()).toBe('line 32')
  feed.setFollow(true)
  await until(({ newLines }) => newLines === 0)
})

test('drops the oldest while it follows, and loads them again', async () => {
  await store.append(nextEntries(10))
  open({ window: { maxEntries: 40, blockEntries: 8 } })
  await until(({ isAtStart, live }) => isAtStart && live === 'live')
  for (let round = 0; round < 10; round++) {
    await store.append(nextEntries(10))
    await until(() => last() === `line ${stored - 1}`)
    expect(feed.lines.entries).toBeLessThanOrEqual(40)
  }
  expect(feed.state.isAtStart).toBe(false)
  expect(texts()).toEqual(range(stored - feed.lines.entries, stored))
  feed.setFollow(false)
  feed.want('older')
  await until(({ isAtEnd }) => !isAtEnd)
  expect(feed.lines.entries).toBeLessThanOrEqual(40)
  const first = Number(texts()[0]?.slice(5))
  expect(texts()).toEqual(range(first, first + feed.lines.entries))
})

test('that holds all it may keeps what is looked at, and reads on to what came meanwhile', async () => {
  await store.append(nextEntries(30))
  open({ follow: false, window: { maxEntries: 40, blockEntries: 8 }, pageEntries: 30 })
  await until(isLive)
  for (let round = 0; round < 3; round++) await store.append(nextEntries(10))
  await until(({ newLines }) => newLines === 30)
  expect(feed.state.isAtEnd).toBe(false)
  expect(texts()[0]).toBe('line 0')
  while (!feed.state.isAtEnd) {
    feed.want('newer')
    await until(({ search }) => search === undefined)
  }
  expect(texts()).toEqual(range(stored - feed.lines.entries, stored))
  await store.append(nextEntries(2))
  await until(() => last() === `line ${stored - 1}`)
})

test('has what is stored between the looking up of the last page and its answer', async () => {
  await store.append(nextEntries(40))
  const gated = withGate()
  open({ client: gated.client, pageEntries: 30 })
  await until(isLive)
  feed.setFollow(false)
  feed.goTo(start + 2)
  await until(({ start: at }) => at === start + 2)
  expect(feed.state.isAtEnd).toBe(false)
  feed.want('newer')
  await gated.lookedUp
  await store.append(nextEntries(4))
  await store.append([{ time: start + 1.5, source: 'late', message: 'late' }])
  await until(() => texts().includes('late'))
  gated.letGo()
  await until(({ isAtEnd }) => isAtEnd)
  await until(() => feed.lines.entries === 45)
  expect(texts().filter((text) => text !== 'late')).toEqual(range(0, 44))
  expect(texts().indexOf('late')).toBe(2)
})

test('has what comes to the place that it leaves while it asks for the one that it goes to', async () => {
  await store.append(nextEntries(40))
  let isLeaving = false
  const gated = withGate(() => isLeaving)
  open({ client: gated.client, follow: false })
  await until(isLive)
  feed.goTo(start + 15)
  await until(({ start: at }) => at === start + 15)
  expect(texts()).toEqual(range(5, 25))
  isLeaving = true
  feed.goTo(undefined)
  await gated.lookedUp
  await store.append([{ time: start + 22.5, source: 'late', message: 'late' }])
  await until(({ newLines }) => newLines === 1)
  gated.letGo()
  await until(({ isAtEnd, search }) => isAtEnd && search === undefined)
  expect(texts()).toEqual([...range(20, 23), 'late', ...range(23, 40)])
})

test('follows when that is asked for on the way to another place', async () => {
  await store.append(nextEntries(100))
  open({ follow: false })
  await until(isLive)
  feed.goTo(start + 30)
  feed.setFollow(true)
  await until(({ isAtEnd, phase }) => isAtEnd && phase === 'ready')
  expect(texts()).toEqual(range(80, 100))
})

test('shows late lines also where a search has looked and found nothing', async () => {
  await store.append(nextEntries(10))
  await store.append([{ time: start + 10, source: 's', message: 'wanted' }])
  const { entries } = await store.page({ to: start + 1 })
  // As a search that is slow answers: it has come to the first line.
  const slow: ApiClient = {
    ...client,
    async page(query, choice, signal) {
      const page = await client.page(query, choice, signal)
      if (choice.before !== undefined) await new Promise((_, reject) => signal.addEventListener('abort', reject))
      return { ...page, older: entries[0]?.id, isComplete: false, searchedTo: start }
    },
  }
  open({ client: slow, query: { query: 'wanted' } })
  await until(({ live, search }) => live === 'live' && search?.searchedTo === start)
  feed.stopSearch()
  await until(({ search }) => search?.isStopped === true)
  await store.append([{ time: start + 5.5, source: 's', message: 'wanted, late' }])
  await store.append([{ time: start + 20, source: 's', message: 'wanted, too' }])
  await until(() => last() === 'wanted, too')
  expect(texts()).toEqual(['wanted, late', 'wanted', 'wanted, too'])
})

test('goes to a time, to a line, to the end, and says where it begins', async () => {
  await store.append(nextEntries(100))
  open({ follow: false })
  await until(isLive)
  const { turn } = feed.state
  feed.goTo(start + 30)
  await until((state) => state.turn > turn)
  expect(texts()).toEqual(range(20, 40))
  expect(feed.state).toMatchObject({ start: start + 30, isAtStart: false, isAtEnd: false })
  const row = feed.lines.row(5)
  const id = row?.kind === 'entry' ? row.entry.id : ''
  feed.goTo(id)
  await until((state) => state.start === id)
  expect(texts(), 'it was loaded').toEqual(range(20, 40))
  feed.goTo(undefined)
  await until(({ isAtEnd }) => isAtEnd)
  expect(texts()).toEqual(range(80, 100))
})

test('leaves out what the stream brings from beyond its stretch of time', async () => {
  await store.append(nextEntries(10))
  open({ query: { query: '', from: start + 5, to: Date.now() + 3_600_000 } })
  await until(isLive)
  await store.append([
    { time: start + 1, source: 's', message: 'before' },
    { time: start + 7.5, source: 's', message: 'within' },
  ])
  await until(() => texts().includes('within'))
  expect(texts()).not.toContain('before')
})

test('of a stretch that is over does not listen at all', async () => {
  await store.append(nextEntries(10))
  open({ query: { query: '', from: start, to: start + 5 } })
  await until(({ phase }) => phase === 'ready')
  expect(feed.state.live).toBe('off')
  expect(texts()).toEqual(range(0, 5))
})

test('says what is wrong with a query, and does not ask again', async () => {
  open({ query: { query: 'level:wrong' } })
  await until(({ problem }) => problem !== undefined)
  expect(feed.state).toMatchObject({ phase: 'failed', problem: { status: 400, parameter: 'q', mayPass: false } })
  expect(feed.state.live).toBe('off')
})

test('is disconnected while no server answers the first time', async () => {
  open({ client: apiClient('http://127.0.0.1:1/') })
  await until(({ problem }) => problem !== undefined)
  expect(feed.state).toMatchObject({ phase: 'failed', live: 'disconnected', problem: { status: 0, mayPass: true } })
})
