/** A pipeline starts from its sinks, goes on when a stage fails, and stops from its sources, losing nothing. */

import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { EntryReadable } from '@logwisp/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SinkStatus } from '../src/pipeline/pipeline-status.ts'
import { Bench, configOf, fromFile, lines, numbers, toFar, until } from './pipeline-bench.ts'

let bench: Bench
beforeEach(async () => {
  bench = await Bench.open()
})
afterEach(() => bench.close())

const stdinToFar = { sources: [{ type: 'stdin' }], sinks: [toFar()] }

function checkSinkBooks({ total_processed, total_delivered, total_dropped, queue }: SinkStatus): void {
  expect(total_processed).toBe(total_delivered + total_dropped + queue.entries)
}

test('W8: of 500 lines that are piped in at once, 500 come out, and it ends by itself', async () => {
  bench.stdin.end(lines(numbers(1, 500)))
  const pipeline = bench.pipeline(configOf(stdinToFar))
  expect(await pipeline.ended).toEqual({ undelivered: [] })
  expect(bench.far('http://far/').messages).toEqual(numbers(1, 500))
  expect(pipeline.status()).toMatchObject({ state: 'stopped', total_processed: 500 })
})

test('W8: nothing is read before the first sink is ready', async () => {
  bench.stdin.write(lines(numbers(1, 5)))
  let isThere = false
  const builders = bench.builders
  const pipeline = bench.pipeline(configOf(stdinToFar), {
    builders: {
      ...builders,
      sink: (config, context) => {
        if (!isThere) throw new Error('the port is in use')
        return builders.sink(config, context)
      },
    },
  })
  await pipeline.started
  expect(pipeline.status()).toMatchObject({ state: 'starting', sinks: [{ state: 'restarting' }], sources: [] })
  expect(bench.stdin.readableLength).toBeGreaterThan(0)
  isThere = true
  await until(() => bench.far('http://far/').messages.length === 5)
  expect(pipeline.isReady).toBe(true)
})

test('W8b: a sink that is slower than what is piped in loses nothing', async () => {
  const far = bench.far('http://far/')
  far.mode = 'stuck'
  const all = numbers(1, 100_000)
  bench.stdin.end(lines(all))
  const pipeline = bench.pipeline(configOf(stdinToFar))
  await until(() => pipeline.status().total_processed > 0)
  far.comeUp()
  await pipeline.ended
  expect(far.messages).toEqual(all)
})

test('W8c: what a full queue before a sink drops is counted, by sink and reason', async () => {
  const stuck = bench.far('http://stuck/')
  stuck.mode = 'stuck'
  const dropping = { type: 'http_client', options: { url: 'http://stuck/', when_full: 'drop-oldest', buffer_size: 10 } }
  const pipeline = bench.pipeline(configOf({ sources: [{ type: 'stdin' }], sinks: [toFar(), dropping] }))
  // One batch at a time: each stage on the way keeps up to 16 of them.
  for (let n = 0; n < 200; n++) {
    bench.stdin.write(lines(numbers(n * 100 + 1, n * 100 + 100)))
    await until(() => bench.far('http://far/').messages.length === n * 100 + 100)
  }
  const [quick, slow] = pipeline.status().sinks as [SinkStatus, SinkStatus]
  expect(quick).toMatchObject({ total_processed: 20_000, total_delivered: 20_000, total_dropped: 0 })
  expect(slow.dropped['branch-full']).toBeGreaterThan(0)
  checkSinkBooks(slow)
  stuck.comeUp()
  bench.stdin.end()
  await pipeline.ended
  const [, after] = pipeline.status().sinks as [SinkStatus, SinkStatus]
  expect(after.total_delivered).toBe(stuck.messages.length)
  expect(after).toMatchObject({ total_processed: 20_000, queue: { entries: 0 } })
  checkSinkBooks(after)
})

