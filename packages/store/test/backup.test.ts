/** A backup is what was stored at one moment, while the store is written to; and what is damaged is found. */

import { access, open as openFile, readdir, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '../src/open-store.ts'
import { integrity, messages, numbered, open, rows, temporaryDatabase } from './store-fixtures.ts'

test('a backup, taken while entries come, is sound and has all that was appended before and a beginning of the rest', async () => {
  const path = await temporaryDatabase()
  const copy = `${path}.copy`
  const store = await open(path)
  const before = 30_000
  for (let n = 0; n < before; n += 5_000) await store.append(numbered(5_000, n + 1))
  let last = before
  let isDone = false
  const backup = store.backup(copy).then(() => {
    isDone = true
  })
  // Both run until the other has done its part.
  while (!isDone || last < before + 5_000) {
    await store.append(numbered(100, last + 1))
    last += 100
  }
  await backup
  const copied = messages(copy)
  expect(copied.length).toBeGreaterThanOrEqual(before)
  expect(copied).toEqual(numbered(copied.length).map(({ message }) => message))
  expect(integrity(copy)).toEqual([])
  await store.close()
  expect(messages(path)).toHaveLength(last)
  // The copy is a store.
  const again = await open(copy)
  await again.indexed()
  expect((await again.page({ terms: [{ kind: 'word', text: `${before}` }] })).entries).toHaveLength(1)
  expect(await again.checkIntegrity()).toEqual([])
})

test('backups wait for each other; what is there is not replaced; one that ends early leaves nothing', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  await store.append(numbered(100))
  await Promise.all(['a', 'b', 'c'].map((name) => store.backup(`${path}.${name}`)))
  await writeFile(`${path}.there`, 'mine')
  await expect(store.backup(`${path}.there`)).rejects.toMatchObject({ code: 'STORE_FAILED', cause: { code: 'EEXIST' } })
  expect((await stat(`${path}.there`)).size).toBe(4)
  await expect(store.backup(`${path}/no/directory`)).rejects.toMatchObject({ code: 'STORE_FAILED' })
  const abort = new AbortController()
  const aborted = store.backup(`${path}.aborted`, { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
  const closed = expect(store.backup(`${path}.closed`)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  await store.close()
  await closed
  await expect(access(`${path}.closed`)).rejects.toMatchObject({ code: 'ENOENT' })
  expect((await readdir(dirname(path))).toSorted()).toEqual(
    ['', '.a', '.b', '.c', '.there'].map((end) => `logs.db${end}`).toSorted(),
  )
  for (const name of ['a', 'b', 'c']) expect(messages(`${path}.${name}`)).toHaveLength(100)
})

test('after a backup the write-ahead log is worked off again', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  for (let n = 0; n < 4; n++) {
    await store.append(numbered(10_000, n * 10_000 + 1))
    await store.backup(`${path}.${n}`)
  }
  for (let n = 0; n < 12; n++) await store.append(numbered(10_000, 50_000 + n * 10_000))
  await store.indexed()
  // 160 000 entries are 30 MB of log, with their index, were it never begun anew.
  expect((await stat(`${path}-wal`)).size).toBeLessThan(20_000_000)
})

test('the integrity check finds a page that was overwritten, and a count that is wrong', async () => {
  const path = await temporaryDatabase()
  const store = await open(path)
  await store.append(numbered(5_000))
  await store.indexed()
  expect(await store.checkIntegrity()).toEqual([])
  await store.close()
  const database = new Database(path)
  database.exec('UPDATE counts SET entries = entries + 1 WHERE unit = 60000')
  const [page] = rows<{ pageno: number }>(
    path,
    "SELECT pageno FROM dbstat WHERE name = 'entries' AND pagetype = 'leaf' LIMIT 1",
  )
  database.close()
  const reader = await openStore(path, { readOnly: true })
  onTestFinished(() => reader.close())
  expect(await reader.checkIntegrity()).toEqual(['counts of 60000 ms say 5001 entries, there are 5000'])
  const file = await openFile(path, 'r+')
  await file.write(Buffer.alloc(4_096, 0xaa), 0, 4_096, ((page?.pageno as number) - 1) * 4_096)
  await file.close()
  const problems = await reader.checkIntegrity().catch((error: Error) => [error.message])
  expect(problems.join('\n')).toMatch(/page|malformed/)
  const abort = new AbortController()
  const aborted = reader.checkIntegrity({ signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
})

test('a database that is damaged where it is opened is refused, and its lock let go', async () => {
  const path = await temporaryDatabase()
  const first = await open(path)
  await first.append(numbered(20_000))
  await first.close()
  const [page] = rows<{ pageno: number }>(path, "SELECT rootpage AS pageno FROM sqlite_schema WHERE name = 'commits'")
  const file = await openFile(path, 'r+')
  await file.write(Buffer.alloc(4_096, 0xaa), 0, 4_096, ((page?.pageno as number) - 1) * 4_096)
  await file.close()
  const error = await open(path).catch((error) => error)
  expect(error).toMatchObject({ code: 'STORE_CORRUPT', message: expect.stringContaining('put a backup in its place') })
  expect(await readdir(dirname(path))).not.toContain('logs.db.lock')
})
