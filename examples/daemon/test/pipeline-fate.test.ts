/** What is said of entries that were not delivered in time, by the source that they came from. */

import { describe, expect, test } from 'vitest'
import type { SourceConfig } from '../src/config/schema.ts'
import { fateOfUndelivered } from '../src/pipeline/fate-of-undelivered.ts'

const source = (type: string, options: Record<string, unknown> = {}): SourceConfig =>
  ({ type, options }) as unknown as SourceConfig

describe('entries that were not delivered', () => {
  test.each([
    ['of a directory', source('directory'), 'they are read again at the next start'],
    ['of standard input', source('stdin'), 'they are lost'],
    ['of a stream', source('sse'), 'they are asked for again at the next start, as far back as the server has them'],
    [
      'of TCP',
      source('tcp', { framing: 'lines' }),
      /^they are sent again by those who ask .* of others they are lost$/,
    ],
    ['of syslog', source('tcp', { framing: 'octet-counted' }), 'they are lost'],
    ['of HTTP, answered when delivered', source('http', { respond: 'delivered' }), /^they are sent again by clients/],
    ['of HTTP, answered before', source('http', { respond: 'accepted' }), 'they are lost'],
    ['of a WebSocket server', source('websocket', { url: 'ws://far/' }), /^they are asked for again/],
    ['of WebSocket clients', source('websocket', { port: 1 }), /^they are sent again by those who ask/],
  ])('%s', (_what, config, expected) => {
    const fate = fateOfUndelivered([{ index: 0, config, open: undefined }])
    if (typeof expected === 'string') expect(fate).toBe(expected)
    else expect(fate).toMatch(expected)
  })

  test('of several sources: each with its number, and those that have nothing open are left out', () => {
    expect(
      fateOfUndelivered([
        { index: 0, config: source('directory'), open: 95 },
        { index: 1, config: source('file'), open: 0 },
        { index: 2, config: source('stdin'), open: undefined },
      ]),
    ).toBe('95 of source 0 (directory): read again at the next start; those of source 2 (stdin): lost')
    const files = [0, 1].map((index) => ({ index, config: source('file'), open: 3 }))
    expect(fateOfUndelivered(files)).toBe('they are read again at the next start')
  })
})
