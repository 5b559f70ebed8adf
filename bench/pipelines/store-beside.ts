/** How long appends take that come at their times, whatever else the store does. */

import { rm } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { LogEntry } from '@logwisp/core'
import { openStore, type Store, type StoreOptions } from '@logwisp/store'
import { measured } from '../harness/measured.ts'
import { firstTime, paceMs, storeEntries } from '../store/store-entries.ts'
import type { BesideRow } from '../store/store-result.ts'
import { timesOf } from '../store/times-of.ts'

interface Task {
  readonly path: string
  /** Entries that are in the database at the beginning. */
  readonly entries: number
  readonly seconds: number
  readonly entriesPerSecond: number
}

/** What goes on beside; returns what it has done. Ends when the signal is aborted. */
type Beside = (store: Store, path: string, signal: AbortSignal) => Promise<string>

const perAppend = 100

/** Retention keeps this much of what is there at its beginning. Where there is far too much, appends wait for it by design. */
const keptShare = 0.96

const backups: Beside = async (store, path, signal) => {
  let made = 0
  while (!signal.aborted) {
    const copy = `${path}.backup-${made}`
    const isMade = await store.backup(copy, { signal }).then(
      () => true,
      () => false,
    )
    if (isMade) made++
    await rm(copy, { force: true })
  }
  return `${made} backups`
}

const queries: Beside = async (store, _path, signal) => {
  const terms = [{ kind: 'pattern', pattern: 'user=u-1\\d*7 .*retrying in 8' }] as const
  let read = 0
  while (!signal.aborted) {
    try {
      for await (const batch of store.scan({ terms }, { signal })) read += batch.length
    } catch {
      // Stopped.
    }
  }
  return `a pattern over everything, ${read} found`
}

const nothing: Beside = async () => '–'

interface Phase {
  readonly name: string
  readonly isRetained: boolean
  readonly beside: readonly Beside[]
}

const phases: readonly Phase[] = [
  { name: 'nothing', isRetained: false, beside: [nothing] },
  { name: 'retention', isRetained: true, beside: [nothing] },
  { name: 'a backup', isRetained: false, beside: [backups] },
  { name: 'a heavy query', isRetained: false, beside: [queries] },
  { name: 'all three', isRetained: true, beside: [backups, queries, queries] },
]

await measured(async ({ path, entries, seconds, entriesPerSecond }: Task) => {
  const rows: BesideRow[] = []
  const appended = { next: 0 }
  let stored = entries
  for (const { name, isRetained, beside } of phases) {
    // Some of what is there has to go, and then as much as comes in.
    const options: StoreOptions = isRetained ? { retention: { maxEntries: Math.ceil(stored * keptShare) } } : {}
    const store = await openStore(path, options)
    const stop = new AbortController()
    const going = beside.map((each) => each(store, path, stop.signal))
    const loop = monitorEventLoopDelay({ resolution: 1 })
    loop.enable()
    const allMs = await appendAtTimes(
      store,
      { seconds, entriesPerSecond, firstMs: firstTime + entries * paceMs },
      appended,
    )
    loop.disable()
    stop.abort()
    const done = (await Promise.all(going)).filter((what) => what !== '–')
    const { entries: left, entriesRemoved, entriesUnindexed } = await store.stats()
    stored = left
    if (isRetained) done.push(`${entriesRemoved.entries} entries removed`)
    await store.close()
    rows.push({
      name,
      times: timesOf(allMs),
      loopMs: loop.max / 1e6,
      done: done.join(', '),
      unindexed: entriesUnindexed,
    })
  }
  return { rows }
})

/** Each append is begun at its time, whether or not those before are done, and timed from then: nothing hides behind a slow one. */
async function appendAtTimes(
  store: Store,
  { seconds, entriesPerSecond, firstMs }: { seconds: number; entriesPerSecond: number; firstMs: number },
  appended: { next: number },
): Promise<number[]> {
  const everyMs = (1000 * perAppend) / entriesPerSecond
  const count = Math.round((seconds * 1000) / everyMs)
  const make = storeEntries(1_000_000)
  const startedMs = performance.now()
  const going: Promise<number>[] = []
  for (let turn = 0; turn < count; turn++) {
    const dueMs = startedMs + turn * everyMs
    while (performance.now() < dueMs) await wait(Math.max(0, dueMs - performance.now()))
    const entries = Array.from({ length: perAppend }, (): LogEntry => {
      const number = appended.next++
      const made = make(number % 1_000_000)
      return {
        ...made,
        time: firstMs + (number * 1000) / entriesPerSecond,
        origin: { ...made.origin!, id: `beside:${number}` },
      }
    })
    going.push(store.append(entries).then(() => performance.now() - dueMs))
  }
  return Promise.all(going)
}
