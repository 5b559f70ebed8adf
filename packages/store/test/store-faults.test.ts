/** A full disk and a locked database are waited for: nothing is lost, and it is told of. */

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { RecordingTracker } from '@logwisp/core/testing'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { openStore, type Store, type StoreOptions } from '../src/open-store.ts'
import { sqliteSink } from '../src/sqlite-sink.ts'
import {
  entryAt,
  integrity,
  messages,
  moment,
  numbered,
  temporaryDatabase,
  temporaryDirectory,
} from './store-fixtures.ts'

async function open(path: string, options: StoreOptions = {}): Promise<Store> {
  const store = await openStore(path, { readers: 1, ...options })
  onTestFinished(() => store.close())
  return store
}

/** Another program, with a transaction under way. */
function lock(path: string): Database.Database {
  const other = new Database(path, { timeout: 5_000 })
  onTestFinished(() => void other.close())
  other.exec('BEGIN IMMEDIATE')
  return other
}

/** A small disk of its own; undefined when this machine does not let us have one. */
async function smallDisk(mebibytes: number): Promise<string | undefined> {
  const directory = await temporaryDirectory()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', directory], { stdio: 'pipe' })
  } catch (error) {
    console.warn(`skipped: a full disk needs the right to mount a tmpfs (${(error as Error).message.trim()})`)
    return undefined
  }
  onTestFinished(() => void execFileSync('umount', ['-l', directory]))
  return directory
}

test('a database that another program has locked is waited for, told of each time, and nothing is lost', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  for (let time = 0; time < 2; time++) {
    const other = lock(path)
    const warning = once(store, 'warning')
    const appends = numbered(50, time * 50 + 1).map((entry) => store.append([entry]))
    const [error] = await warning
    expect(error).toMatchObject({ code: 'STORE_BUSY', message: expect.stringContaining('locked') })
    other.exec('ROLLBACK')
    await Promise.all(appends)
  }
  await store.close()
  expect(messages(path)).toEqual(numbered(100).map(({ message }) => message))
})

test.each([
  ['its directory was removed', (path: string) => rm(dirname(path), { recursive: true })],
  ['it was moved', (path: string) => rename(path, `${path}.old`)],
  ['its log was removed', (path: string) => rm(`${path}-wal`)],
])('a database is not written on, and nothing acknowledged, once %s', async (_, change) => {
  const path = await temporaryDatabase()
  const store = await open(path)
  const failed = once(store, 'failed')
  await store.append(numbered(10))
  await change(path)
  await expect(store.append(numbered(10, 11))).rejects.toMatchObject({ code: 'STORE_FAILED' })
  expect((await failed)[0].message).toContain('was removed or moved while the store wrote to it')
  await store.close()
})

test('a short transaction of another program is waited for without a word', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  const warnings: unknown[] = []
  store.on('warning', (warning) => warnings.push(warning))
  const other = lock(path)
  const append = store.append(numbered(1))
  // The writer has met the lock by then: it answers in turn.
  for (let turn = 0; turn < 5; turn++) await store.stats()
  other.exec('COMMIT')
  await append
  expect(warnings).toEqual([])
})

test('closing does not wait for ever: what could not be committed is rejected', async () => {
  const path = await temporaryDatabase()
  const sink = sqliteSink(path)
  await once(sink, 'ready')
  const other = lock(path)
  const tracker = new RecordingTracker()
  sink.write(tracker.entries(['a'])[0])
  const aborted = once(sink, 'close')
  sink.destroy()
  await aborted
  expect(tracker.acknowledged).toEqual([])
  other.exec('ROLLBACK')
  await (await open(path)).close()
  expect(messages(path)).toEqual([])
})

test('a sink waits for a database that is locked while it is opened', async () => {
  const path = await temporaryDatabase()
  const first = new Database(path)
  first.exec('BEGIN EXCLUSIVE')
  const sink = sqliteSink(path)
  const [warning] = await once(sink, 'warning')
  expect(warning).toMatchObject({ code: 'STORE_BUSY' })
  first.exec('ROLLBACK')
  first.close()
  await pipeline(numbered(10), sink)
  expect(messages(path)).toHaveLength(10)
})

test('a disk that gets full: told of once, waited for, and nothing is lost or doubled', async () => {
  const directory = await smallDisk(40)
  if (directory === undefined) return
  const path = join(directory, 'logs.db')
  const ballast = join(directory, 'ballast')
  await writeFile(ballast, Buffer.alloc(36 << 20))
  const store = await open(path)
  const warnings: string[] = []
  store.on('warning', ({ code }) => warnings.push(code))
  const full = once(store, 'warning')
  const entries = Array.from({ length: 40_000 }, (_, n) => entryAt(moment + n, `line ${n} `.padEnd(100, 'x')))
  const appends: Promise<unknown>[] = []
  let safe = 0
  for (let at = 0; at < entries.length; at += 500) {
    appends.push(store.append(entries.slice(at, at + 500)).then(() => (safe += 500)))
  }
  const [error] = await full
  expect(error).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining('full') })
  // What is safe is there, and can be read.
  const atThatTime = safe
  expect((await store.stats()).entries).toBeGreaterThanOrEqual(atThatTime)
  expect(atThatTime).toBeLessThan(entries.length)
  await rm(ballast)
  await Promise.all(appends)
  expect(warnings).toEqual(['DISK_FULL'])
  await store.indexed()
  expect(await store.checkIntegrity()).toEqual([])
  await store.close()
  expect(messages(path)).toEqual(entries.map(({ message }) => message))
  expect(integrity(path)).toEqual([])
})

test('a disk that is full when a sink is opened is waited for', async () => {
  const directory = await smallDisk(4)
  if (directory === undefined) return
  const ballast = join(directory, 'ballast')
  await writeFile(ballast, Buffer.alloc(4 << 20)).catch(() => {})
  const sink = sqliteSink(join(directory, 'logs.db'))
  const [warning] = await once(sink, 'warning')
  expect(warning).toMatchObject({ code: 'DISK_FULL' })
  await rm(ballast)
  await pipeline(numbered(10), sink)
  expect(messages(join(directory, 'logs.db'))).toHaveLength(10)
})

test('a backup onto a disk that gets full fails, leaves nothing there, and the store goes on', async () => {
  const directory = await smallDisk(1)
  if (directory === undefined) return
  const path = await temporaryDatabase()
  const store = await open(path)
  for (let n = 0; n < 4; n++) await store.append(numbered(10_000, n * 10_000 + 1))
  const error = await store.backup(join(directory, 'copy.db')).catch((error) => error)
  expect(error).toMatchObject({ code: 'STORE_FAILED', cause: { code: 'ENOSPC' } })
  await store.append(numbered(1))
  expect(execFileSync('ls', [directory], { encoding: 'utf8' })).toBe('')
})
