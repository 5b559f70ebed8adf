/** The bytes of `text/event-stream`, read back by an independent parser. */

import { serverSentComment, serverSentEvent, serverSentId, serverSentRetry } from '@logwisp/core/server'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { expect, test } from 'vitest'

function parse(pieces: Iterable<string>): { events: EventSourceMessage[]; comments: string[]; retries: number[] } {
  const events: EventSourceMessage[] = []
  const comments: string[] = []
  const retries: number[] = []
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onComment: (text) => comments.push(text),
    onRetry: (ms) => retries.push(ms),
    onError: (error) => {
      throw error
    },
  })
  for (const piece of pieces) parser.feed(piece)
  return { events, comments, retries }
}

/** What the standard makes of line breaks within data. */
const normal = (text: string): string => text.replaceAll('\r\n', '\n').replaceAll('\r', '\n')

test('W12: ends every event with a blank line', () => {
  expect(serverSentEvent({ id: '7', data: '{"a":1}' })).toBe('id: 7\ndata: {"a":1}\n\n')
  expect(serverSentEvent({ event: 'dropped', data: '{}' })).toBe('event: dropped\ndata: {}\n\n')
})

test('writes each line of the data as one, whatever breaks it', () => {
  expect(serverSentEvent({ data: 'a\nb\r\nc\rd' })).toBe('data: a\ndata: b\ndata: c\ndata: d\n\n')
  expect(serverSentEvent({ data: '\n' })).toBe('data: \ndata: \n\n')
})

test('an entry without text is an event all the same', () => {
  expect(parse([serverSentEvent({ id: '1', data: '' })]).events).toEqual([{ id: '1', event: undefined, data: '' }])
})

test('carries any text: read back equal but for the kind of line breaks, cut anywhere', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', ' ', ':', '\n', '\r', '\0', 'é', '😀', '\u2028', '\ufeff', 'data: ', 'id: 9'),
  })
  const event = fc.record({
    id: fc.constantFrom('3', 'ino:1-2/x'),
    event: fc.constantFrom(undefined, 'dropped'),
    data: text,
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 5 }), fc.array(fc.nat(200)), (events, cuts) => {
      const written = events
        .map(({ event: type, ...rest }) => serverSentEvent({ ...rest, ...(type !== undefined && { event: type }) }))
        .join('')
      const expected = events.map(({ data, ...rest }) => ({ ...rest, data: normal(data) }))
      const places = [0, ...cuts.filter((at) => at < written.length).sort((a, b) => a - b), written.length]
      const pieces = places.slice(1).map((end, i) => written.slice(places[i], end))
      expect(parse([written]).events).toEqual(expected)
      expect(parse(pieces).events).toEqual(expected)
      expect(parse(Array.from({ length: written.length }, (_, i) => written.charAt(i))).events).toEqual(expected)
    }),
  )
})

test('a comment, a retry and a bare id are no events', () => {
  const { events, comments, retries } = parse([
    serverSentComment('heartbeat'),
    serverSentRetry(2000),
    serverSentId('x-1'),
  ])
  expect(events).toEqual([])
  expect(comments).toEqual(['heartbeat'])
  expect(retries).toEqual([2000])
})
