/**
 * The queue of a disk buffer on a disk that fails at each of its calls, in each way: it goes on, or dies with an error that
 * has a code; what it acknowledged is given, in this run or the next, each line whole and in order.
 */

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eachFault } from '@logwisp/core/testing'
import { expect, test } from 'vitest'
import { acknowledge, type Batch, isBatch, type LogEntry, LogwispError } from '../src/index.ts'
import { DiskQueue } from '../src/internal/disk/disk-queue.ts'
import type { DiskQueueSettings } from '../src/internal/disk/disk-queue-settings.ts'
import { bufferFailed } from '../src/internal/disk/disk-trouble.ts'
import { SpillQueue } from '../src/internal/disk/spill-queue.ts'
import type { StageQueue } from '../src/internal/disk/stage-queue.ts'
import { type FileSystem, realFileSystem } from '../src/internal/file-system.ts'
import { RecordingTracker } from '../src/testing.ts'

const quick = { maxBytes: 1 << 20, segmentBytes: 1024, whenFull: 'block', fsyncIntervalMs: 1, retryDelayMs: 1 } as const

/** Lines of one length: a segment takes three batches or so. */
const lineOf = (number: number): string => `${number} `.padEnd(150, 'x')
const batches = 5
const linesPerBatch = 2

/** Takes everything that there is; acknowledges what `acknowledges` says. */
async function takeAll(queue: StageQueue, acknowledges: (index: number) => boolean): Promise<string[]> {
  const messages: string[] = []
  for (let index = 0; await queue.fill(); ) {
    for (let item = queue.take(); item !== undefined; item = queue.take(), index++) {
      messages.push(...messagesOf(item))
      if (acknowledges(index)) acknowledge(item)
    }
  }
  return messages
}

function messagesOf(item: LogEntry | Batch): string[] {
  return isBatch(item) ? Array.from(item, ({ message }) => message) : [item.message]
}

function spillQueue(disk: DiskQueue, maxEntries: number): SpillQueue {
  const bounds = { maxEntries, maxBytes: Infinity }
  return new SpillQueue({ disk, bounds, share: undefined, written: () => {}, sendsBatches: () => true })
}

/** Without memory before it as in a disk buffer; with so many entries, as in a spill buffer, of which some have to go to the disk. */
function scenario(fsync: DiskQueueSettings['fsync'], memoryEntries = 0): (fileSystem: FileSystem) => Promise<string> {
  return async (fileSystem) => {
    const root = await mkdtemp(join(tmpdir(), 'logwisp-fault-'))
    const directory = join(root, 'spool')
    const settings = { ...quick, fsync }
    const tracker = new RecordingTracker()
    const all: string[] = []
    const got: string[] = []
    const told = new Set<string>()
    let failure: unknown
    let dropped = 0
    const hooks = {
      warn: ({ code }: LogwispError) => void told.add(code),
      failed: (error: unknown) => void (failure = error),
      written: () => {},
      dropped: (_: string, entries: number) => void (dropped += entries),
    }
    const ends: number[] = []
    const disk = await DiskQueue.open(fileSystem, directory, settings, hooks).catch((error: unknown) => {
      failure = error
      return undefined
    })
    const spills = memoryEntries > 0
    const queue = spills && disk !== undefined ? spillQueue(disk, memoryEntries) : disk
    if (queue !== undefined) {
      for (let batch = 0; batch < batches && failure === undefined; batch++) {
        const lines = Array.from({ length: linesPerBatch }, (_, i) => lineOf(batch * linesPerBatch + i))
        all.push(...lines)
        queue.put(tracker.batch(lines))
        for (let line = 0; line < linesPerBatch; line++) ends.push(tracker.end)
        await queue.settle()
        // With memory before it: taken when some have gone to the disk, and left there in the end.
        if (spills ? batch % 3 === 2 : true) got.push(...(await takeAll(queue, () => spills || batch % 3 === 2)))
      }
      queue.keep()
      await queue.settle()
      // As the stage tells it.
      await queue.close().catch((error: unknown) => (failure ??= bufferFailed(directory, error)))
    }
    if (failure !== undefined && !(failure instanceof LogwispError)) throw failure
    const safe = ends.filter((end) => end <= tracker.mark).length
    if (failure === undefined && safe < all.length) throw new Error(`only ${safe} of ${all.length} were acknowledged`)

    const next = await DiskQueue.open(realFileSystem, directory, settings, hooks)
    const found = await takeAll(next, () => true)
    await next.close()
    const missing = all.slice(0, safe).filter((line) => !got.includes(line) && !found.includes(line))
    if (missing.length > 0 || dropped > 0)
      throw new Error(`${missing.length} acknowledged lines are lost, ${dropped} dropped`)
    for (const lines of [got, found]) {
      const places = lines.map((line) => all.indexOf(line))
      if (places.some((place, i) => place < 0 || place <= (places[i - 1] ?? -1)))
        throw new Error(`torn or twice: ${places}`)
    }
    expect(['place.json', 'place.json.tmp', 'synced']).toEqual(expect.arrayContaining(await readdir(directory)))
    await rm(root, { recursive: true })
    if (failure !== undefined) return `died of ${failure.code}`
    return ['survived', ...[...told].sort()].join(' ')
  }
}

test.each([
  { fsync: 'never', lastsCalls: 1, memory: 0 },
  { fsync: 'always', lastsCalls: 1, memory: 0 },
  { fsync: 'interval', lastsCalls: 3, memory: 0 },
  { fsync: 'always', lastsCalls: 1, memory: 3 },
] as const)(
  'keeps its promises whichever call fails: $fsync, $lastsCalls times, $memory entries in memory before it',
  async ({ fsync, lastsCalls, memory }) => {
    const report = await eachFault(realFileSystem, scenario(fsync, memory), { lastsCalls })
    // Nothing else, and none of them with an acknowledged line that is not there.
    const ends = [
      'survived',
      'survived DISK_FULL',
      'survived CHECKPOINT_FAILED',
      'survived CHECKPOINT_FAILED DISK_FULL',
    ]
    expect([...ends, 'died of BUFFER_FAILED', 'died of CHECKPOINT_FAILED']).toEqual(
      expect.arrayContaining(Object.keys(report.outcomes)),
    )
    expect(report.trials).toBeGreaterThan(memory > 0 ? 100 : 200)
    console.info(`${fsync}, ${memory} in memory: ${report.trials} faults, ${JSON.stringify(report.outcomes)}`)
  },
)
