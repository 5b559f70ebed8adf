/**
 * The hub under random lists of actions, against a model: whatever comes, whoever is slow, drains, leaves or changes its
 * mind, each viewer is sent exactly the entries that pass its filter, in order and once, and for what the ring no longer
 * had a gap of just that size; what waits in connections is bounded; and nothing is left behind.
 */

import type { LogEntry } from '@logwisp/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplayRing } from '../src/internal/live/replay-ring.ts'
import type { Viewer } from '../src/internal/live/viewer.ts'
import { type ViewerFilter, viewerFilter } from '../src/internal/live/viewer-filter.ts'
import { type ViewerChannel, ViewerHub } from '../src/internal/live/viewer-hub.ts'

const ringEntries = 20
const filters = ['', 'match=[02468]$', 'level=warn', 'level=warn&source=a'] as const

const levelOf = (sequence: number): 'warn' | 'info' => (sequence % 3 === 0 ? 'warn' : 'info')
const entryOf = (sequence: number): LogEntry => ({
  time: 0,
  source: sequence % 4 === 0 ? 'b' : 'a',
  level: levelOf(sequence),
  message: `${sequence}`,
})

/** What the filter of this index lets pass, said in another way. */
const passes = (filter: number, sequence: number): boolean =>
  [true, sequence % 2 === 0, levelOf(sequence) === 'warn', levelOf(sequence) === 'warn' && sequence % 4 !== 0][
    filter
  ] === true

const filterOf = (index: number): ViewerFilter | undefined => viewerFilter(new URLSearchParams(filters[index]))

/** A connection that takes writes until it holds so many of them, and the model of what it must have been sent. */
class Connection implements ViewerChannel {
  readonly sent: string[] = []
  viewer!: Viewer
  /** The sequence from which on nothing was promised to it yet. */
  position: number
  filter: number
  open = true
  slow = false

  constructor(position: number, filter: number) {
    this.position = position
    this.filter = filter
  }
  get bufferedBytes(): number {
    return 0
  }
  write(data: Buffer | string): boolean {
    if (!this.open) throw new Error('written to after its end')
    this.sent.push(...String(data).trim().split(' '))
    return !this.slow
  }
  end(): void {
    this.open = false
  }
  destroy(): void {
    this.open = false
  }

  /** Checks what was sent since the last time: all that passed up to `next`, but for a gap in front of what the ring had. */
  check(next: number): void {
    let at = this.position
    for (const word of this.sent.splice(0)) {
      const gap = /^\[(\d+)\]$/.exec(word)?.[1]
      if (gap !== undefined) {
        at += Number(gap)
        continue
      }
      while (!passes(this.filter, at) && at < Number(word)) at++
      expect(Number(word)).toBe(at)
      at++
    }
    // One that takes nothing more has come as far as it says, and was sent all that passed up to there.
    const end = this.slow ? this.viewer.position : next
    for (; at < end; at++) expect(passes(this.filter, at)).toBe(false)
    expect(at).toBe(end)
    this.position = end
  }
}

const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('append' as const), entries: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const), filter: fc.nat(3), back: fc.nat(10) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('slow', 'drain', 'leave'), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refilter' as const), which: fc.nat(5), filter: fc.nat(3) }) },
)

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('sends each viewer what it is to have, once, in order, with gaps of the right size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 40 }),
      fc.constantFrom('drop-oldest' as const, 'drop-all' as const),
      async (actions, whenFull) => {
        const ring = new ReplayRing({ maxEntries: ringEntries, maxBytes: 10_000_000 }, 'run')
        const errors: Error[] = []
        const hub = new ViewerHub({
          ring,
          protocol: {
            entry: ({ message }) => `${message} `,
            dropped: ({ entries }) => `[${entries}] `,
            heartbeat: () => '',
            end: () => '',
          },
          heartbeatMs: Infinity,
          stuckTimeoutMs: Infinity,
          idleTimeoutMs: Infinity,
          whenFull,
          onError: (error) => errors.push(error),
        })
        let viewers: Connection[] = []
        /** Until nobody who takes something lacks anything. */
        const settle = async (): Promise<void> => {
          while (viewers.some(({ viewer }) => viewer.ready)) await turn()
          for (const viewer of viewers) viewer.check(ring.next)
        }
        for (const step of actions) {
          const one = 'which' in step ? viewers[step.which] : undefined
          if (step.do === 'append') {
            const from = ring.next
            hub.append(Array.from({ length: step.entries }, (_, i) => entryOf(from + i)))
          } else if (step.do === 'join') {
            const position = Math.max(ring.first, ring.next - step.back)
            const connection = new Connection(position, step.filter)
            connection.viewer = hub.add(connection, { position, filter: filterOf(step.filter) })
            viewers.push(connection)
          } else if (one !== undefined && step.do === 'slow') one.slow = true
          else if (one !== undefined && step.do === 'drain') {
            one.slow = false
            hub.drained(one.viewer)
          } else if (one !== undefined && step.do === 'leave') {
            hub.remove(one.viewer)
            viewers = viewers.filter((viewer) => viewer !== one)
          } else if (one !== undefined && step.do === 'refilter') {
            await settle()
            // What was looked at for the old filter is not looked at again for the new one.
            one.position = one.viewer.position
            one.filter = step.filter
            hub.restart(one.viewer, { position: one.viewer.position, filter: filterOf(step.filter) })
          }
          if (step.do !== 'append' || step.entries % 2 === 0) await settle()
        }
        for (const viewer of viewers) {
          viewer.slow = false
          hub.drained(viewer.viewer)
        }
        await settle()
        expect(errors).toEqual([])
        expect(hub.connected).toBe(viewers.length)
        hub.destroy()
        expect(viewers.some(({ open }) => open)).toBe(false)
      },
    ),
    { numRuns: 300 },
  )
})
