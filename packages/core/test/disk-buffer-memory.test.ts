import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { acknowledge, diskBuffer, type LogEntry } from '../src/index.ts'
import { memoryInUse, RecordingTracker } from '../src/testing.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-disk-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

test('a reader that is far behind costs disk, not memory', async () => {
  const line = 'x'.repeat(1000)
  const lines = Array<string>(64).fill(line)
  const tracker = new RecordingTracker()
  const buffer = diskBuffer(directory, { fsync: 'never' })
  await once(buffer, 'ready')
  const before = memoryInUse()
  let peak = 0
  for (let n = 0; n < 600; n++) {
    if (!buffer.write(tracker.batch(lines))) await once(buffer, 'drain')
    if (n % 100 === 0) peak = Math.max(peak, memoryInUse() - before)
  }
  buffer.end()
  await once(buffer, 'finish')
  expect(buffer.stats.entriesHeld).toBe(38_400)
  let taken = 0
  const slow = new Writable({
    objectMode: true,
    write(entry: LogEntry, _encoding, callback) {
      taken++
      acknowledge(entry)
      if (taken % 6_000 === 0) peak = Math.max(peak, memoryInUse() - before)
      callback()
    },
  })
  await pipeline(buffer, slow)
  expect(taken).toBe(38_400)
  // 38 MB went through it.
  expect(peak).toBeLessThan(12 * 1024 * 1024)
})
