/** The whole daemon takes a changed configuration while it serves: what did not change is not touched. */

import { once } from 'node:events'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LoadedConfig } from '../src/config/loaded-config.ts'
import type { Config } from '../src/config/schema.ts'
import { configSchema } from '../src/config/schema.ts'
import type { Service, ServiceOptions } from '../src/service/service-contract.ts'
import { freePort } from './config-run/free-ports.ts'
import { Bench, configOf, fromFile, lines, numbers, toFar, until } from './pipeline-bench.ts'
import { StartedServices } from './started-services.ts'

let bench: Bench
let services: StartedServices
const viewers: AbortController[] = []
beforeEach(async () => {
  bench = await Bench.open()
  services = new StartedServices(bench)
})
afterEach(async () => {
  for (const viewer of viewers.splice(0)) viewer.abort()
  await services.stop()
  await bench.close()
})

const loadedOf = (config: Config): LoadedConfig => services.loaded(config)
const start = (config: Config, more?: Partial<ServiceOptions>): Promise<Service> => services.start(config, more)

async function occupy(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** A viewer of a live stream. */
class Viewer {
  text = ''
  isCut = false
  static async connect(port: number, path = '/stream'): Promise<Viewer> {
    const abort = new AbortController()
    viewers.push(abort)
    // A stream that a port's move has ended leaves a connection that is about to be closed: the next one takes its own.
    const headers = { connection: 'close' }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal: abort.signal })
    expect(response.status).toBe(200)
    const viewer = new Viewer()
    void (async () => {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) viewer.text += Buffer.from(chunk).toString()
    })()
      .catch(() => {})
      .finally(() => {
        viewer.isCut = true
      })
    return viewer
  }
  sees(text: string): Promise<void> {
    return until(() => this.text.includes(text))
  }
}

const post = (port: number, message: string, path = '/ingest') =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    // A port that moves closes connections that are idle.
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ message }),
  })

