/** A sink with a buffer of its own: what is written is safe there, whatever becomes of the sink, of a change, of the daemon. */

import { readdir, rm, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DirectoryHolds } from '../src/pipeline/directory-holds.ts'
import type { Pipeline } from '../src/pipeline/pipeline.ts'
import type { SinkStatus } from '../src/pipeline/pipeline-status.ts'
import { Bench, configOf, fromFile, lines, numbers, targetOf, toFar, until } from './pipeline-bench.ts'

let bench: Bench
beforeEach(async () => {
  bench = await Bench.open()
})
afterEach(() => bench.close())

const onDisk = (more: object = {}): object => ({
  buffer: { type: 'disk', directory: bench.path('spool'), fsync_interval_ms: 5, ...more },
})

/** From standard input, which nobody can read again, to a far side with a buffer before it. */
const buffered = (more: object = {}, url?: string): ReturnType<typeof configOf> =>
  configOf({ sources: [{ type: 'stdin' }], sinks: [{ ...toFar(url), ...onDisk(more) }] })

const segments = async (): Promise<string[]> =>
  (await readdir(bench.path('spool'))).filter((name) => name.endsWith('.segment'))

const sinkOf = (pipeline: Pipeline): SinkStatus => pipeline.status().sinks[0] as SinkStatus
const isSafe = (pipeline: Pipeline, entries: number) => (): boolean => {
  const { total_processed, buffer } = pipeline.status().sinks[0] ?? {}
  return total_processed === entries && buffer?.entries === entries
}

/** Block by block, as a file is read: a block is let in whole wherever there is room for a line. */
function writeInBlocks(messages: readonly string[]): void {
  for (let at = 0; at < messages.length; at += 5000) bench.stdin.write(lines(messages.slice(at, at + 5000)))
}

/** What the daemon has logged with this in it. */
const said = (words: RegExp): Record<string, unknown>[] => bench.lines.filter(({ msg }) => words.test(String(msg)))

