/** A page and the tail after it have every entry exactly once, whatever is stored meanwhile. */

import type { LogEntry } from '@logwisp/core'
import { expect, test } from 'vitest'
import { openStore, type Store } from '../src/open-store.ts'
import { temporaryDatabase } from './store-fixtures.ts'

const moment = 1_780_000_000_000
const words = ['server', 'failed', 'user', 'queue']

/** Stores batches of any size, one after the other, until it is told to stop: most at the newest end, some long before. */
async function write(store: Store, isOver: () => boolean): Promise<LogEntry[]> {
  const all: LogEntry[] = []
  for (let batch = 0; !isOver(); batch++) {
    const entries = Array.from({ length: 1 + ((batch * 7) % 40) }, (_, n): LogEntry => {
      const at = moment + (n % 5 === 0 ? -(all.length + n) * 1_000 : all.length + n)
      return { time: at, source: 'app', message: `${words[(batch + n) % 4]} ${all.length + n}` }
    })
    all.push(...entries)
    await store.append(entries)
  }
  return all
}

async function follow(store: Store, text: string, limit: number): Promise<() => Promise<string[]>> {
  const query = { terms: [{ kind: 'word', text }] } as const
  let page = await store.page(query, { limit, deadlineMs: Infinity })
  const messages = page.entries.map(({ message }) => message)
  const tail = store.tail(query, { after: page.live, maxBehindEntries: Infinity })
  const following = (async () => {
    const live: string[] = []
    for await (const item of tail) {
      if (item.kind === 'gap') throw new Error('a gap')
      live.push(...item.entries.map(({ message }) => message))
      if (live.includes('server last')) return live
    }
    throw new Error('the tail ended')
  })()
  return async () => {
    // All older pages of the first one's moment: what is stored later may be on them only when it is on the tail too.
    const live = await following
    while (page.older !== undefined) {
      page = await store.page(query, { before: page.older, limit: 1_000, deadlineMs: Infinity })
      messages.push(...page.entries.map(({ message }) => message).filter((message) => !live.includes(message)))
    }
    return [...messages, ...live]
  }
}

test('a page and the tail after it have every entry once, while entries are stored, indexed and looked up', async () => {
  const store = await openStore(await temporaryDatabase(), { safeAfter: 'commit' })
  let isOver = false
  const writing = write(store, () => isOver)
  const all: (() => Promise<string[]>)[] = []
  for (let viewer = 0; viewer < 12; viewer++) all.push(await follow(store, 'server', 1 + viewer * 40))
  isOver = true
  const written = await writing
  await store.append([{ time: moment * 2, source: 'app', message: 'server last' }])
  const wanted = [
    ...written.map(({ message }) => message).filter((message) => message.startsWith('server')),
    'server last',
  ].sort()
  expect(wanted.length).toBeGreaterThan(100)
  for (const messages of all) expect((await messages()).sort()).toEqual(wanted)
  await store.close()
})

test('the same without anything older: one page of all, and the tail', async () => {
  const store = await openStore(await temporaryDatabase(), { safeAfter: 'commit' })
  let isOver = false
  const writing = write(store, () => isOver)
  const following: Promise<string[]>[] = []
  for (let viewer = 0; viewer < 12; viewer++) {
    const page = await store.page({}, { limit: 10_000, deadlineMs: Infinity })
    expect(page.older).toBeUndefined()
    const messages = page.entries.map(({ message }) => message)
    const tail = store.tail({}, { after: page.live, maxBehindEntries: Infinity })
    following.push(
      (async () => {
        for await (const item of tail) {
          if (item.kind === 'gap') throw new Error('a gap')
          messages.push(...item.entries.map(({ message }) => message))
          if (messages.at(-1) === 'server last') break
        }
        return messages
      })(),
    )
  }
  isOver = true
  const wanted = [...(await writing).map(({ message }) => message), 'server last']
  await store.append([{ time: moment * 2, source: 'app', message: 'server last' }])
  for (const messages of following) expect((await messages).sort()).toEqual([...wanted].sort())
  await store.close()
})
