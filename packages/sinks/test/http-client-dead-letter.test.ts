/** What an endpoint rejects is on the disk before its batch is acknowledged, and comes out again. */

import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type DeadLetter, deadLetter, type LogEntry, LogwispError, replay } from '@logwisp/core'
import { givingSource, RecordingTracker } from '@logwisp/core/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type HttpClientSinkOptions, httpClientSink } from '../src/http-client-sink.ts'
import { answers, type Receiver, receiver } from './http-receiver.ts'

const quick = { maxBatchDelayMs: 5, minRetryDelayMs: 1, maxRetryDelayMs: 5 } as const satisfies HttpClientSinkOptions

let parent: string
let directory: string
let server: Receiver
const open: DeadLetter[] = []

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'logwisp-dead-letters-'))
  directory = join(parent, 'rejected')
  server = await receiver()
})
afterEach(async () => {
  for (const one of open.splice(0)) one.destroy()
  await server.close()
  await rm(parent, { recursive: true })
})

function opened(options?: Parameters<typeof deadLetter>[1]): DeadLetter {
  const letters = deadLetter(directory, options)
  open.push(letters)
  return letters
}

/** What stands in the files of the directory. */
async function lettersIn(where = directory): Promise<Record<string, unknown>[]> {
  const names = (await readdir(where)).filter((name) => name.endsWith('.ndjson')).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(where, name), 'utf8')))
  return texts.flatMap((text) => text.split('\n').slice(0, -1)).map((line) => JSON.parse(line))
}

/** Refuses a request with an entry that says `bad`. */
const refusesBad: Receiver['answer'] = (received, res) => {
  const status = received.messages.some((message) => message.includes('bad')) ? 422 : 202
  return answers(status, {}, status === 422 ? { message: 'bad entry' } : '')(received, res)
}

test('a rejected entry is kept, with its id, why and by whom; the batch is acknowledged', async () => {
  server.answer = refusesBad
  const tracker = new RecordingTracker()
  const sink = httpClientSink(server.url, { ...quick, deadLetter: opened() })
  const warnings: LogwispError[] = []
  sink.on('warning', (warning) => warnings.push(warning))
  await pipeline(givingSource([tracker.batch(['fine', 'a bad one', 'fine too'])]), sink)
  expect(server.taken).toEqual(['fine', 'fine too'])
  expect(await lettersIn()).toEqual([
    expect.objectContaining({
      'logwisp.id': 'sample.log:5',
      message: 'a bad one',
      'logwisp.rejected': {
        time: expect.any(String),
        stage: 'httpClientSink',
        reason: 'HTTP 422: bad entry',
        status: 422,
        endpoint: server.url,
      },
    }),
  ])
  expect(tracker.mark).toBe(tracker.end)
  expect(sink.stats).toMatchObject({ entriesOut: 2, dropped: { rejected: 1 }, rejected: 1 })
  expect(warnings.map(({ code, message }) => [code, message.includes(directory)])).toEqual([['ENTRY_REJECTED', true]])
})

test('while there is no room for it nothing is acknowledged, and the warning is the sink’s too', async () => {
  server.answer = refusesBad
  const full = '20260101T000000.000Z-abcdef.ndjson'
  const letters = opened({ maxBytes: 65_536, retryDelayMs: 5 })
  await letters.reject({ time: 0, source: 'app', message: 'x' }, { reason: 'no' })
  await writeFile(join(directory, full), 'x'.repeat(65_400))
  const tracker = new RecordingTracker()
  const sink = httpClientSink(server.url, { ...quick, deadLetter: letters })
  const warned = new Promise<LogwispError>((resolve) => sink.once('warning', resolve))
  const done = pipeline(givingSource([tracker.batch(['fine', 'a bad one'])]), sink)
  expect((await warned).code).toBe('DEAD_LETTERS_FULL')
  expect(server.taken).toEqual(['fine'])
  expect(tracker.acknowledged).toEqual([])
  await rename(join(directory, full), join(parent, full))
  await done
  expect(tracker.mark).toBe(tracker.end)
  expect((await lettersIn()).map(({ message }) => message)).toEqual(['x', 'a bad one'])
})

test('when it cannot be kept the sink fails, and nothing of the batch is acknowledged', async () => {
  server.answer = refusesBad
  await writeFile(directory, 'a file where the directory should be')
  const tracker = new RecordingTracker()
  const sink = httpClientSink(server.url, { ...quick, deadLetter: opened() })
  const done = pipeline(givingSource([tracker.batch(['a bad one'])]), sink)
  await expect(done).rejects.toMatchObject({ code: 'WRITE_FAILED' })
  expect(tracker.acknowledged).toEqual([])
})