describe('a disk buffer before a sink', () => {
  test('takes everything while the sink is away, and gives it in order once it is back', async () => {
    const far = bench.far('http://far/')
    far.mode = 'down'
    const pipeline = bench.pipeline(buffered())
    await pipeline.started
    const all = numbers(1, 20_000)
    bench.stdin.write(lines(all))
    await until(() => sinkOf(pipeline).total_processed === all.length && bench.stdin.readableLength === 0)
    expect(pipeline.status()).toMatchObject({ state: 'running', total_processed: all.length })
    expect(far.messages).toEqual([])
    await until(isSafe(pipeline, all.length))
    far.comeUp()
    await until(() => far.messages.length >= all.length)
    expect(far.messages).toEqual(all)
    await until(() => sinkOf(pipeline).queue.entries === 0)
    expect(sinkOf(pipeline)).toMatchObject({
      total_delivered: all.length,
      total_dropped: 0,
      buffer: { type: 'disk', directory: bench.path('spool'), entries: 0, is_full: false },
    })
  })

  test('goes by way of the disk when it comes to its end by itself, and leaves nothing there', async () => {
    const all = numbers(1, 5000)
    const pipeline = bench.pipeline(buffered())
    bench.stdin.end(lines(all))
    expect(await pipeline.ended).toEqual({ undelivered: [] })
    expect(bench.far('http://far/').messages).toEqual(all)
    expect(pipeline.status().sinks[0]?.buffer?.entries).toBe(0)
    expect(said(/left in a buffer/)).toEqual([])
  })

  test('stopped while the sink takes nothing, leaves it on the disk, and the next start delivers it', async () => {
    const far = bench.far('http://far/')
    far.mode = 'stuck'
    const all = numbers(1, 3000)
    const first = bench.pipeline(buffered(), { drainTimeoutMs: 50 })
    bench.stdin.write(lines(all))
    await until(isSafe(first, all.length))
    expect(await first.stop(5000)).toEqual({ undelivered: [] })
    expect(said(/left in a buffer/)).toMatchObject([{ entries: all.length, directory: bench.path('spool') }])
    expect(far.messages).toEqual([])
    expect(far.open).toBe(0)
    far.mode = 'up'
    const second = bench.pipeline(buffered())
    await until(() => far.messages.length >= all.length)
    expect(far.messages).toEqual(all)
    expect(await second.stop(5000)).toEqual({ undelivered: [] })
  })

  test('another sink is not held up by it', async () => {
    bench.far('http://slow/').mode = 'stuck'
    const sinks = [{ ...toFar('http://slow/'), ...onDisk() }, toFar('http://quick/')]
    bench.pipeline(configOf({ sources: [{ type: 'stdin' }], sinks }))
    const all = numbers(1, 150_000)
    writeInBlocks(all)
    const quick = bench.far('http://quick/')
    await until(() => quick.messages.length === all.length)
    expect(quick.messages.at(-1)).toBe('150000')
    bench.far('http://slow/').comeUp()
    await until(() => bench.far('http://slow/').messages.length === all.length)
    expect(bench.far('http://slow/').messages).toEqual(all)
  })

  test('that cannot be opened is tried again, and nothing is read before', async () => {
    await writeFile(bench.path('spool'), 'a file where the directory should be')
    const pipeline = bench.pipeline(buffered())
    bench.stdin.write(lines(numbers(1, 10)))
    await pipeline.started
    expect(sinkOf(pipeline)).toMatchObject({ state: 'restarting', last_error: expect.stringMatching(/spool/) })
    expect(bench.stdin.readableLength).toBeGreaterThan(0)
    await rm(bench.path('spool'))
    await until(() => bench.far('http://far/').messages.length === 10)
  })

  test('the books of a file say delivered once it is safe there, and balance', async () => {
    const far = bench.far('http://far/')
    far.mode = 'stuck'
    await writeFile(bench.path('app.log'), lines(numbers(1, 1000)))
    const sinks = [{ ...toFar(), ...onDisk() }]
    const pipeline = bench.pipeline(configOf({ sources: [fromFile(bench.path('app.log'))], sinks }))
    await until(() => pipeline.status().sources[0]?.books?.accounts[0]?.sinks[0]?.delivered === 1000)
    expect(pipeline.status().sources[0]?.books).toMatchObject({
      balanced: true,
      accounts: [{ source: 'app.log', entries: 1000, to_sinks: 1000, in_flight: 0, sinks: [{ sink: 'http_client' }] }],
    })
    expect(sinkOf(pipeline)).toMatchObject({ total_delivered: 0, queue: { entries: 1000 }, buffer: { entries: 1000 } })
  })
})

describe('a buffer that spills', () => {
  const spilling = { type: 'spill', max_entries: 500 }

  test('takes everything while the sink is away, on the disk what does not fit into memory, and keeps the order', async () => {
    const far = bench.far('http://far/')
    far.mode = 'stuck'
    const pipeline = bench.pipeline(buffered(spilling))
    const all = numbers(1, 150_000)
    writeInBlocks(all)
    await until(() => sinkOf(pipeline)?.total_processed === all.length)
    await until(() => (sinkOf(pipeline).buffer?.segments ?? 0) > 0)
    far.comeUp()
    await until(() => far.messages.length >= all.length)
    expect(far.messages).toEqual(all)
    await until(() => sinkOf(pipeline).queue.entries === 0)
    expect(sinkOf(pipeline).total_delivered).toBe(all.length)
  })

  test('stopped while the sink takes nothing, puts what is in memory on the disk, too', async () => {
    const far = bench.far('http://far/')
    far.mode = 'stuck'
    const all = numbers(1, 3000)
    const first = bench.pipeline(buffered(spilling), { drainTimeoutMs: 50 })
    bench.stdin.write(lines(all))
    await until(isSafe(first, all.length))
    expect(await first.stop(10_000)).toEqual({ undelivered: [] })
    expect(far.messages).toEqual([])
    far.mode = 'up'
    bench.pipeline(buffered(spilling))
    await until(() => far.messages.length >= all.length)
    expect(far.messages).toEqual(all)
  })
})