describe('when a stage fails', () => {
  test('a sink is made anew, gets what the old one had not delivered, and the status tells', async () => {
    const far = bench.far('http://far/')
    const pipeline = bench.pipeline(configOf({ ...stdinToFar, max_restart_delay_seconds: 0.1 }))
    bench.stdin.write(lines(['1']))
    await until(() => far.messages.length === 1)
    far.mode = 'down'
    bench.stdin.write(lines(numbers(2, 100)))
    await until(() => (pipeline.status().sinks[0]?.restarts ?? 0) > 1)
    expect(pipeline.status().sinks[0]?.last_error).toBe('connection refused')
    far.comeUp()
    await until(() => far.messages.length === 100)
    expect(far.messages).toEqual(numbers(1, 100))
    expect(bench.lines.some(({ code, sink }) => code === 'SINK_FAILED' && sink === 0)).toBe(true)
  })

  test('W28: a source that can not be made is reported, tried again, and the others go on', async () => {
    let attempts = 0
    const builders = bench.builders
    const pipeline = bench.pipeline(
      configOf({
        sources: [fromFile(bench.path('in.log')), { type: 'stdin' }],
        sinks: [toFar()],
        max_restart_delay_seconds: 0.1,
      }),
      {
        builders: {
          ...builders,
          source: async (config, context) => {
            if (config.type === 'file' && ++attempts < 3) throw new Error('cannot listen')
            return builders.source(config, context)
          },
        },
      },
    )
    await pipeline.started
    expect(pipeline.isReady).toBe(false)
    expect(pipeline.status().sources[0]).toMatchObject({ state: 'restarting', last_error: 'cannot listen' })
    bench.stdin.write('from stdin\n')
    await until(() => bench.far('http://far/').messages.includes('from stdin'))
    await writeFile(bench.path('in.log'), 'from the file\n')
    await until(() => bench.far('http://far/').messages.includes('from the file'))
    expect(pipeline.status().sources[0]).toMatchObject({ state: 'running', restarts: 2 })
    expect(pipeline.isReady).toBe(true)
  })

  test('a source that fails while it flows goes on where it was, from its checkpoint', async () => {
    await writeFile(bench.path('in.log'), lines(numbers(1, 50)))
    const builders = bench.builders
    let stream: { destroy(error: Error): void } | undefined
    const pipeline = bench.pipeline(
      configOf({ sources: [fromFile(bench.path('in.log'))], sinks: [toFar()], max_restart_delay_seconds: 0.1 }),
      {
        builders: {
          ...builders,
          source: async (config, context) => {
            const built = await builders.source(config, context)
            stream = built.stream
            return built
          },
        },
      },
    )
    const far = bench.far('http://far/')
    await until(() => far.messages.length === 50)
    stream?.destroy(new Error('the disk is gone'))
    await appendFile(bench.path('in.log'), lines(numbers(51, 100)))
    await until(() => far.messages.length >= 100)
    expect(far.messages).toEqual(numbers(1, 100))
    expect(pipeline.status().sources[0]).toMatchObject({ restarts: 1, total_entries: 100 })
  })

  test('a filter is made anew, and of a file nothing is lost', async () => {
    await writeFile(bench.path('in.log'), lines(numbers(1, 2000)))
    const builders = bench.builders
    let made = 0
    const pipeline = bench.pipeline(
      configOf({
        sources: [fromFile(bench.path('in.log'))],
        sinks: [toFar()],
        filters: [{ patterns: ['.'] }],
        max_restart_delay_seconds: 0.1,
      }),
      {
        builders: {
          ...builders,
          filters: (config) => {
            const stages = builders.filters(config)
            if (made++ < 2) setTimeout(() => stages[0]?.on('error', () => {}).destroy(new Error('out of stack')), 5)
            return stages
          },
        },
      },
    )
    const far = bench.far('http://far/')
    await until(() => far.messages.length >= 2000 && made === 3)
    await appendFile(bench.path('in.log'), lines(numbers(2001, 3000)))
    await until(() => far.messages.includes('3000'))
    expect(far.messages).toEqual(numbers(1, 3000))
    expect(pipeline.state).toBe('running')
  })

  test('a state directory that is removed is made again, and told of once, however often saving fails', async () => {
    const path = bench.path('in.log')
    const checkpointPath = bench.path('state', 'checkpoint.json')
    const warnings = (): readonly unknown[] => bench.lines.filter(({ code }) => code === 'CHECKPOINT_FAILED')
    await writeFile(path, '')
    const pipeline = bench.pipeline(configOf({ sources: [fromFile(path)], sinks: [toFar()] }), { checkpointPath })
    await pipeline.started
    for (const line of numbers(1, 3)) {
      await rm(bench.path('state'), { recursive: true })
      await appendFile(path, `${line}\n`)
      await expect
        .poll(() => readFile(checkpointPath, 'utf8').catch(() => ''), { timeout: 10_000 })
        .toContain('"offset"')
    }
    expect(warnings()).toHaveLength(1)
    expect(await pipeline.stop(1000)).toEqual({ undelivered: [] })
  })

  test('a checkpoint that is none is told, and everything waits for it to be repaired', async () => {
    await mkdir(bench.path('state'))
    await writeFile(bench.path('state', 'checkpoint.json'), 'not a checkpoint')
    const pipeline = bench.pipeline(configOf({ ...stdinToFar, max_restart_delay_seconds: 0.1 }))
    bench.stdin.write('x\n')
    await pipeline.started
    expect(pipeline.status()).toMatchObject({
      state: 'restarting',
      last_error: expect.stringContaining('is no checkpoint'),
    })
    await writeFile(bench.path('state', 'checkpoint.json'), await readFile(await savedCheckpoint()))
    await until(() => bench.far('http://far/').messages.length === 1)
  })
})

