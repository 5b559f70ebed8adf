import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  acknowledge,
  type Batch,
  type DiskBuffer,
  type DiskBufferOptions,
  diskBuffer,
  EntryWritable,
  fanOut,
  isBatch,
  type LogEntry,
} from '../src/index.ts'
import {
  checkOptionErrors,
  collectingSink,
  givingSource,
  leavesNothing,
  RecordingTracker,
  sampleLines,
  sinkContract,
  sourceContract,
} from '../src/testing.ts'

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)

let root: string
let directory: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'logwisp-disk-'))
  directory = join(root, 'spool')
})
afterEach(async () => {
  for (const buffer of buffers.splice(0)) if (!buffer.closed) await once(buffer, 'close')
  await rm(root, { recursive: true, force: true })
})

/** Those that a contract leaves to close by themselves. */
const buffers: DiskBuffer[] = []
function opened(buffer: DiskBuffer): DiskBuffer {
  buffers.push(buffer)
  return buffer
}

function checkBalance({ stats }: DiskBuffer): void {
  expect(stats.entriesIn).toBe(stats.entriesOut + stats.entriesDropped + stats.entriesHeld)
}

/** Whoever leaves a loop over a stream destroys it, with an AbortError. */
async function left(buffer: DiskBuffer): Promise<void> {
  buffer.on('error', () => {})
  if (!buffer.closed) await new Promise((resolve) => buffer.once('close', resolve))
}

/** Leaves entries in the directory. */
async function leave(items: Iterable<LogEntry | Batch>, options: DiskBufferOptions = {}): Promise<void> {
  const buffer = diskBuffer(directory, options)
  for (const item of items) if (!buffer.write(item)) await once(buffer, 'drain')
  buffer.end()
  await once(buffer, 'finish')
  buffer.destroy()
  await once(buffer, 'close')
  checkBalance(buffer)
}

/** Gives all that is in the directory to a sink that acknowledges it. */
async function rest(): Promise<string[]> {
  const buffer = diskBuffer(directory)
  const sink = collectingSink()
  buffer.end()
  const closed = once(buffer, 'close')
  await pipeline(buffer, sink)
  await closed
  checkBalance(buffer)
  return [...sink.messages]
}

describe('as a source of what an earlier run left', () => {
  const lines = sampleLines(300)
  let template: string
  beforeAll(async () => {
    template = await mkdtemp(join(tmpdir(), 'logwisp-disk-'))
    directory = template
    const tracker = new RecordingTracker()
    await leave([
      tracker.batch(lines.slice(0, 100)),
      ...tracker.entries(lines.slice(100, 200)),
      tracker.batch(lines.slice(200)),
    ])
  })
  afterAll(() => rm(template, { recursive: true, force: true }))
  let count = 0
  const make = async (): Promise<DiskBuffer> => {
    const copy = join(root, `copy ${count++}`)
    await cp(template, copy, { recursive: true })
    const buffer = opened(diskBuffer(copy))
    buffer.end()
    return buffer
  }
  // What is left stays on the disk, and in the books.
  const differs = 'stop() lets out what was read, and ends'
  for (const { name, run } of sourceContract(make, { messages: lines, rereads: true })) {
    if (name !== differs) test(name, run)
  }
})

describe('as the first stage of a branch, with a sink behind it', () => {
  const received: string[] = []
  let count = 0
  const make = () => {
    received.length = 0
    const take = (item: LogEntry | Batch): void => {
      received.push(...(isBatch(item) ? [...item] : [item]).map(({ message }) => message))
    }
    const buffer = opened(diskBuffer(join(root, `${count++}`), { fsync: 'always' }))
    return fanOut([[buffer, collectingSink({ onItem: take })]])
  }
  for (const { name, run } of sinkContract(make, { received: () => [...received] })) test(name, run)
})

test.each(['batches', 'entries'] as const)(
  'gives all that it was given as %s, in order, with its ids, and leaves no segment',
  async (takes) => {
    const tracker = new RecordingTracker()
    const items = [
      ...tracker.entries(numbers(1, 50)),
      tracker.batch(numbers(51, 300)),
      ...tracker.entries(numbers(301, 310)),
    ]
    const sink = collectingSink({ takes })
    const buffer = diskBuffer(directory)
    const closed = once(buffer, 'close')
    await pipeline(givingSource(items), buffer, sink)
    await closed
    expect(sink.messages).toEqual(numbers(1, 310))
    expect(sink.entries.map(({ origin }) => origin?.id)).toEqual(
      items.flatMap((item) => (isBatch(item) ? [...item] : [item])).map(({ origin }) => origin?.id),
    )
    expect(tracker.mark).toBe(tracker.end)
    expect(buffer.stats).toMatchObject({ entriesIn: 310, entriesOut: 310, entriesHeld: 0, bytesHeld: 0, segments: 0 })
    expect(await readdir(directory)).toEqual(['place.json', 'synced'])
  },
)