describe('a change', () => {
  const more = numbers(1001, 2000)

  /** A pipeline with 1,000 entries in its buffer, whose sink takes nothing. */
  async function stuck(config = buffered()): Promise<Pipeline> {
    bench.far('http://far/').mode = 'stuck'
    const pipeline = bench.pipeline(config, { drainTimeoutMs: 30, changeTimeoutMs: 400 })
    bench.stdin.write(lines(numbers(1, 1000)))
    await until(isSafe(pipeline, 1000))
    return pipeline
  }

  test('of what a buffer may hold opens it anew: what is in it stays, in its order', async () => {
    const pipeline = await stuck()
    expect(await pipeline.change(targetOf(buffered({ max_size_mb: 5, fsync: 'always' })))).toEqual({
      changes: ['sink 0 (http_client) changed'],
      isWaiting: false,
    })
    bench.stdin.write(lines(more))
    await until(isSafe(pipeline, 2000))
    bench.far('http://far/').comeUp()
    await until(() => bench.far('http://far/').messages.length >= 2000)
    expect(bench.far('http://far/').messages).toEqual(numbers(1, 2000))
  })

  test('of the sink leaves its buffer as it is, and gives what is there to the new one', async () => {
    const pipeline = await stuck()
    expect(await pipeline.change(targetOf(buffered({}, 'http://other/')))).toMatchObject({ isWaiting: false })
    bench.stdin.write(lines(more))
    const other = bench.far('http://other/')
    await until(() => other.messages.length >= 2000)
    expect(other.messages).toEqual(numbers(1, 2000))
    expect(bench.far('http://far/').messages).toEqual([])
  })

  test('that takes the buffer away waits until it is delivered', async () => {
    const pipeline = await stuck()
    const without = configOf({ sources: [{ type: 'stdin' }], sinks: [toFar()] })
    expect(await pipeline.change(targetOf(without))).toMatchObject({ isWaiting: true })
    expect(said(/is delivered first/)).toMatchObject([{ directory: bench.path('spool') }])
    bench.stdin.write(lines(more))
    bench.far('http://far/').comeUp()
    await until(() => bench.far('http://far/').messages.length >= 2000)
    expect(bench.far('http://far/').messages).toEqual(numbers(1, 2000))
    expect(sinkOf(pipeline).buffer).toBeUndefined()
    await until(() => sinkOf(pipeline).total_delivered === 2000)
  })

  test('of its directory does, too; and back again is at once', async () => {
    const pipeline = await stuck()
    const elsewhere = targetOf(buffered({ directory: bench.path('elsewhere') }))
    expect(await pipeline.change(elsewhere)).toMatchObject({ isWaiting: true })
    expect(await pipeline.change(targetOf(buffered()))).toMatchObject({ isWaiting: false })
    const changed = pipeline.change(elsewhere)
    bench.stdin.write(lines(more))
    bench.far('http://far/').comeUp()
    expect(await changed).toMatchObject({ isWaiting: false })
    await until(() => bench.far('http://far/').messages.length >= 2000)
    expect(bench.far('http://far/').messages).toEqual(numbers(1, 2000))
    expect((await readdir(bench.path('elsewhere'))).some((name) => name.endsWith('.segment'))).toBe(true)
  })

  test('that puts a buffer before a sink gives it what the sink did not have', async () => {
    bench.far('http://far/').mode = 'stuck'
    const plain = configOf({ sources: [{ type: 'stdin' }], sinks: [toFar()] })
    const pipeline = bench.pipeline(plain, { drainTimeoutMs: 30 })
    bench.stdin.write(lines(numbers(1, 100)))
    await pipeline.started
    await until(() => sinkOf(pipeline).total_processed === 100)
    expect(await pipeline.change(targetOf(buffered()))).toMatchObject({ isWaiting: false })
    await until(isSafe(pipeline, 100))
    bench.far('http://far/').comeUp()
    await until(() => bench.far('http://far/').messages.length >= 100)
    expect(bench.far('http://far/').messages).toEqual(numbers(1, 100))
  })

  test('that removes the sink leaves what it could not deliver on the disk, and says where', async () => {
    const pipeline = await stuck()
    const file = { type: 'file', options: { directory: bench.path('out'), name: 'app', min_disk_free_mb: 0 } }
    await pipeline.change(targetOf(configOf({ sources: [{ type: 'stdin' }], sinks: [file] })))
    await until(() => said(/left in a buffer/).length === 1)
    expect(said(/left in a buffer/)).toMatchObject([{ entries: 1000, directory: bench.path('spool') }])
    expect(await segments()).not.toEqual([])
    bench.far('http://far/').mode = 'up'
    const both = [file, { ...toFar(), ...onDisk() }]
    await pipeline.change(targetOf(configOf({ sources: [{ type: 'stdin' }], sinks: both })))
    await until(() => bench.far('http://far/').messages.length >= 1000)
    expect(bench.far('http://far/').messages).toEqual(numbers(1, 1000))
  })

  test('that moves a buffer to another pipeline waits for the first to let it go', async () => {
    const holds = new DirectoryHolds()
    bench.far('http://far/').mode = 'stuck'
    const first = bench.pipeline(buffered(), { drainTimeoutMs: 30, holds })
    bench.stdin.write(lines(numbers(1, 1000)))
    await until(isSafe(first, 1000))
    const sinks = [{ ...toFar('http://other/'), ...onDisk() }]
    const config = configOf({ name: 'second', sources: [fromFile(bench.path('none.log'))], sinks })
    const second = bench.pipeline(config, { holds, checkpointPath: bench.path('state', 'second.json') })
    const stopped = first.stop(2000)
    await until(() => bench.far('http://other/').messages.length >= 1000)
    expect(bench.far('http://other/').messages).toEqual(numbers(1, 1000))
    await Promise.all([stopped, second.stop(2000)])
    expect(bench.lines.filter(({ code }) => code === 'SINK_FAILED')).toEqual([])
  })
})

