import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { type Batch, EntryReadable, type LogEntry } from '../src/index.ts'
import { collectingSink, RecordingTracker } from '../src/testing.ts'

const tracker = new RecordingTracker()
const entry = (message: string): LogEntry => ({ time: 0, source: 's', message })
/** Unlike `once`, it does not mind an error. */
const closed = (stream: Readable | Writable): Promise<unknown> =>
  new Promise((resolve) => stream.once('close', resolve))
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Does what a test says each time it is asked. */
class Scripted extends EntryReadable {
  pulls = 0
  readonly #script: (source: Scripted, pull: number) => void | Promise<void>
  constructor(script: (source: Scripted, pull: number) => void | Promise<void>) {
    super()
    this.#script = script
  }
  protected override pull(): void | Promise<void> {
    return this.#script(this, ++this.pulls)
  }
  override give(item: LogEntry | Batch): boolean {
    return super.give(item)
  }
  override finish(): void {
    super.finish()
  }
  override took(entries: number): void {
    super.took(entries)
  }
}

async function messagesOf(source: Scripted): Promise<string[]> {
  const messages: string[] = []
  for await (const { message } of source) messages.push(message)
  return messages
}

test('gives what pull gives, one at a time or many', async () => {
  const one = new Scripted((source, pull) => void (pull > 50 ? source.finish() : source.give(entry(`${pull}`))))
  expect(await messagesOf(one)).toHaveLength(50)
  const many = new Scripted((source, pull) => {
    for (let i = 0; i < 100; i++) source.give(entry(`${pull}-${i}`))
    if (pull === 3) source.finish()
  })
  const messages = await messagesOf(many)
  expect(messages).toHaveLength(300)
  expect(messages.at(-1)).toBe('3-99')
})

test('does not ask again while a pull is under way', async () => {
  let running = 0
  let most = 0
  const source = new Scripted(async (source, pull) => {
    most = Math.max(most, ++running)
    await turn()
    source.give(entry(`${pull} a`))
    await turn()
    source.give(entry(`${pull} b`))
    running--
    if (pull === 20) source.finish()
  })
  expect(await messagesOf(source)).toHaveLength(40)
  expect(most).toBe(1)
})

test('waits for what a pull says will come later, without asking over and over', async () => {
  const source = new Scripted(async (source, pull) => {
    setTimeout(() => {
      source.give(entry(`${pull}`))
      if (pull === 3) source.finish()
    }, 5)
  })
  expect(await messagesOf(source)).toEqual(['1', '2', '3'])
  expect(source.pulls).toBe(3)
})

test('asks again when what it was given was a batch without lines', async () => {
  const source = new Scripted((source, pull) => {
    if (pull < 10) source.give(tracker.batch(['x']).withoutLines())
    else if (pull === 10) source.give(entry('at last'))
    else source.finish()
  })
  expect(await messagesOf(source)).toEqual(['at last'])
  const later = new Scripted(async (source, pull) => {
    await turn()
    if (pull < 10) source.give(tracker.batch(['x']).withoutLines())
    else source.finish()
  })
  expect(await messagesOf(later)).toEqual([])
})

test('is not asked for more than its reader wants', async () => {
  const source = new Scripted((source) => void source.give(entry('x')))
  source.once('readable', () => {})
  for (let i = 0; i < 10; i++) await turn()
  expect(source.pulls).toBeLessThan(20)
  source.destroy()
})

test('holds what was given beyond that, in its books too', async () => {
  const source = new Scripted((source, pull) => {
    const batch = tracker.batch(Array(1000).fill('x'))
    source.took(batch.count)
    source.give(batch)
    if (pull === 2) source.finish()
  })
  const iterator = source[Symbol.asyncIterator]()
  await iterator.next()
  const { stats } = source
  expect(stats.entriesHeld).toBeGreaterThan(900)
  expect(stats.entriesIn).toBe(stats.entriesOut + stats.entriesHeld)
  let count = 1
  while (!(await iterator.next()).done) count++
  expect(count).toBe(2000)
  expect(source.stats).toMatchObject({ entriesIn: 2000, entriesOut: 2000, entriesHeld: 0 })
})

test.each([
  [
    'thrown at once',
    () => {
      throw new Error('no more')
    },
  ],
  ['rejected', () => Promise.reject(new Error('no more'))],
  [
    'thrown when asked again',
    (source: Scripted, pull: number) => {
      // Asked again outside of a read: nobody else is there to catch it.
      if (pull > 1) throw new Error('no more')
      source.give(tracker.batch(['x']).withoutLines())
    },
  ],
  [
    'thrown after a promise',
    (source: Scripted, pull: number) => {
      if (pull > 1) throw new Error('no more')
      return turn().then(() => void source.give(entry('one')))
    },
  ],
])('an error %s destroys it, once', async (_, script) => {
  const source = new Scripted(script)
  const errors: Error[] = []
  source.on('error', (error) => errors.push(error))
  source.resume()
  await closed(source)
  expect(errors).toMatchObject([{ message: 'no more' }])
})

test('stop() lets out what is held and asks for nothing more', async () => {
  const source = new Scripted((source, pull) => void source.give(tracker.batch([`${pull}a`, `${pull}b`, `${pull}c`])))
  const messages: string[] = []
  for await (const { message } of source) {
    messages.push(message)
    if (messages.length === 10) source.stop()
  }
  expect(messages).toHaveLength(source.pulls * 3)
})

test('a listener that reads while it is told of an entry loses none', async () => {
  let count = 0
  const source = new Scripted((source, pull) => {
    source.give(tracker.batch([`${pull}a`, `${pull}b`, `${pull}c`]))
    if (pull === 30) source.finish()
  })
  source.on('data', () => {
    count++
    source.read()
  })
  await once(source, 'end')
  expect(count).toBe(90)
})

test('a listener that reads from within gets entries of the next batch in their place, and one end', async () => {
  const source = new Scripted((source) => {
    setImmediate(() => {
      source.give(tracker.batch(['1', '2', '3']))
      source.give(tracker.batch(Array.from({ length: 100 }, (_, i) => `${4 + i}`)))
      source.finish()
    })
  })
  const messages: string[] = []
  source.on('data', ({ message }) => {
    messages.push(message)
    source.read()
  })
  await once(source, 'end')
  expect(messages).toEqual(Array.from({ length: 103 }, (_, i) => `${1 + i}`))
})

test('goes on to a second consumer where the first stopped', async () => {
  const source = new Scripted((source, pull) => {
    source.give(tracker.batch(Array.from({ length: 10 }, (_, i) => `${(pull - 1) * 10 + i}`)))
    if (pull === 20) source.finish()
  })
  const first = collectingSink({ held: true })
  source.pipe(first)
  await turn()
  source.unpipe(first)
  first.release()
  await turn()
  const second = collectingSink({ takes: 'entries' })
  await pipeline(source, second)
  expect([...first.messages, ...second.messages]).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`))
})