test('stopped in the middle, it gives the rest when it is opened again, and takes more behind it', async () => {
  const tracker = new RecordingTracker()
  await leave([tracker.batch(numbers(1, 100))])
  const buffer = diskBuffer(directory)
  const taken: string[] = []
  for await (const entry of buffer as AsyncIterable<LogEntry>) {
    taken.push(entry.message)
    acknowledge(entry)
    if (taken.length === 40) break
  }
  expect(taken).toEqual(numbers(1, 40))
  await left(buffer)
  await leave(tracker.entries(numbers(101, 120)))
  expect(await rest()).toEqual(numbers(41, 120))
  expect(await rest()).toEqual([])
})

test('what was given and not acknowledged is given again', async () => {
  await leave(new RecordingTracker().entries(numbers(1, 100)))
  for (let run = 0; run < 2; run++) {
    const buffer = diskBuffer(directory)
    const seen: string[] = []
    for await (const { message } of buffer as AsyncIterable<LogEntry>) if (seen.push(message) === 70) break
    expect(seen).toEqual(numbers(1, 70))
    await left(buffer)
  }
  expect(await rest()).toEqual(numbers(1, 100))
})

test('stop() leaves what it holds on the disk, takes what still comes, and then ends', async () => {
  const tracker = new RecordingTracker()
  const buffer = diskBuffer(directory)
  const sink = collectingSink({ held: true })
  const done = pipeline(buffer, sink)
  for (const entry of tracker.entries(numbers(1, 100))) buffer.write(entry)
  await vi.waitFor(() => expect(sink.messages.length).toBe(1))
  buffer.stop()
  sink.release()
  for (const entry of tracker.entries(numbers(101, 110))) buffer.write(entry)
  buffer.end()
  await done
  await once(buffer, 'close')
  expect(tracker.mark).toBe(tracker.end)
  checkBalance(buffer)
  const given = sink.messages.length
  expect(buffer.stats.entriesHeld).toBe(110 - given)
  expect(await rest()).toEqual(numbers(given + 1, 110))
})

test('at its end it waits for the acknowledgements of the sink behind it, and destroy() ends the wait', async () => {
  class LateSink extends EntryWritable {
    readonly items: (LogEntry | Batch)[] = []
    constructor() {
      super({ acknowledge: 'by-hand' })
    }
    protected override consume(items: readonly (LogEntry | Batch)[]): void {
      this.items.push(...items)
    }
    protected override async finish(): Promise<void> {
      await turn()
      for (const item of this.items) this.delivered(item)
    }
  }
  const tracker = new RecordingTracker()
  await leave([tracker.batch(numbers(1, 10))])
  const buffer = diskBuffer(directory)
  buffer.end()
  const closed = once(buffer, 'close')
  await pipeline(buffer, new LateSink())
  await closed
  expect(await rest()).toEqual([])

  await leave([tracker.batch(numbers(11, 20))])
  const stuck = diskBuffer(directory)
  const never = new LateSink()
  stuck.pipe(never, { end: false })
  stuck.end()
  await once(stuck, 'end')
  for (let n = 0; n < 5; n++) await turn()
  expect(stuck.closed).toBe(false)
  stuck.destroy()
  await once(stuck, 'close')
  expect(await rest()).toEqual(numbers(11, 20))
})

test('gives each entry as it comes to a reader that waits, without a timer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] })
  try {
    const buffer = diskBuffer(directory)
    const seen: string[] = []
    buffer.on('data', ({ message }: LogEntry) => {
      seen.push(message)
      if (seen.length < 50) buffer.write({ time: 0, source: 's', message: `${seen.length + 1}` })
    })
    buffer.write({ time: 0, source: 's', message: '1' })
    while (seen.length < 50) await turn()
    expect(seen).toEqual(numbers(1, 50))
    buffer.destroy()
    await once(buffer, 'close')
  } finally {
    vi.useRealTimers()
  }
})

test('who asks for more just as it has nothing more at hand is heard: a batch that leaves as entries one by one', async () => {
  // The reader asks between the turns of the stage: with each number of turns in between there is another such moment.
  for (let turns = 0; turns < 6; turns++) {
    const tracker = new RecordingTracker()
    const own = join(directory, String(turns))
    const got: string[] = []
    const slow = new Writable({
      objectMode: true,
      write(entry: LogEntry, _encoding, done) {
        got.push(entry.message)
        acknowledge(entry)
        let left = turns
        const go = (): unknown => (left-- > 0 ? setImmediate(go) : done())
        go()
      },
    })
    await pipeline(Readable.from([tracker.batch(numbers(1, 24))]), opened(diskBuffer(own, { fsync: 'never' })), slow)
    expect(got).toEqual(numbers(1, 24))
  }
})

