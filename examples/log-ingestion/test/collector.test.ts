/** The collector by itself, against a receiver that is there, or is not, or does not answer. */

import { once } from 'node:events'
import { appendFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endAll, freePort, generate, start } from './programs.ts'

interface Received {
  readonly 'logwisp.id': string
  readonly time: string
  readonly level?: string
  readonly source: string
  readonly message: string
}

/** Several processes start in each, which takes a busy machine some seconds. */
vi.setConfig({ testTimeout: 90_000 })

let directory: string
let server: Server | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'log-ingestion-'))
})

afterEach(async () => {
  await endAll()
  server?.closeAllConnections()
  server?.close()
  server = undefined
  await rm(directory, { recursive: true })
})

/** Takes what is posted, as the API does; `batches` are what came so far. */
class Receiver {
  readonly batches: Received[][] = []
  #count = 0

  async listen(port = 0): Promise<number> {
    server = createServer(async (request, response) => {
      const lines = (await text(request)).trimEnd().split('\n')
      this.batches.push(lines.map((line) => JSON.parse(line) as Received))
      this.#count += lines.length
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(`{"status":"success","inserted":${lines.length}}`)
      server?.emit('received')
    }).listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  async count(entries: number): Promise<Received[]> {
    while (this.#count < entries) await once(server as Server, 'received')
    return this.batches.flat()
  }
}

const address = (port: number): string => `http://127.0.0.1:${port}/logs`

test('sends what the generator writes: each line whole, with its time, its level and an id, in batches', async () => {
  const receiver = new Receiver()
  const port = await receiver.listen()
  expect(await generate(1, 3000, directory).ended()).toBe(0)
  const collector = start('collector', ['app.log', address(port)], directory)
  const received = await receiver.count(5048)
  expect(received).toHaveLength(5048)
  expect(receiver.batches.length).toBeLessThan(20)
  expect(new Set(received.map((entry) => entry['logwisp.id'])).size).toBe(5048)
  expect(received[0]?.message).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} - Log 1$/)
  for (const { time, message, source } of received) {
    expect(new Date(time).getTime()).toBe(new Date(message.slice(0, 23)).getTime())
    expect(source).toBe('app.log')
  }
  const levels = new Map(received.map(({ level, message }) => [/- (?:\[(\w+)\]:|Log)/.exec(message)?.[1], level]))
  expect(Object.fromEntries(levels)).toEqual({
    undefined: undefined,
    DEBUG: 'debug',
    INFO: 'info',
    WARN: 'warn',
    ERROR: 'error',
  })
  expect(await collector.end()).toBe(0)
})

test('goes on where it was when it is killed or stopped, and does not wait for a dead API when it is to stop', async () => {
  const receiver = new Receiver()
  const port = await receiver.listen()
  await generate(1, 100, directory).ended()
  const first = start('collector', ['app.log', address(port)], directory)
  const before = (await receiver.count(165)).length
  expect(await first.end()).toBe(0)
  server?.closeAllConnections()
  server?.close()

  // More than it takes in its hands: it cannot read the log to its end.
  await generate(101, 6000, directory).ended()
  const second = start('collector', ['app.log', address(port)], directory)
  await second.says(/ECONNREFUSED/)
  expect(await second.end()).toBe(0)
  expect(second.said).toContain('stopped before the API had taken all')

  const third = start('collector', ['app.log', address(port)], directory)
  await receiver.listen(port)
  const messages = (await receiver.count(before + 9930)).map(({ message }) => message.slice(26))
  expect(messages.filter((message) => message.startsWith('Log'))).toEqual(
    Array.from({ length: 6000 }, (_, index) => `Log ${index + 1}`),
  )
  expect(await third.end()).toBe(0)
})

test('needs no memory for what the API does not take, and loses nothing of two rotations meanwhile', async () => {
  const port = await freePort()
  const path = join(directory, 'app.log')
  const filler = 'x'.repeat(1000)
  const lines = (from: number, to: number): string => {
    let written = ''
    for (let line = from; line < to; line++) written += `2026-06-26 09:47:00.123 - Log ${line} ${filler}\n`
    return written
  }
  await appendFile(path, lines(0, 1000))
  // 47 MB will wait. Whoever holds them in this heap dies of it.
  const collector = start('collector', ['app.log', address(port)], directory, {
    NODE_OPTIONS: '--max-old-space-size=40',
  })
  await collector.says(/ECONNREFUSED/)
  await appendFile(path, lines(1000, 16_000))
  await rename(path, `${path}.1`)
  await appendFile(path, lines(16_000, 31_000))
  await rename(`${path}.1`, `${path}.2`)
  await rename(path, `${path}.1`)
  await appendFile(path, lines(31_000, 46_000))
  const receiver = new Receiver()
  await receiver.listen(port)
  const received = await receiver.count(46_000)
  expect(received).toHaveLength(46_000)
  expect(received.every(({ message }, index) => message.startsWith(`2026-06-26 09:47:00.123 - Log ${index} `))).toBe(
    true,
  )
  expect(collector.peakBytes).toBeLessThan(250_000_000)
  expect(await collector.end()).toBe(0)
})