test('a sink that is destroyed before its failed dead letters say so still hears them: nothing goes uncaught', async () => {
  const letters = opened()
  const sink = httpClientSink(server.url, { ...quick, deadLetter: letters })
  const heard = new Promise<void>((resolve) => letters.on('close', resolve))
  letters.destroy(new LogwispError('WRITE_FAILED', 'the disk is gone: mount it again'))
  sink.destroy()
  await heard
  expect(letters.listenerCount('warning')).toBe(0)
})

test('a batch that is rejected as a whole is kept as a whole', async () => {
  server.answer = answers(404)
  const tracker = new RecordingTracker()
  const lines = Array.from({ length: 5000 }, (_, n) => `line ${n}`)
  const letters = opened()
  const sink = httpClientSink(server.url, { ...quick, whenUndeliverable: 'reject', deadLetter: letters })
  await pipeline(givingSource([tracker.batch(lines)]), sink)
  expect((await lettersIn()).map(({ message }) => message)).toEqual(lines)
  expect(letters.stats.entriesOut).toBe(5000)
  expect(tracker.mark).toBe(tracker.end)
})

test('a token that the endpoint repeats in its answer is not kept', async () => {
  server.answer = answers(400, {}, { message: 'bad token hunter2-secret' })
  const sink = httpClientSink(server.url, { ...quick, bearer: 'hunter2-secret', deadLetter: opened() })
  await pipeline(givingSource(new RecordingTracker().entries(['a'])), sink)
  const [text] = await Promise.all((await readdir(directory)).map((name) => readFile(join(directory, name), 'utf8')))
  expect(text).toContain('bad token [hidden]')
  expect(text).not.toContain('hunter2')
})

test('several sinks share one, and those who read `sink.deadLetter` get them too', async () => {
  server.answer = answers(422)
  const letters = opened()
  const read: LogEntry[] = []
  await Promise.all(
    ['one', 'two'].map(async (name) => {
      const sink = httpClientSink(server.url, { ...quick, deadLetter: letters })
      const reading = (async () => {
        for await (const entry of sink.deadLetter) read.push(entry)
      })()
      await pipeline(givingSource(new RecordingTracker(name).entries([`${name} 1`, `${name} 2`])), sink)
      await reading
    }),
  )
  const expected = ['one 1', 'one 2', 'two 1', 'two 2']
  expect(read.map(({ message }) => message).sort()).toEqual(expected)
  expect((await lettersIn()).map(({ message }) => message).sort()).toEqual(expected)
  expect(letters.listenerCount('warning') + letters.listenerCount('error')).toBe(0)
})

test('replayed they have their ids; what is rejected again is kept again, and the replay ends', async () => {
  server.answer = answers(422)
  const lines = Array.from({ length: 50 }, (_, n) => (n % 10 === 0 ? `bad ${n}` : `line ${n}`))
  const letters = opened()
  const tracker = new RecordingTracker()
  await pipeline(givingSource([tracker.batch(lines)]), httpClientSink(server.url, { ...quick, deadLetter: letters }))
  const ids = (await lettersIn()).map((letter) => letter['logwisp.id'])
  expect(ids).toHaveLength(50)

  server.answer = refusesBad
  for (const expected of [45, 0]) {
    server.taken.length = 0
    const source = replay(directory)
    await pipeline(source, httpClientSink(server.url, { ...quick, deadLetter: letters }))
    await source.close()
    expect(server.taken).toEqual(lines.filter((line) => expected > 0 && line.startsWith('line')))
    expect(source.stats.acknowledged).toBe(expected + 5)
  }
  const left = await lettersIn()
  expect(left.map(({ message }) => message)).toEqual(lines.filter((line) => line.startsWith('bad')))
  expect(left.map((letter) => letter['logwisp.id'])).toEqual(ids.filter((_, n) => n % 10 === 0))
  expect(new Set(left.map((letter) => (letter['logwisp.rejected'] as { times: number }).times))).toEqual(new Set([3]))
})

test('what is none is refused when it is made', () => {
  const bad = { ...quick, deadLetter: './rejected' as never }
  expect(() => httpClientSink(server.url, bad)).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', option: 'deadLetter' }),
  )
})
