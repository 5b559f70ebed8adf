/** The reader of event streams, beside eventsource-parser on its own and beside the standard's examples. */

import { createParser } from 'eventsource-parser'
import { describe, expect, test } from 'vitest'
import { EventReader } from '../src/internal/sse/event-reader.ts'

type Seen = { readonly event?: string | undefined; readonly id?: string | undefined; readonly data: string }

interface Reading {
  readonly events: Seen[]
  readonly ids: string[]
  readonly retries: number[]
  tooLarge: number
}

function reading(maxEventBytes = 1_000_000): Reading & { readonly reader: EventReader } {
  const seen: Reading = { events: [], ids: [], retries: [], tooLarge: 0 }
  const reader = new EventReader(maxEventBytes, {
    event: ({ event, id, data }) => seen.events.push({ event, id, data }),
    id: (id) => seen.ids.push(id),
    retry: (ms) => seen.retries.push(ms),
    tooLarge: () => seen.tooLarge++,
  })
  return Object.assign(seen, { reader })
}

function read(pieces: readonly (Buffer | string)[], maxEventBytes?: number): Reading {
  const seen = reading(maxEventBytes)
  for (const piece of pieces) seen.reader.feed(Buffer.from(piece))
  const { events, ids, retries, tooLarge } = seen
  return { events, ids, retries, tooLarge }
}

const sample = [
  ': hello\n\n',
  'data: one\nid: 1\n\n',
  'event: dropped\ndata: {"entries":1}\n\n',
  'id: 2\n\n',
  'data: zwei\ndata: \u{1f99a} ü\nid: ü\n\n',
  'retry: 250\n\n',
  'data\n\n',
  'data:no blank\nother: x\nid\n\n',
  'event: nothing\n\n',
  'data: last, unfinished',
].join('')

const expected = {
  events: [
    { event: undefined, id: '1', data: 'one' },
    { event: 'dropped', id: undefined, data: '{"entries":1}' },
    { event: undefined, id: 'ü', data: 'zwei\n\u{1f99a} ü' },
    { event: undefined, id: undefined, data: '' },
    { event: undefined, id: '', data: 'no blank' },
  ],
  ids: ['2'],
  retries: [250],
  tooLarge: 0,
}

describe('reads the same', () => {
  for (const [name, ending] of [
    ['LF', '\n'],
    ['CR LF', '\r\n'],
    ['CR', '\r'],
  ] as const) {
    const bytes = Buffer.from(`\ufeff${sample}`.replaceAll('\n', ending))
    test(`whole, with ${name}`, () => expect(read([bytes])).toEqual(expected))
    test(`byte by byte, with ${name}`, () => {
      expect(read([...bytes].map((byte) => Buffer.of(byte)))).toEqual(expected)
    })
    test(`cut anywhere, with ${name}`, () => {
      for (let at = 0; at <= bytes.length; at++) {
        expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected)
      }
    })
  }
})

/** A small generator of numbers, so that a failure can be had again. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test('gives the events that eventsource-parser gives, over 3,000 streams of any lines in any pieces', () => {
  const fragments: string[] = [
    'data: a',
    'data:b',
    'data',
    'id: 7',
    'id:',
    'event: x',
    'event:',
    ': c',
    'retry: 9',
    'x: y',
    'ü',
    '',
    '',
    '',
  ]
  const endings = ['\n', '\r\n', '\r']
  let events = 0
  for (let seed = 1; seed <= 3000; seed++) {
    const next = numbers(seed)
    let text = ''
    const mixed = next(4) === 0
    const ending = endings[next(3)] as string
    for (let line = next(40); line >= 0; line--)
      text += (fragments[next(fragments.length)] as string) + (mixed ? (endings[next(3)] as string) : ending)
    // So that the last line is over for both: the parser waits for what may follow a carriage return.
    text += `${ending}${ending}:\n`
    const theirs: Seen[] = []
    createParser({ onEvent: ({ event, id, data }) => theirs.push({ event, id, data }) }).feed(text)
    const bytes = Buffer.from(text)
    const pieces: Buffer[] = []
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + next(30)
      pieces.push(bytes.subarray(at, end))
      at = end
    }
    expect(read(pieces).events, `seed ${seed}: ${JSON.stringify(text)}`).toEqual(theirs)
    events += theirs.length
  }
  expect(events).toBeGreaterThan(5000)
})

test('an id without an event is told, which eventsource-parser alone drops', () => {
  const ids: (string | undefined)[] = []
  const theirs = createParser({ onEvent: ({ id }) => ids.push(id) })
  theirs.feed('id: 7\n\n')
  theirs.feed('data: x\n\n')
  expect(ids).toEqual([undefined])
  expect(read(['id: 7\n\n', 'data: x\n\n']).ids).toEqual(['7'])
})

describe('an event beyond the limit is passed over, and told once', () => {
  const small = 'id: 1\ndata: a\n\n'
  const large = `id: 2\ndata: ${'x'.repeat(5000)}\n\n`
  const after = 'id: 3\ndata: b\n\n'
  const text = small + large + after
  test('in one piece', () => {
    const seen = read([text], 1000)
    expect(seen.tooLarge).toBe(1)
    expect(seen.events.map(({ id }) => id)).toEqual(['1', '3'])
  })
  test('in pieces of any size', () => {
    for (const size of [1, 2, 3, 100, 999, 1000, 1001, 2500]) {
      const pieces: string[] = []
      for (let at = 0; at < text.length; at += size) pieces.push(text.slice(at, at + size))
      const seen = read(pieces, 1000)
      expect([size, seen.tooLarge]).toEqual([size, 1])
      expect(seen.events.map(({ id }) => id)).toEqual(['1', '3'])
    }
  })
  test('with carriage returns', () => {
    const seen = read([...text.replaceAll('\n', '\r\n')], 1000)
    expect([seen.tooLarge, seen.events.length]).toEqual([1, 2])
  })
})

test('an endless event costs no more memory than the limit, and is over with its blank line', () => {
  const seen = reading(100_000)
  const { reader } = seen
  const before = process.memoryUsage().arrayBuffers
  const piece = Buffer.alloc(65_536, 'x')
  reader.feed(Buffer.from('data: '))
  for (let i = 0; i < 2000; i++) reader.feed(piece)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2_000_000)
  reader.feed(Buffer.from('\n\ndata: y\n\n'))
  expect(seen.events.map(({ data }) => data)).toEqual(['y'])
  expect(seen.tooLarge).toBe(1)
})
