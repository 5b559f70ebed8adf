/** A buffer that was taken out of the configuration while something waited in it: nobody would ask for that again. */

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Config } from '../src/config/schema.ts'
import type { Service } from '../src/service/service-contract.ts'
import { Bench, configOf, fromFile, lines, numbers, toFar, until } from './pipeline-bench.ts'
import { StartedServices } from './started-services.ts'

let bench: Bench
let services: StartedServices
beforeEach(async () => {
  bench = await Bench.open()
  services = new StartedServices(bench)
})
afterEach(async () => {
  await services.stop()
  await bench.close()
})

const start = (config: Config): Promise<Service> => services.start(config)

const app = (sink: object): Config => configOf({ sources: [fromFile(bench.path('in.log'))], sinks: [sink] })
const plain = (): Config => app(toFar('http://plain/'))
const buffered = (): Config =>
  app({ ...toFar(), buffer: { type: 'disk', directory: bench.path('spool'), fsync_interval_ms: 5 } })

const left = (): Record<string, unknown>[] => bench.lines.filter(({ code }) => code === 'BUFFER_LEFT')

/** The buffer has so many entries, which its sink does not take; then the daemon ends. */
async function leaveBehind(entries: number): Promise<void> {
  bench.far('http://far/').mode = 'down'
  await writeFile(bench.path('in.log'), lines(numbers(1, entries)))
  const service = await start(buffered())
  await until(() => service.status().pipelines['app']?.sinks[0]?.buffer?.entries === entries)
  await service.stop(300)
}

describe('what waits in a buffer that no sink has any more', () => {
  test('is told at each start, with how much it is, until a sink has it again and delivers it', async () => {
    await leaveBehind(500)
    for (let life = 1; life <= 2; life++) {
      const without = await start(plain())
      await until(() => left().length === life)
      await without.stop(5000)
    }
    expect(left()[0]).toMatchObject({
      level: 40,
      code: 'BUFFER_LEFT',
      directory: bench.path('spool'),
      entries: 500,
      bytes: expect.any(Number),
      msg: expect.stringMatching(
        /^500 entries \(\d+ bytes\) wait in .*spool, which was the buffer of sink 0 \(http_client\) of "app", .* give a sink a buffer with this directory/,
      ),
    })
    const far = bench.far('http://far/')
    far.comeUp()
    const again = await start(buffered())
    await until(() => far.messages.length === 500)
    await again.stop(5000)
    // Nothing is left: nothing is said, and it is forgotten.
    const last = await start(plain())
    await last.stop(5000)
    expect(left()).toHaveLength(2)
    expect(far.messages).toEqual(numbers(1, 500))
  })

  test('is not told when all is delivered, in a reload neither, nor when its directory was removed by hand', async () => {
    await leaveBehind(50)
    const far = bench.far('http://far/')
    far.comeUp()
    const service = await start(buffered())
    await until(() => far.messages.length === 50)
    await service.reload(services.loaded(plain()))
    await service.stop(5000)
    await rm(bench.path('in.log'))
    await leaveBehind(20)
    await rm(bench.path('spool'), { recursive: true })
    await (await start(plain())).stop(5000)
    expect(left()).toEqual([])
  })

  test('a directory that cannot be looked into is told, too, and a list of them that is damaged stops nothing', async () => {
    await leaveBehind(5)
    const [list] = (await readdir(bench.path('state'))).filter((name) => name.startsWith('buffers-'))
    await rm(bench.path('spool'), { recursive: true })
    await writeFile(bench.path('spool'), '')
    await (await start(plain())).stop(5000)
    const told = bench.lines.filter(({ code }) => code === 'BUFFER_FAILED')
    expect(told.at(-1)?.['msg']).toMatch(/spool was the buffer of sink 0 .*: cannot look into the buffer/)
    await writeFile(bench.path('state', list as string), '{')
    const service = await start(plain())
    await until(() => bench.lines.some(({ code }) => code === 'CHECKPOINT_CORRUPT'))
    expect(service.status().state).toBe('running')
  })

  test('keeps no list where there never was a buffer', async () => {
    await mkdir(bench.path('state'))
    await writeFile(bench.path('in.log'), '')
    await (await start(plain())).stop(5000)
    expect((await readdir(bench.path('state'))).filter((name) => name.startsWith('buffers-'))).toEqual([])
  })
})
