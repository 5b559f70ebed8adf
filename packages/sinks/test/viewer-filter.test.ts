/** What a viewer's query lets pass. */

import type { LogEntry } from '@logwisp/core'
import { expect, test } from 'vitest'
import { passes, QueryError, viewerFilter } from '../src/internal/live/viewer-filter.ts'

function passing(query: string, entries: readonly Partial<LogEntry>[]): (string | undefined)[] {
  const filter = viewerFilter(new URLSearchParams(query))
  const whole = entries.map((entry) => ({ time: 0, source: 'a', message: 'm', ...entry }))
  return whole.filter((entry) => filter === undefined || passes(filter, entry)).map(({ message }) => message)
}

function refusal(query: string): QueryError {
  try {
    viewerFilter(new URLSearchParams(query))
  } catch (error) {
    return error as QueryError
  }
  throw new Error('the query was accepted')
}

test('asks for no filter when nothing was chosen, or a form was sent empty', () => {
  expect(viewerFilter(new URLSearchParams(''))).toBeUndefined()
  expect(viewerFilter(new URLSearchParams('level=&match=&source=&token=x'))).toBeUndefined()
})

test('lets a level and the more urgent ones pass, and entries without one unless told otherwise', () => {
  const entries = [
    { message: 'none' },
    { level: 'info', message: 'i' },
    { level: 'warn', message: 'w' },
    { level: 'fatal', message: 'f' },
  ] as const
  expect(passing('level=warn', entries)).toEqual(['none', 'w', 'f'])
  expect(passing('level=warn&whenUnknown=drop', entries)).toEqual(['w', 'f'])
})

test('finds a pattern anywhere in the message', () => {
  const entries = [{ message: 'a timeout' }, { message: 'Time' }, { message: 'x' }]
  expect(passing('match=time', entries)).toEqual(['a timeout'])
  expect(passing('match=(?i)time', entries)).toEqual(['a timeout', 'Time'])
  expect(passing('match=%5Ex%24', entries)).toEqual(['x'])
})

test('takes a source whole or by the end of its path, one or several', () => {
  const entries = ['/var/log/app.log', '/var/log/myapp.log', 'stdin'].map((source) => ({ source, message: source }))
  expect(passing('source=app.log', entries)).toEqual(['/var/log/app.log'])
  expect(passing('source=/var/log/myapp.log&source=stdin', entries)).toEqual(['/var/log/myapp.log', 'stdin'])
  expect(passing('source=log', entries)).toEqual([])
})

test('an entry must pass every kind of choice', () => {
  const entries = [
    { level: 'warn', message: 'a b' },
    { level: 'info', message: 'a b' },
    { level: 'warn', message: 'b' },
  ] as const
  expect(passing('level=warn&match=a&source=a', entries)).toHaveLength(1)
})

test.each([
  ['level=loud', 'level', 'expected one of trace, debug, info, warn, error, fatal, got "loud"'],
  ['level=warn&level=info', 'level', 'expected one value, got 2'],
  ['level=warn&whenUnknown=maybe', 'whenUnknown', 'expected pass or drop, got "maybe"'],
  ['match=(', 'match', 'bad pattern "("'],
  ['match=(?=x)', 'match', 'bad pattern'],
])('refuses %s and says which parameter is wrong', (query, parameter, message) => {
  const error = refusal(query)
  expect(error).toBeInstanceOf(QueryError)
  expect(error.parameter).toBe(parameter)
  expect(error.message).toContain(message)
})

test('answers (a+)+$ on 100 kB at once', () => {
  const filter = viewerFilter(new URLSearchParams('match=(a%2B)%2B%24'))
  const began = performance.now()
  expect(filter?.line(`${'a'.repeat(100_000)}b`, () => undefined)).toBe(false)
  expect(performance.now() - began).toBeLessThan(2000)
})
