/** The clock that a test turns: what it drives, in which order, and what it waits for. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, get } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setInterval as everyNamed, setTimeout as namedTimeout } from 'node:timers'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type FakeClock, fakeClock, sampleTime } from '../src/testing.ts'

let clock: FakeClock

beforeEach(async () => {
  clock = await fakeClock()
})

afterEach(() => {
  clock.restore()
})

test('drives timers however they were imported, Date and performance.now, each at its own time', async () => {
  const ran: string[] = []
  const note = (name: string) => (): void => {
    ran.push(`${name} at ${clock.elapsedMs}`)
  }
  setTimeout(note('global'), 300)
  namedTimeout(note('named'), 200)
  void delay(100).then(note('promise'))
  const every = everyNamed(note('interval'), 150)
  await clock.advance(300)
  clearInterval(every)
  expect(ran).toEqual(['promise at 100', 'interval at 150', 'named at 200', 'global at 300', 'interval at 300'])
  expect([Date.now(), clock.now]).toEqual([sampleTime + 300, sampleTime + 300])
  expect(new Date().toISOString()).toBe('2026-11-21T12:00:00.300Z')
  expect(clock.timers).toBe(0)
})

test('what a timer sets off is done before the next one runs: promises, files, sockets, compression', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'logwisp-clock-'))
  const path = join(folder, 'file')
  const server = createServer((_, response) => response.end('answer')).listen(0, '127.0.0.1')
  await clock.settle()
  const { port } = server.address() as AddressInfo
  const steps: string[] = []
  setTimeout(async () => {
    await writeFile(path, 'text')
    steps.push(await readFile(path, 'utf8'))
    const answer = await new Promise<string>((resolve) => {
      get({ port, host: '127.0.0.1' }, async (response) => resolve(String((await response.toArray())[0])))
    })
    steps.push(answer)
    steps.push(`${(await promisify(gzip)(Buffer.alloc(2_000_000))).length > 0} after compression`)
  }, 10)
  setTimeout(() => steps.push('next timer'), 11)
  await clock.advance(11)
  expect(steps).toEqual(['text', 'answer', 'true after compression', 'next timer'])
  server.close()
  await rm(folder, { recursive: true })
})

test('a day passes in real milliseconds, and always in the same way', async () => {
  const began = process.hrtime.bigint()
  let ticks = 0
  const every = setInterval(() => ticks++, 600_000)
  await clock.advance(86_400_000)
  clearInterval(every)
  expect(ticks).toBe(144)
  expect(Number(process.hrtime.bigint() - began) / 1e6).toBeLessThan(5_000)
})

test('runs what a timer sets for the same moment, and what comes due within the time', async () => {
  const ran: number[] = []
  setTimeout(() => {
    ran.push(clock.elapsedMs)
    setTimeout(() => {
      ran.push(clock.elapsedMs)
      setTimeout(() => ran.push(clock.elapsedMs), 5)
    }, 5)
  }, 90)
  await clock.advance(100)
  expect(ran).toEqual([90, 95, 100])
  await clock.advance(0)
  expect(clock.elapsedMs).toBe(100)
})

test('turns just as far as it takes until something is so', async () => {
  let retries = 0
  const retry = (): unknown => (++retries < 4 ? setTimeout(retry, 1000 * 2 ** retries) : undefined)
  retry()
  await clock.until(() => retries === 4)
  expect(clock.elapsedMs).toBe(2000 + 4000 + 8000)
  expect(await clock.until(delay(50, 'value'))).toBe('value')
  await expect(clock.until(delay(50).then(() => Promise.reject(new Error('its own error'))))).rejects.toThrow(
    'its own error',
  )
})

test('waits in real time for what no timer brings', async () => {
  const server = createTcpServer((socket) => socket.end('x'))
  const closed = new Promise((resolve) => server.once('close', resolve))
  server.listen(0, '127.0.0.1', () => server.close())
  await clock.until(closed)
  expect(clock.elapsedMs).toBe(0)
})

test('says what it waited for in vain', async () => {
  setInterval(() => {}, 1000)
  await expect(clock.until(() => false, { maxMs: 10_000 })).rejects.toThrow('within 10000 ms of the fake clock')
  clock.restore()
  clock = await fakeClock({ realTimeoutMs: 30 })
  await expect(clock.until(() => false)).rejects.toThrow('no timer is left, and 30 ms of real time brought nothing')
  let isEndless = true
  const endless = (): unknown => isEndless && setImmediate(endless)
  endless()
  await expect(clock.advance(1)).rejects.toThrow('is something endless?')
  isEndless = false
  clock.restore()
  clock = await fakeClock()
})

test('a timer of 0 ms that sets itself for ever is told, and does not hang the test', async () => {
  const again = (): unknown => setTimeout(() => void Promise.resolve().then(again), 0)
  again()
  await expect(clock.advance(10)).rejects.toThrow('10000 timers ran at one moment')
})

test('sets the date without any time passing', async () => {
  let ran = false
  setTimeout(() => {
    ran = true
  }, 1000)
  clock.setDate(sampleTime - 3_600_000)
  expect([clock.now, clock.elapsedMs]).toEqual([sampleTime - 3_600_000, 0])
  await clock.advance(999)
  expect(ran).toBe(false)
  await clock.advance(1)
  expect(ran).toBe(true)
  expect(Date.now()).toBe(sampleTime - 3_600_000 + 1000)
})

test('is one at a time, and leaves the real clock as it was', async () => {
  await expect(fakeClock()).rejects.toThrow(TypeError)
  clock.restore()
  expect(Math.abs(Date.now() - performance.timeOrigin - performance.now())).toBeLessThan(60_000)
  const began = process.hrtime.bigint()
  await delay(2)
  await new Promise((resolve) => namedTimeout(resolve, 2))
  expect(process.hrtime.bigint() - began).toBeGreaterThan(3_000_000n)
  {
    using inner = await fakeClock({ now: 1000 })
    expect([Date.now(), inner.timers]).toEqual([1000, 0])
  }
  expect(Date.now()).toBeGreaterThan(sampleTime - 365 * 86_400_000)
  clock = await fakeClock()
})

test('is turned by one caller at a time', async () => {
  const first = clock.advance(10)
  await expect(clock.advance(10)).rejects.toThrow('await the call before')
  await first
})

test('refuses options that are none', async () => {
  clock.restore()
  await expect(fakeClock({ now: -1 })).rejects.toMatchObject({ code: 'BAD_OPTION', option: 'now' })
  await expect(fakeClock({ start: 1 } as never)).rejects.toMatchObject({ code: 'BAD_OPTION', option: 'start' })
  clock = await fakeClock()
  await expect(clock.advance(-1)).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

test('says which package is missing', async () => {
  vi.doMock('@sinonjs/fake-timers', () => {
    throw new Error('not there')
  })
  vi.resetModules()
  const { fakeClock: alone } = await import('../src/testing/fake-clock.ts')
  await expect(alone()).rejects.toMatchObject({
    code: 'PACKAGE_MISSING',
    message: expect.stringContaining('npm install'),
  })
  vi.doUnmock('@sinonjs/fake-timers')
})
