/** What the model found in the disk queue, each as the life that showed it. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { LogEntry } from '../../src/index.ts'
import { DiskQueue } from '../../src/internal/disk/disk-queue.ts'
import type { DiskQueueSettings } from '../../src/internal/disk/disk-queue-settings.ts'
import { RecordingTracker } from '../../src/testing.ts'
import { DiskWorld } from './disk-world.ts'
import { ModelDisk } from './model-disk.ts'

const settings: DiskQueueSettings = {
  ...{ maxBytes: 1500, segmentBytes: 400, fsyncIntervalMs: 1000, retryDelayMs: 1000 },
  ...{ whenFull: 'block', fsync: 'always' },
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('the bound counts the head of the segment that has to be begun for a record', async () => {
  const world = new DiskWorld(settings, new ModelDisk())
  const batch = (...sizes: number[]) => ({ kind: 'batch', from: 0, sizes }) as const
  const atRest = { crash: undefined, losesPower: false }
  const entry = (size: number) => ({ kind: 'entry', from: 0, size, fields: false }) as const
  await world.live([batch(8, 41, 59, 53)], atRest, { pick: () => 0 })
  // The last one fitted into the bound without the 44 bytes of a head, and not into the segment: 1501 bytes.
  const more = [batch(23), batch(45), entry(15), batch(5, 5, 41), batch(16, 5), batch(40, 55, 6), entry(44)]
  await world.live(more, atRest, { pick: () => 0 })
})

test('a segment in the middle that a power cut left empty is passed, and not opened for ever', async () => {
  const disk = new ModelDisk()
  const open = (): Promise<DiskQueue> =>
    DiskQueue.open(disk, '/spool', settings, {
      warn: ({ code }) => codes.push(code),
      failed: (error) => expect.fail(error.message),
      written: () => {},
      dropped: (reason, entries) => codes.push(`${entries} ${reason}`),
    })
  const codes: string[] = []
  const first = await open()
  const tracker = new RecordingTracker()
  for (const name of ['a', 'b', 'c']) first.put(tracker.batch([name.repeat(300)]))
  await first.settle()
  await first.close()
  const names = Object.keys(disk.sizes('/spool')).filter((name) => name.endsWith('.segment'))
  expect(names).toHaveLength(3)
  // With fsync: 'never' the end of one may be lost, and all of the next, while the one behind is whole.
  const cut = async (name: string, length: number): Promise<void> => {
    const file = await disk.open(`/spool/${name}`, 'r+')
    await file.truncate(length)
    await file.close()
  }
  await cut(names[0] as string, 100)
  await cut(names[1] as string, 0)
  const second = await open()
  const found: string[] = []
  while (await second.fill()) found.push(...[...(second.take() as Iterable<LogEntry>)].map(({ message }) => message))
  expect(found).toEqual(['c'.repeat(300)])
  expect(codes).toEqual(['2 corrupt', 'SEGMENT_CORRUPT'])
  await second.close()
})
