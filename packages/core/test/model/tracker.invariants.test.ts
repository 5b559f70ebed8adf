/**
 * Whatever is acknowledged in whatever order, late and repeated, a tracker's mark is the greatest of all, it never goes
 * back, and each step forward is told once.
 *
 * 1000 lists of acknowledgements by lot (seed 20261121); `LOGWISP_RUNS=10` takes ten times as many, `LOGWISP_SEED` others.
 */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { acknowledge, type Origin, Tracker } from '../../src/index.ts'
import { RecordingTracker } from '../../src/testing.ts'

const numRuns = 1000 * Number(process.env['LOGWISP_RUNS'] ?? 1)
const seed = Number(process.env['LOGWISP_SEED'] ?? 20_261_121)

test('the mark is the greatest sequence that came', () => {
  const sequence = fc.oneof(fc.nat(20), fc.constantFrom(0, Number.MAX_SAFE_INTEGER, 2 ** 32))
  fc.assert(
    fc.property(fc.array(sequence, { maxLength: 40 }), (sequences) => {
      const told: number[] = []
      const tracker = new Tracker(({ sequence }) => told.push(sequence))
      const seen: number[] = []
      for (const sequence of sequences) {
        const origin: Origin = { tracker, sequence, id: String(sequence) }
        acknowledge({ time: 0, source: '', message: '', origin })
        seen.push(sequence)
        expect(tracker.acknowledged?.sequence).toBe(Math.max(...seen))
      }
      const steps = sequences.filter((sequence, index) => sequences.slice(0, index).every((other) => other < sequence))
      expect(told).toEqual(steps)
    }),
    { numRuns, seed },
  )
})

test('of a batch cut and filtered anyhow, acknowledging a part says how far the lines in it go, and no farther', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(12), { minLength: 1, maxLength: 20 }), fc.nat(20), fc.nat(3), (lengths, cut, every) => {
      const lines = new RecordingTracker()
      const tracker = new Tracker()
      const all = lines.batch(lengths.map((length) => 'x'.repeat(length)))
      const ends = [...all].map(({ origin }) => origin?.sequence as number)
      const mine = all.withOrigins((origin) => ({ ...origin, id: origin.id, tracker }))
      let line = 0
      const kept = mine.select(() => line++ % (every + 1) === 0)
      const [head, tail] = kept.split(cut)
      acknowledge(head)
      // What was filtered out behind the part's last line may be covered: nobody needs it.
      const keptEnds = ends.filter((_, index) => index % (every + 1) === 0)
      const next = keptEnds[head.count]
      const reached = tracker.acknowledged?.sequence ?? 0
      expect(reached).toBeGreaterThanOrEqual(keptEnds[head.count - 1] ?? 0)
      if (next !== undefined) expect(reached).toBeLessThan(next)
      acknowledge(tail)
      expect(tracker.acknowledged?.sequence).toBe(lines.end)
    }),
    { numRuns, seed },
  )
})