async function savedCheckpoint(): Promise<string> {
  const { openCheckpoint } = await import('@logwisp/core')
  const checkpoint = await openCheckpoint(bench.path('good.json'))
  await checkpoint.close()
  return bench.path('good.json')
}

describe('stopped (parity 11.1)', () => {
  test('it stops sources first, delivers what was read, saves positions, and a next one goes on there', async () => {
    await writeFile(bench.path('in.log'), lines(numbers(1, 20_000)))
    const config = configOf({ sources: [fromFile(bench.path('in.log'))], sinks: [toFar()] })
    const far = bench.far('http://far/')
    const first = bench.pipeline(config)
    await until(() => far.messages.length > 0)
    expect(await first.stop(5_000)).toEqual({ undelivered: [] })
    const stopped = far.messages.length
    expect(far.open).toBe(0)
    await appendFile(bench.path('in.log'), lines(numbers(20_001, 20_100)))
    const second = bench.pipeline(config)
    await until(() => far.messages.length >= 20_100)
    expect(far.messages).toEqual(numbers(1, 20_100))
    expect(stopped).toBeGreaterThan(0)
    await second.stop(5_000)
  })

  test('with a sink that takes nothing it ends at the deadline, and says what is undelivered and whether it comes again', async () => {
    await writeFile(bench.path('in.log'), lines(numbers(1, 1000)))
    const far = bench.far('http://far/')
    far.mode = 'stuck'
    const config = configOf({ sources: [fromFile(bench.path('in.log'))], sinks: [toFar(), toFar('http://other/')] })
    const pipeline = bench.pipeline(config)
    await until(() => bench.far('http://other/').messages.length === 1000)
    const before = Date.now()
    expect(await pipeline.stop(200)).toEqual({
      undelivered: [{ sink: '0 (http_client)', entries: 1000, fate: 'they are read again at the next start' }],
    })
    expect(Date.now() - before).toBeLessThan(2_000)
    far.comeUp()
    const second = bench.pipeline(config)
    await until(() => far.messages.length >= 1000)
    expect(far.messages).toEqual(numbers(1, 1000))
    await second.stop(5_000)
  })

  test('entries of a source that can not read again are said to be lost', async () => {
    bench.far('http://far/').mode = 'down'
    const pipeline = bench.pipeline(configOf(stdinToFar))
    bench.stdin.write(lines(numbers(1, 10)))
    await until(() => pipeline.status().total_processed === 10)
    expect(await pipeline.stop(100)).toEqual({
      undelivered: [{ sink: '0 (http_client)', entries: 10, fate: 'they are lost' }],
    })
  })

  test('of several sources it is said for each that has something under way: a file is read again, standard input is lost', async () => {
    await writeFile(bench.path('in.log'), lines(numbers(1, 20)))
    await writeFile(bench.path('read.log'), '')
    const far = bench.far('http://far/')
    far.mode = 'down'
    const sources = [fromFile(bench.path('in.log')), { type: 'stdin' }, fromFile(bench.path('read.log'))]
    const pipeline = bench.pipeline(configOf({ sources, sinks: [toFar()] }))
    bench.stdin.write(lines(numbers(1, 10)))
    await until(() => pipeline.status().total_processed === 30)
    const fate = '20 of source 0 (file): read again at the next start; those of source 1 (stdin): lost'
    expect(await pipeline.stop(100)).toEqual({ undelivered: [{ sink: '0 (http_client)', entries: 30, fate }] })
  })

  test('before it could even start, it ends at once', async () => {
    const pipeline = bench.pipeline(configOf(stdinToFar), {
      builders: { ...bench.builders, sink: () => Promise.reject(new Error('no')) },
    })
    await pipeline.started
    expect(await pipeline.stop(5_000)).toEqual({ undelivered: [] })
  })

  test('a source that gives without end does not hold it up', async () => {
    class Endless extends EntryReadable {
      #n = 0
      protected override async pull(): Promise<void> {
        await setImmediate()
        this.took(1)
        this.give({ time: 1, source: 'endless', message: `${this.#n++}` })
      }
    }
    const builders = bench.builders
    const pipeline = bench.pipeline(configOf(stdinToFar), {
      builders: { ...builders, source: async () => ({ stream: new Endless(), release: () => {} }) },
    })
    const far = bench.far('http://far/')
    await until(() => far.messages.length > 100)
    expect(await pipeline.stop(5_000)).toEqual({ undelivered: [] })
    expect(far.messages).toEqual(numbers(0, far.messages.length - 1))
    const { total_processed, sinks } = pipeline.status()
    expect(total_processed).toBe(far.messages.length)
    checkSinkBooks(sinks[0] as SinkStatus)
  })
})
