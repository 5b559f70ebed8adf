/**
 * Whatever is added, sent, acknowledged and rewound, in whatever order: what is sent on each connection is exactly what was
 * not safe, in order; items come back once, in order, and only when all of their entries are safe; nothing is kept at the end.
 */

import { type Batch, isBatch, type LogEntry } from '@logwisp/core'
import { RecordingTracker } from '@logwisp/core/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Outbox } from '../src/internal/tcp-client/outbox.ts'

type Action =
  | { readonly do: 'entry' | 'marker' | 'send' | 'rewind' }
  | { readonly do: 'batch'; readonly lines: number }
  | { readonly do: 'settle'; readonly share: number }
  | { readonly do: 'large' }

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ do: 'entry' } as const) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('batch' as const), lines: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'large' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'marker' } as const) },
  { weight: 4, arbitrary: fc.constant({ do: 'send' } as const) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('settle' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'rewind' } as const) },
)

test('an outbox sends what is not safe, in order, and gives items back once', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const outbox = new Outbox()
      const tracker = new RecordingTracker()
      const all: string[] = []
      const items: (LogEntry | Batch)[] = []
      const back: (LogEntry | Batch)[] = []
      let safe = 0
      let sent = 0
      const add = (item: LogEntry | Batch): void => {
        const lines = isBatch(item) ? [...item].map(({ message }) => message) : [item.message]
        all.push(...lines)
        items.push(item)
        outbox.add(item, isBatch(item) ? item.toBytes() : `${item.message}\n`)
        if (outbox.entries === 0) back.push(...outbox.settle(0))
      }
      const send = (): boolean => {
        const parcel = outbox.next()
        if (parcel === undefined) return false
        const lines = parcel.bytes.toString().split('\n').slice(0, -1)
        expect(lines).toEqual(all.slice(sent, sent + parcel.entriesLeft))
        sent += lines.length
        return true
      }
      const settle = (entries: number): void => {
        safe += entries
        back.push(...outbox.settle(entries))
        let covered = 0
        for (const item of back) covered += isBatch(item) ? item.count : 1
        expect(covered).toBeLessThanOrEqual(safe)
      }
      const line = (text = ''): string => `${all.length} ${text}`
      for (const step of actions) {
        if (step.do === 'entry') add(tracker.entries([line()])[0] as LogEntry)
        else if (step.do === 'large') add(tracker.entries([line('x'.repeat(40_000))])[0] as LogEntry)
        else if (step.do === 'batch') add(tracker.batch(Array.from({ length: step.lines }, (_, i) => `${line()}.${i}`)))
        else if (step.do === 'marker') add(tracker.batch(['dropped']).withoutLines())
        else if (step.do === 'send') send()
        else if (step.do === 'settle') settle(Math.floor((sent - safe) * step.share))
        else {
          expect(outbox.rewind()).toBe(sent - safe)
          sent = safe
        }
        expect(outbox.entries).toBe(all.length - safe)
      }
      while (send());
      settle(sent - safe)
      expect(back).toEqual(items)
      expect([outbox.entries, outbox.heldBytes]).toEqual([0, 0])
    }),
    { numRuns: 500 },
  )
})