describe('a memory buffer before a sink', () => {
  const two = (buffer: object): ReturnType<typeof configOf> =>
    configOf({
      sources: [{ type: 'stdin' }],
      sinks: [{ ...toFar('http://slow/'), buffer: { type: 'memory', ...buffer } }, toFar('http://quick/')],
    })

  test('lets the others go on until it is full, and loses nothing', async () => {
    const [slow, quick] = [bench.far('http://slow/'), bench.far('http://quick/')]
    slow.mode = 'stuck'
    const pipeline = bench.pipeline(two({ max_entries: 2000 }))
    const all = numbers(1, 300_000)
    writeInBlocks(all)
    let before = -1
    // It is at a stand.
    while (before !== quick.messages.length || before === 0) {
      before = quick.messages.length
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(before).toBeLessThan(all.length)
    expect(before).toBeGreaterThan(2000)
    slow.comeUp()
    await until(() => slow.messages.length === all.length && quick.messages.length === all.length)
    expect(slow.messages).toEqual(all)
    expect(pipeline.status().sinks.map(({ total_dropped }) => total_dropped)).toEqual([0, 0])
  })

  test('that drops does, and counts it', async () => {
    const [slow, quick] = [bench.far('http://slow/'), bench.far('http://quick/')]
    slow.mode = 'stuck'
    const pipeline = bench.pipeline(two({ max_entries: 100, when_full: 'drop-newest' }))
    const all = numbers(1, 300_000)
    writeInBlocks(all)
    await until(() => quick.messages.length === all.length)
    const dropped = sinkOf(pipeline).dropped['branch-full'] as number
    expect(dropped).toBeGreaterThan(0)
    slow.comeUp()
    await until(() => slow.messages.length === all.length - dropped)
  })
})
