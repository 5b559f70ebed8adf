/** A pipeline is changed while lines flow: what is the same stays as it is, and no line is lost or comes twice. */

import { appendFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Config } from '../src/config/schema.ts'
import { describeChange } from '../src/pipeline/describe-change.ts'
import type { Pipeline } from '../src/pipeline/pipeline.ts'
import { matchStages } from '../src/pipeline/stage-keys.ts'
import { Bench, configOf, fromFile, lines, numbers, targetOf, toFar, until } from './pipeline-bench.ts'

let bench: Bench
beforeEach(async () => {
  bench = await Bench.open()
})
afterEach(() => bench.close())

const change = (pipeline: Pipeline, config: Config) => pipeline.change(targetOf(config))

/** Appends numbered lines to a file until it is told to stop; then says how many. */
function writeLines(path: string): () => Promise<number> {
  let isOver = false
  const writing = (async () => {
    let written = 0
    while (!isOver) {
      await appendFile(path, lines(numbers(written + 1, written + 50)))
      written += 50
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    return written
  })()
  return () => {
    isOver = true
    return writing
  }
}

describe('what differs', () => {
  const base = { sources: [{ type: 'stdin' }], sinks: [toFar('http://a/'), toFar('http://b/')] }
  const differences = (before: Config, after: Config) => describeChange(targetOf(before), targetOf(after))

  test('is nothing between two that say the same, in whatever order the stages stand', () => {
    expect(differences(configOf(base), configOf({ ...base, filters: [] }))).toEqual([])
    expect(differences(configOf(base), configOf({ ...base, sinks: base.sinks.toReversed() }))).toEqual([])
  })

  test('is told by stage', () => {
    const next = configOf({
      sources: [{ type: 'stdin', options: { source: 'pipe' } }, fromFile('./x.log')],
      filters: [{ patterns: ['x'] }],
      sinks: [toFar('http://c/'), { type: 'stdout' }],
    })
    expect(differences(configOf(base), next)).toEqual([
      'source 0 (stdin) changed',
      'source 1 (file) added',
      'sink 0 (http_client) changed',
      'sink 1 (stdout) added',
      'sink 1 (http_client) removed',
      'filters changed',
    ])
  })

  test('is seen in secrets too, although they are never shown', () => {
    const withToken = (token: string) =>
      configOf({ ...base, sinks: [{ type: 'http_client', options: { url: 'http://a/', auth: { token } } }] })
    expect(differences(withToken('one'), withToken('one'))).toEqual([])
    expect(differences(withToken('one'), withToken('two'))).toEqual(['sink 0 (http_client) changed'])
  })

  test('stages that are equal are matched wherever they moved, before others by place and type', () => {
    const stage = (type: string, key: string) => ({ type, key })
    const old = [stage('file', 'a'), stage('file', 'b'), stage('tcp', 'c')]
    expect(matchStages(old, [stage('file', 'b'), stage('file', 'x'), stage('http', 'y'), stage('tcp', 'z')])).toEqual([
      1,
      0,
      undefined,
      2,
    ])
  })
})

describe('a sink', () => {
  test('that is the same is kept as it is, with its counters, when another one changes', async () => {
    const from = { sources: [{ type: 'stdin' }] }
    const pipeline = bench.pipeline(configOf({ ...from, sinks: [toFar('http://a/'), toFar('http://b/')] }))
    bench.stdin.write(lines(numbers(1, 10)))
    await until(() => bench.far('http://b/').messages.length === 10)
    const result = await change(pipeline, configOf({ ...from, sinks: [toFar('http://a/'), toFar('http://c/')] }))
    expect(result).toEqual({ changes: ['sink 1 (http_client) changed'], isWaiting: false })
    bench.stdin.write(lines(numbers(11, 20)))
    await until(() => bench.far('http://c/').messages.length === 10)
    expect(bench.far('http://a/')).toMatchObject({ made: 1, messages: numbers(1, 20) })
    expect(bench.far('http://b/')).toMatchObject({ made: 1, open: 0, messages: numbers(1, 10) })
    expect(bench.far('http://c/').messages).toEqual(numbers(11, 20))
    expect(pipeline.status().sinks).toMatchObject([{ total_delivered: 20 }, { total_delivered: 20, restarts: 0 }])
  })

  test('whose far side is down hands over what it has to the one that takes its place', async () => {
    bench.far('http://down/').mode = 'down'
    const from = { sources: [{ type: 'stdin' }] }
    const pipeline = bench.pipeline(configOf({ ...from, sinks: [toFar('http://down/')] }))
    bench.stdin.write(lines(numbers(1, 100)))
    await until(() => pipeline.status().sinks[0]?.state === 'restarting')
    const before = Date.now()
    await change(pipeline, configOf({ ...from, sinks: [toFar('http://up/')] }))
    await until(() => bench.far('http://up/').messages.length === 100)
    expect(Date.now() - before).toBeLessThan(1_000)
    expect(bench.far('http://up/').messages).toEqual(numbers(1, 100))
  })

  test('is added and removed while lines flow, and those that stay miss nothing and get nothing twice', async () => {
    const path = bench.path('in.log')
    await writeFile(path, '')
    const from = { sources: [fromFile(path)] }
    const pipeline = bench.pipeline(configOf({ ...from, sinks: [toFar('http://stays/')] }))
    const stop = writeLines(path)
    for (let n = 0; n < 10; n++) {
      await change(pipeline, configOf({ ...from, sinks: [toFar('http://stays/'), toFar('http://comes/')] }))
      const came = bench.far('http://comes/').messages.length
      await until(() => bench.far('http://comes/').messages.length > came)
      await change(pipeline, configOf({ ...from, sinks: [toFar('http://stays/')] }))
      expect(bench.far('http://comes/').open).toBe(0)
    }
    const written = await stop()
    await until(() => bench.far('http://stays/').messages.length >= written)
    expect(bench.far('http://stays/')).toMatchObject({ made: 1, messages: numbers(1, written) })
    const came = bench.far('http://comes/').messages
    expect(came).toEqual([...new Set(came)].sort((one, other) => Number(one) - Number(other)))
    expect(came.length).toBeGreaterThan(0)
  })
})

describe('a source', () => {
  test('that is the same is kept; a changed one of a file goes on where the old one was, no line lost or repeated', async () => {
    const path = bench.path('in.log')
    await writeFile(path, '')
    const make = (max_line_bytes: number) =>
      configOf({ sources: [fromFile(path, { max_line_bytes }), { type: 'stdin' }], sinks: [toFar()] })
    const far = bench.far('http://far/')
    const pipeline = bench.pipeline(make(1000))
    const stop = writeLines(path)
    for (let n = 1; n <= 20; n++) {
      bench.stdin.write(`stdin ${n}\n`)
      const { isWaiting } = await change(pipeline, make(1000 + n))
      expect(isWaiting).toBe(false)
    }
    const written = await stop()
    await until(() => far.messages.length >= written + 20)
    expect(far.messages.filter((message) => !message.startsWith('stdin'))).toEqual(numbers(1, written))
    expect(far.messages.filter((message) => message.startsWith('stdin'))).toEqual(numbers(1, 20, 'stdin '))
    expect(far.made).toBe(1)
    expect(pipeline.status().sources[1]).toMatchObject({ restarts: 0, total_entries: 20 })
  })

  test('that is removed gives what it has read', async () => {
    await writeFile(bench.path('a.log'), lines(numbers(1, 5000)))
    const both = configOf({ sources: [fromFile(bench.path('a.log')), { type: 'stdin' }], sinks: [toFar()] })
    const pipeline = bench.pipeline(both)
    await pipeline.started
    await change(pipeline, configOf({ sources: [{ type: 'stdin' }], sinks: [toFar()] }))
    expect(bench.far('http://far/').messages).toEqual(numbers(1, 5000))
    expect(pipeline.status().sources).toHaveLength(1)
  })

  test('that has ended stays ended, and one that is added is read', async () => {
    await writeFile(bench.path('a.log'), 'from a\n')
    const base = { sources: [{ type: 'stdin' }, fromFile(bench.path('none.log'))], sinks: [toFar()] }
    const pipeline = bench.pipeline(configOf(base))
    bench.stdin.end('last words\n')
    await until(() => pipeline.status().sources[0]?.state === 'stopped')
    await change(pipeline, configOf({ ...base, sources: [...base.sources, fromFile(bench.path('a.log'))] }))
    await until(() => bench.far('http://far/').messages.length === 2)
    expect(bench.far('http://far/').messages).toEqual(['last words', 'from a'])
    await until(() => pipeline.isReady)
    expect(pipeline.status().sources.map(({ state }) => state)).toEqual(['stopped', 'running', 'running'])
  })
})

describe('filters and limits', () => {
  test('are exchanged while lines flow; what they dropped stays counted', async () => {
    const path = bench.path('in.log')
    await writeFile(path, '')
    const make = (pattern: string) =>
      configOf({ sources: [fromFile(path)], filters: [{ type: 'exclude', patterns: [pattern] }], sinks: [toFar()] })
    const far = bench.far('http://far/')
    const pipeline = bench.pipeline(make('never 0'))
    const stop = writeLines(path)
    for (let n = 1; n <= 10; n++) await change(pipeline, make(`never ${n}`))
    const written = await stop()
    await until(() => far.messages.length >= written)
    expect(far.messages).toEqual(numbers(1, written))
    expect(far.made).toBe(1)
    await change(pipeline, make('drop'))
    await appendFile(path, lines(['drop 1', 'keep', 'drop 2']))
    await until(() => far.messages.includes('keep'))
    await until(() => pipeline.status().total_filtered === 2)
    await change(pipeline, make('other'))
    const { total_filtered, total_processed, dropped, filters } = pipeline.status()
    expect({ total_filtered, total_processed, dropped }).toEqual({
      total_filtered: 2,
      total_processed: written + 3,
      dropped: { filtered: 2 },
    })
    expect(filters).toMatchObject({ filter_count: 1, total_passed: written + 1 })
  })

  test('that can not be made leave everything as it was, and are tried again', async () => {
    const builders = bench.builders
    const from = { sources: [{ type: 'stdin' }], sinks: [toFar()] }
    const pipeline = bench.pipeline(configOf({ ...from, max_restart_delay_seconds: 0.1 }), {
      builders: {
        ...builders,
        filters: (config) => {
          if (config.filters.length > 0) throw new Error('bad pattern')
          return builders.filters(config)
        },
      },
      changeTimeoutMs: 100,
    })
    await pipeline.started
    const broken = configOf({ ...from, filters: [{ patterns: ['x'] }] })
    expect(await change(pipeline, broken)).toMatchObject({ isWaiting: true })
    bench.stdin.write('still flows\n')
    await until(() => bench.far('http://far/').messages.length === 1)
    await change(pipeline, configOf(from))
    expect(pipeline.isReady).toBe(true)
  })
})

describe('behind a sink that takes nothing', () => {
  const stuck = { sources: [{ type: 'stdin' }], sinks: [toFar('http://stuck/'), toFar('http://other/')] }
  const changed = { ...stuck, filters: [{ type: 'exclude', patterns: ['nothing'] }] }

  async function startStuck(): Promise<Pipeline> {
    bench.far('http://stuck/').mode = 'stuck'
    const pipeline = bench.pipeline(configOf(stuck), { changeTimeoutMs: 100, drainTimeoutMs: 100 })
    await pipeline.started
    // More than all queues on the way can hold.
    for (let n = 0; n < 200; n++) {
      bench.stdin.write(lines(numbers(n * 100 + 1, n * 100 + 100)))
      await new Promise(setImmediate)
    }
    return pipeline
  }

  test('a change waits in the background, says so, and is completed when it takes again', async () => {
    const pipeline = await startStuck()
    expect(await change(pipeline, configOf(changed))).toEqual({ changes: ['filters changed'], isWaiting: true })
    expect(pipeline.state).toBe('draining')
    bench.far('http://stuck/').comeUp()
    await until(() => pipeline.state === 'running')
    for (const url of ['http://stuck/', 'http://other/']) {
      await until(() => bench.far(url).messages.length === 20_000)
      expect(bench.far(url).messages).toEqual(numbers(1, 20_000))
    }
  })

  test('a further change takes the place of the one that waits: another far side gets it all', async () => {
    const pipeline = await startStuck()
    await change(pipeline, configOf(changed))
    const mended = configOf({ ...changed, sinks: [toFar('http://mended/'), toFar('http://other/')] })
    await change(pipeline, mended)
    await until(() => bench.far('http://mended/').messages.length === 20_000)
    await until(() => bench.far('http://other/').messages.length === 20_000)
    expect(bench.far('http://mended/').messages).toEqual(numbers(1, 20_000))
    expect(bench.far('http://other/').messages).toEqual(numbers(1, 20_000))
    expect(pipeline.isReady).toBe(true)
  })

  test('taking that sink out lets the others go on, and what it did not get is told', async () => {
    const pipeline = await startStuck()
    await change(pipeline, configOf({ ...stuck, sinks: [toFar('http://other/')] }))
    await until(() => bench.far('http://other/').messages.length === 20_000)
    expect(bench.far('http://other/').messages).toEqual(numbers(1, 20_000))
    expect(bench.lines.some(({ msg }) => msg === 'a sink that was removed could not deliver everything in time')).toBe(
      true,
    )
    expect(pipeline.isReady).toBe(true)
  })

  test('it can be stopped meanwhile, and says what each sink did not get', async () => {
    const pipeline = await startStuck()
    await change(pipeline, configOf(changed))
    const { undelivered } = await pipeline.stop(100)
    const told = new Map(undelivered.map(({ sink, entries }) => [sink, entries]))
    const taken = pipeline.status().sources[0]?.total_entries ?? 0
    expect(told.get('0 (http_client)')).toBe(taken)
    expect((told.get('1 (http_client)') ?? 0) + bench.far('http://other/').messages.length).toBe(taken)
  })
})