describe('W21: a reload', () => {
  test('keeps everything of a pipeline that is the same: its viewers, positions and counters', async () => {
    const port = await freePort()
    await writeFile(bench.path('in.log'), '')
    const untouched = {
      name: 'untouched',
      sources: [fromFile(bench.path('in.log'))],
      sinks: [{ type: 'http', options: { port, format: 'raw' } }],
    }
    const other = (pattern: string) => ({
      name: 'other',
      sources: [{ type: 'stdin' }],
      filters: [{ type: 'exclude', patterns: [pattern] }],
      sinks: [toFar()],
    })
    const service = await start(configOf(untouched, other('a')))
    const viewer = await Viewer.connect(port)
    await appendFile(bench.path('in.log'), 'before\n')
    await viewer.sees('before')
    for (let n = 0; n < 5; n++) {
      const result = await service.reload(loadedOf(configOf(untouched, other(`b${n}`))))
      expect(result).toMatchObject({ result: 'changed', changes: ['other: filters changed'] })
    }
    await appendFile(bench.path('in.log'), 'after\n')
    await viewer.sees('after')
    bench.stdin.write('piped\n')
    await until(() => bench.far('http://far/').messages.length === 1)
    expect(viewer.isCut).toBe(false)
    const { pipelines, reloads } = service.status()
    expect(reloads).toBe(5)
    expect(pipelines['untouched']).toMatchObject({ total_processed: 2, sinks: [{ total_delivered: 2 }] })
  })

  test('on the same port works: listeners survive, also when the stages behind them change', async () => {
    const port = await freePort()
    const make = (max_viewers: number) =>
      configOf({
        sources: [{ type: 'http', options: { port } }],
        sinks: [{ type: 'http', options: { port, max_viewers, format: 'raw' } }, toFar()],
      })
    const service = await start(make(10))
    expect((await post(port, 'one')).status).toBe(202)
    for (let n = 11; n < 16; n++) {
      expect(await service.reload(loadedOf(make(n)))).toMatchObject({ result: 'changed' })
      const viewer = await Viewer.connect(port)
      expect((await post(port, `with ${n}`)).status).toBe(202)
      await viewer.sees(`with ${n}`)
    }
    expect(bench.far('http://far/').messages).toEqual(['one', ...numbers(11, 15, 'with ')])
    expect(service.isReady).toBe(true)
  })

  test('of settings that several stages of one port share, in two pipelines, changes them all at once', async () => {
    const port = await freePort()
    const make = (max_connections: number) => {
      const live = (name: string) => ({
        name,
        sources: [{ type: 'http', options: { port, ingest_path: `/${name}/in`, max_connections } }],
        sinks: [{ type: 'http', options: { port, stream_path: `/${name}/out`, max_connections, format: 'raw' } }],
      })
      return configOf(live('a'), live('b'))
    }
    const service = await start(make(100))
    expect(service.isReady).toBe(true)
    expect(await service.reload(loadedOf(make(101)))).toMatchObject({ result: 'changed' })
    expect(service.isReady).toBe(true)
    for (const name of ['a', 'b']) {
      const viewer = await Viewer.connect(port, `/${name}/out`)
      expect((await post(port, `to ${name}`, `/${name}/in`)).status).toBe(202)
      await viewer.sees(`to ${name}`)
    }
    expect(bench.lines.filter(({ level }) => Number(level) >= 50)).toEqual([])
  })

  test('adds, removes and changes pipelines, and says what it did', async () => {
    const a = { name: 'a', sources: [{ type: 'stdin' }], sinks: [toFar('http://a/')] }
    const b = { name: 'b', sources: [fromFile(bench.path('b.log'))], sinks: [toFar('http://b/')] }
    const service = await start(configOf(a))
    expect(await service.reload(loadedOf(configOf(a, b)))).toMatchObject({ result: 'changed', changes: ['b: added'] })
    await writeFile(bench.path('b.log'), 'hello\n')
    await until(() => bench.far('http://b/').messages.length === 1)
    expect(await service.reload(loadedOf(configOf(a, b)))).toMatchObject({ result: 'unchanged', changes: [] })
    expect(await service.reload(loadedOf(configOf(a)))).toMatchObject({ changes: ['b: removed'] })
    expect(bench.far('http://b/').open).toBe(0)
    expect(Object.keys(service.status().pipelines)).toEqual(['a'])
    const once = configSchema.parse({ ...configOf(a), pid_file: '/run/x.pid', disable_status_reporter: true })
    expect(await service.reload(loadedOf(once))).toMatchObject({
      changes: ['disable_status_reporter: changed', 'pid_file: from the next start on'],
    })
  })

  test('of the host of a port that two pipelines share moves it', async () => {
    const port = await freePort()
    const make = (host: string) => {
      const live = (name: string) => ({
        name,
        sources: [{ type: 'http', options: { host, port, ingest_path: `/${name}/in` } }],
        sinks: [{ type: 'http', options: { host, port, stream_path: `/${name}/out`, format: 'raw' } }],
      })
      return configOf(live('a'), live('b'))
    }
    const service = await start(make('127.0.0.1'))
    for (const host of ['0.0.0.0', '127.0.0.1']) {
      expect(await service.reload(loadedOf(make(host)))).toMatchObject({ result: 'changed' })
      expect(service.isReady).toBe(true)
      expect(service.status().listeners).toMatchObject([{ host, port }])
      for (const name of ['a', 'b']) {
        const viewer = await Viewer.connect(port, `/${name}/out`)
        expect((await post(port, `to ${name} on ${host}`, `/${name}/in`)).status).toBe(202)
        await viewer.sees(`to ${name} on ${host}`)
      }
    }
    expect(bench.lines.filter(({ level }) => Number(level) >= 50)).toEqual([])
  })

  test('that renames a pipeline goes on where it was, there and back', async () => {
    const path = bench.path('in.log')
    const at = (start_at: string) => (name: string) =>
      configOf({ name, sources: [fromFile(path, { start_at })], sinks: [toFar()] })
    const { messages } = bench.far('http://far/')
    const expected: string[] = []
    for (const make of [at('end'), at('beginning')]) {
      await writeFile(path, '')
      const service = await start(make('a'))
      for (const name of ['b', 'c', 'a', 'b']) {
        expected.push(`read before ${name}`, `written before ${name}`)
        await appendFile(path, `read before ${name}\n`)
        await until(() => messages.includes(`read before ${name}`))
        const reload = service.reload(loadedOf(make(name)))
        await until(() => Object.keys(service.status().pipelines).length === 0)
        await until(() => bench.far('http://far/').open === 0)
        await appendFile(path, `written before ${name}\n`)
        expect(await reload).toMatchObject({ result: 'changed' })
        await until(() => messages.length === expected.length)
      }
      expect(messages.splice(0)).toEqual(expected.splice(0))
      await service.stop(1000)
      await rm(bench.path('state'), { recursive: true })
    }
  })

  test.each(['a pipeline that is new', 'one that was there'])(
    'that moves a source to %s loses nothing of it, though others begin at the end',
    async (what) => {
      const [a, b, c] = ['a.log', 'b.log', 'c.log'].map((name) => fromFile(bench.path(name), { start_at: 'end' }))
      for (const name of ['a.log', 'b.log', 'c.log']) await writeFile(bench.path(name), '')
      const y = (...sources: unknown[]) => ({ name: 'y', sources, sinks: [toFar('http://y/')] })
      const x = (...sources: unknown[]) => ({ name: 'x', sources, sinks: [toFar('http://x/')] })
      const far = bench.far('http://x/')
      const service = await start(what.includes('new') ? configOf(y(b, c)) : configOf(y(b, c), x(a)))
      // What is to take it over is held up.
      far.mode = 'stuck'
      await appendFile(bench.path('a.log'), 'stuck\n')
      await appendFile(bench.path('c.log'), 'one\n')
      await until(() => bench.far('http://y/').messages.includes('one'))
      const reload = service.reload(loadedOf(configOf(y(b), x(c))))
      await until(() => service.status().pipelines['y']?.sources.length === 1)
      await appendFile(bench.path('c.log'), 'two\n')
      far.comeUp()
      await reload
      await until(() => far.messages.includes('two'))
      expect(far.messages.filter((line) => line === 'two')).toHaveLength(1)
    },
  )

  test.each([
    ['and it delivers what it has', true],
    ['and it says what it could not deliver', false],
  ])('a stop during a reload waits for a pipeline that was removed, %s', async (_what, comesUp) => {
    const kept = { name: 'kept', sources: [fromFile(bench.path('kept.log'))], sinks: [toFar('http://kept/')] }
    const gone = { name: 'gone', sources: [{ type: 'stdin' }], sinks: [toFar('http://gone/')] }
    const far = bench.far('http://gone/')
    far.mode = 'stuck'
    const service = await start(configOf(kept, gone))
    bench.stdin.write('one\ntwo\n')
    await until(() => service.status().pipelines['gone']?.total_processed === 2)
    const reload = service.reload(loadedOf(configOf(kept)))
    await until(() => !('gone' in service.status().pipelines))
    const stop = service.stop(comesUp ? 5000 : 100)
    await until(() => service.status().pipelines['kept']?.state === 'stopped')
    if (comesUp) far.comeUp()
    const left = { pipeline: 'gone', sink: '0 (http_client)', entries: 2, fate: 'they are lost' }
    expect(await stop).toEqual({ complete: comesUp, undelivered: comesUp ? [] : [left] })
    expect(far.messages).toEqual(comesUp ? ['one', 'two'] : [])
    await reload
  })

  test('with a port that is taken is refused, says why, and changes nothing', async () => {
    const taken = await occupy(0)
    const { port } = taken.address() as AddressInfo
    const free = await freePort()
    const a = { name: 'a', sources: [{ type: 'stdin' }], sinks: [toFar('http://a/')] }
    const live = (port: number) => ({
      name: 'live',
      sources: [fromFile(bench.path('in.log'))],
      sinks: [{ type: 'http', options: { port } }],
    })
    const service = await start(configOf(a))
    const wanted = configOf({ ...a, sinks: [toFar('http://elsewhere/')] }, { ...live(free), name: 'x' }, live(port))
    const result = await service.reload(loadedOf(wanted))
    expect(result).toMatchObject({ result: 'refused', changes: [], error: expect.stringContaining(`${port}`) })
    expect(service.status()).toMatchObject({ last_reload: { result: 'refused' }, total_pipelines: 1, listeners: [] })
    bench.stdin.write('x\n')
    await until(() => bench.far('http://a/').messages.length === 1)
    expect(bench.farSides.has('http://elsewhere/')).toBe(false)
    await new Promise((resolve) => taken.close(resolve))
    expect(await service.reload(loadedOf(wanted))).toMatchObject({ result: 'changed' })
    await Viewer.connect(port)
  })

  test('of router changes the paths', async () => {
    const port = await freePort()
    const plain = configOf({
      sources: [{ type: 'stdin' }],
      sinks: [{ type: 'http', options: { port, format: 'raw' } }],
    })
    const service = await start(plain)
    await Viewer.connect(port)
    await service.reload(loadedOf({ ...plain, router: true }))
    const viewer = await Viewer.connect(port, '/app/stream')
    bench.stdin.write('routed\n')
    await viewer.sees('routed')
    expect(service.status().mode).toBe('router')
    expect((await fetch(`http://127.0.0.1:${port}/stream`)).status).toBe(404)
  })

  test('during a reload waits, and only the newest one that waits counts', async () => {
    const make = (url: string) => configOf({ sources: [{ type: 'stdin' }], sinks: [toFar(url)] })
    const service = await start(make('http://0/'))
    const results = await Promise.all(numbers(1, 6).map((n) => service.reload(loadedOf(make(`http://${n}/`)))))
    expect(results.map(({ result }) => result)).toEqual(Array(6).fill('changed'))
    expect([...bench.farSides.keys()]).toEqual(['http://0/', 'http://1/', 'http://6/'])
    expect(service.status().reloads).toBe(2)
  })

  test('under load loses and repeats nothing, in the pipeline that changes and in the one that does not', async () => {
    const paths = ['changing.log', 'same.log'].map((name) => bench.path(name)) as [string, string]
    for (const path of paths) await writeFile(path, '')
    const make = (n: number) =>
      configOf(
        {
          name: 'changing',
          sources: [fromFile(paths[0], { max_line_bytes: 1000 + (n % 3) })],
          filters: [{ type: 'exclude', patterns: [`never ${n % 2}`] }],
          sinks: [{ type: 'http_client', options: { url: 'http://changing/', batch_size: 100 + (n % 5) } }],
        },
        { name: 'same', sources: [fromFile(paths[1])], sinks: [toFar('http://same/')] },
      )
    const service = await start(make(0))
    let isOver = false
    const writing = (async () => {
      let written = 0
      for (; !isOver; written += 50) {
        const text = lines(numbers(written + 1, written + 50))
        await Promise.all(paths.map((path) => appendFile(path, text)))
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      return written
    })()
    for (let n = 1; n <= 30; n++) {
      await service.reload(loadedOf(make(n)))
      if (n % 3 === 0) {
        const broken = configOf({
          sources: [fromFile('./x')],
          sinks: [{ type: 'file', options: { directory: '.', name: 'x' } }],
        })
        await service.reload(loadedOf({ ...broken, pipelines: [...make(n).pipelines, ownFile()] }))
        expect(service.status().last_reload?.result).toBe('refused')
      }
    }
    isOver = true
    const written = await writing
    for (const name of ['changing', 'same']) {
      const far = bench.far(`http://${name}/`)
      await until(() => far.messages.length >= written)
      expect(far.messages).toEqual(numbers(1, written))
      const { total_processed, sinks } = service.status().pipelines[name] ?? { sinks: [] }
      expect({ total_processed, delivered: sinks[0]?.total_delivered }).toEqual({
        total_processed: written,
        delivered: written,
      })
    }
    expect(bench.far('http://same/').made).toBe(1)
  })
})

/** A pipeline that would copy its own file round and round. */
function ownFile(): Config['pipelines'][number] {
  const [pipeline] = configOf({
    name: 'round',
    sources: [fromFile(bench.path('round.log'))],
    sinks: [{ type: 'file', options: { directory: bench.directory, name: 'round' } }],
  }).pipelines
  return pipeline as Config['pipelines'][number]
}

describe('W29: what the daemon writes is never a source', () => {
  test('a directory that a file sink and its own log write into is followed without their files, rotated ones too', async () => {
    const rotated = 'copy-20261121T100000.123Z-000001.log'
    const config = configSchema.parse({
      logging: { output: 'file', file: { directory: bench.directory, name: 'logwisp' } },
      pipelines: [
        {
          name: 'app',
          sources: [{ type: 'directory', options: { path: bench.directory, pattern: '*.log', check_interval_ms: 20 } }],
          sinks: [{ type: 'file', options: { directory: bench.directory, name: 'copy' } }, toFar()],
        },
      ],
    })
    await start(config)
    await writeFile(bench.path('app.log'), lines(numbers(1, 10)))
    await writeFile(bench.path(rotated), 'round\n')
    await writeFile(bench.path(`${rotated}.gz`), 'round\n')
    await writeFile(bench.path('logwisp.log'), 'round\n')
    await writeFile(bench.path('copy-2.log'), 'of another program\n')
    const far = bench.far('http://far/')
    await until(() => far.messages.length >= 11)
    await writeFile(bench.path('last.log'), 'last\n')
    await until(() => far.messages.includes('last'))
    expect(far.messages.toSorted()).toEqual([...numbers(1, 10), 'of another program', 'last'].toSorted())
    expect((await readFile(bench.path('copy.log'), 'utf8')).split('\n').filter(Boolean).length).toBeLessThanOrEqual(12)
  })

  test('a file source of exactly such a file is refused, at the start and in a reload', async () => {
    const config = { ...configOf({ sources: [{ type: 'stdin' }], sinks: [toFar()] }) }
    const round: Config = { ...config, pipelines: [ownFile()] }
    await expect(start(round)).rejects.toThrow(/is written by sink 0 of the pipeline round/)
    const service = await start(config)
    expect(await service.reload(loadedOf(round))).toMatchObject({ result: 'refused' })
    expect(service.isReady).toBe(true)
  })
})

describe('pipelines are isolated', () => {
  test('W28: one that cannot listen is told, and takes no other along; it serves as soon as it can', async () => {
    const taken = await occupy(0)
    const { port } = taken.address() as AddressInfo
    const service = await start(
      configOf(
        {
          name: 'broken',
          sources: [{ type: 'http', options: { port } }],
          sinks: [toFar('http://broken/')],
          max_restart_delay_seconds: 0.1,
        },
        { name: 'well', sources: [{ type: 'stdin' }], sinks: [toFar('http://well/')] },
      ),
    )
    bench.stdin.write('x\n')
    await until(() => bench.far('http://well/').messages.length === 1)
    expect(service.isReady).toBe(false)
    expect(service.status().pipelines['broken']?.sources[0]?.last_error).toMatch(/in use/)
    await new Promise((resolve) => taken.close(resolve))
    await until(() => service.isReady)
    expect((await post(port, 'mended')).status).toBe(202)
    await until(() => bench.far('http://broken/').messages.length === 1)
  })

  test('stopped, each tells what it could not deliver; done resolves', async () => {
    bench.far('http://stuck/').mode = 'stuck'
    await writeFile(bench.path('in.log'), lines(numbers(1, 25)))
    const service = await start(
      configOf(
        { name: 'stuck', sources: [fromFile(bench.path('in.log'))], sinks: [toFar('http://stuck/')] },
        { name: 'well', sources: [{ type: 'stdin' }], sinks: [toFar('http://well/')] },
      ),
    )
    await until(() => service.status().pipelines['stuck']?.total_processed === 25)
    expect(await service.stop(100)).toEqual({
      complete: false,
      undelivered: [
        {
          pipeline: 'stuck',
          sink: '0 (http_client)',
          entries: 25,
          fate: 'they are read again at the next start',
        },
      ],
    })
    await service.done
    expect(await service.reload(loadedOf(configOf({ sources: [{ type: 'stdin' }], sinks: [toFar()] })))).toMatchObject({
      result: 'refused',
    })
  })

  test('with a standard input that has ended it is done by itself', async () => {
    bench.stdin.end(lines(numbers(1, 500)))
    const service = await start(configOf({ sources: [{ type: 'stdin' }], sinks: [toFar()] }))
    await service.done
    expect(bench.far('http://far/').messages).toEqual(numbers(1, 500))
    expect(await service.stop(1000)).toEqual({ complete: true, undelivered: [] })
  })

  test('once: it reads what is there, delivers it and is done', async () => {
    await writeFile(bench.path('in.log'), lines(numbers(1, 5000)))
    const service = await start(configOf({ sources: [fromFile(bench.path('in.log'))], sinks: [toFar()] }), {
      once: true,
    })
    await service.done
    expect(bench.far('http://far/').messages).toEqual(numbers(1, 5000))
  })
})
