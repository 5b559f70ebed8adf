/** What nobody should do to a store, and what must not happen then. */

import { expect, onTestFinished, test } from 'vitest'
import { openStore, type Store, type StoreOptions } from '../src/open-store.ts'
import { entryAt, integrity, messages, moment, temporaryDatabase } from './store-fixtures.ts'

async function open(path: string, options: StoreOptions = {}): Promise<Store> {
  const store = await openStore(path, { safeAfter: 'commit', readers: 1, ...options })
  onTestFinished(() => store.close())
  return store
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