test('a clock that is set back or ahead changes nothing', async () => {
  const now = vi.spyOn(Date, 'now')
  let jump = 0
  now.mockImplementation(() => (jump = jump === 0 ? 4e12 : 0))
  try {
    const tracker = new RecordingTracker()
    const sink = collectingSink()
    const source = givingSource(numbers(1, 200).map((line) => tracker.batch([line])))
    await pipeline(source, diskBuffer(directory, { fsyncIntervalMs: 1, segmentBytes: 1024, maxBytes: 8192 }), sink)
    expect(sink.messages).toEqual(numbers(1, 200))
    expect(tracker.mark).toBe(tracker.end)
  } finally {
    now.mockRestore()
  }
})

test('a second buffer on the directory is refused, and leaves the first one alone', async () => {
  const first = diskBuffer(directory)
  await once(first, 'ready')
  const second = diskBuffer(directory)
  const [error] = await once(second, 'error')
  expect(error).toMatchObject({ code: 'FILE_IN_USE', message: expect.stringContaining(directory) })
  await leavesNothing(5_000, async () => {
    const third = diskBuffer(directory)
    await once(third, 'error')
  })
  first.write({ time: 0, source: 's', message: 'still works' })
  expect(((await once(first, 'data')) as [LogEntry])[0].message).toBe('still works')
  first.destroy()
  await once(first, 'close')
  await leave([])
})

test('a directory that cannot be made is an error that says so', async () => {
  await writeFile(directory, 'a file')
  const buffer = diskBuffer(join(directory, 'spool'))
  const [error] = await once(buffer, 'error')
  expect(error).toMatchObject({ code: 'BUFFER_FAILED', message: expect.stringContaining(directory) })
})

test('destroyed while it writes, it leaves nothing behind, acknowledges nothing more, and its directory is whole', async () => {
  const tracker = new RecordingTracker()
  const items = Array.from({ length: 200 }, () => tracker.batch(sampleLines(200)))
  for (let turns = 0; turns < 12; turns++) {
    await leavesNothing(5_000, async () => {
      const buffer = diskBuffer(join(root, `${turns}`), { fsync: 'always' })
      await once(buffer, 'ready')
      for (const item of items) buffer.write(item, () => {})
      for (let n = 0; n < turns; n++) await turn()
      buffer.destroy()
      await once(buffer, 'close')
      const { mark } = tracker
      await turn()
      expect(tracker.mark).toBe(mark)
      checkBalance(buffer)
    })
    const again = diskBuffer(join(root, `${turns}`))
    await once(again, 'ready')
    expect(again.stats.warnings).toBe(0)
    again.destroy()
    await once(again, 'close')
  }
})

test('what a process wrote and was told is safe is there after it was killed', async () => {
  const program = join(root, 'writer.mjs')
  await writeFile(
    program,
    `import { diskBuffer } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)}
     const tracker = { acknowledge: ({ sequence }) => process.send(sequence) }
     const buffer = diskBuffer(${JSON.stringify(directory)}, { fsync: 'never', segmentBytes: 4096, maxBytes: 1e8 })
     for (let n = 1; ; n++) {
       const entry = { time: 0, source: 's', message: String(n), origin: { tracker, sequence: n, id: 'n' + n } }
       if (!buffer.write(entry)) await new Promise((resolve) => buffer.once('drain', resolve))
     }`,
  )
  const child = fork(program, { execArgv: [...process.execArgv, '--import', 'tsx', '--conditions=@logwisp/source'] })
  let acknowledged = 0
  child.on('message', (sequence: number) => {
    acknowledged = sequence
    if (sequence > 500) child.kill('SIGKILL')
  })
  await once(child, 'exit')
  expect(acknowledged).toBeGreaterThan(500)
  const messages = await rest()
  expect(messages.length).toBeGreaterThanOrEqual(acknowledged)
  expect(messages).toEqual(numbers(1, messages.length))
})

test('refuses bad options', () => {
  const made: DiskBuffer[] = []
  checkOptionErrors(
    (options) => {
      const buffer = diskBuffer(directory, options)
      made.push(buffer)
      return buffer
    },
    {
      maxBytes: [0, 4095, 1.5, '1 GB', Infinity],
      segmentBytes: [0, 1023, -1, 1 << 30],
      whenFull: ['wait', true],
      fsync: ['sometimes', 1000],
      fsyncIntervalMs: [0, '1s'],
      retryDelayMs: [0, -1],
    },
    { maxBytes: 1 << 20 },
  )
  expect(made).toEqual([])
  expect(() => diskBuffer('')).toThrow(/`directory` must be a non-empty string/)
})
