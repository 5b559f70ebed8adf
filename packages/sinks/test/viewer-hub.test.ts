/** The viewers of a live sink, whatever the protocol: connections are played, time is faked. */

import { Batch, type LogEntry } from '@logwisp/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ReplayRing } from '../src/internal/live/replay-ring.ts'
import type { Viewer, ViewerStart } from '../src/internal/live/viewer.ts'
import { type ViewerFilter, viewerFilter } from '../src/internal/live/viewer-filter.ts'
import { type ViewerChannel, ViewerHub, type ViewerHubOptions } from '../src/internal/live/viewer-hub.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] })
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** One turn of the event loop: the hub has done what it put off. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

class Connection implements ViewerChannel {
  text = ''
  readonly bufferedBytes = 0
  probe?: () => void
  takes = true
  state: 'open' | 'ended' | 'destroyed' = 'open'
  viewer!: Viewer
  readonly #hub: ViewerHub

  constructor(hub: ViewerHub, start: Partial<ViewerStart> = {}) {
    this.#hub = hub
    this.viewer = hub.add(this, { position: 0, ...start })
  }
  write(data: Buffer | string): boolean {
    if (this.state !== 'open') throw new Error('written to after its end')
    this.text += data
    return this.takes
  }
  end(data: string): void {
    this.text += data
    this.state = 'ended'
    if (this.takes) this.#hub.remove(this.viewer)
  }
  destroy(): void {
    this.state = 'destroyed'
  }
  drain(): void {
    this.takes = true
    this.#hub.drained(this.viewer)
  }
}

function hubOf({
  maxEntries = 1000,
  entry = (one: LogEntry) => `${one.message} `,
  ...options
}: { maxEntries?: number; entry?: (one: LogEntry) => string } & Partial<ViewerHubOptions> = {}) {
  const errors: Error[] = []
  const hub = new ViewerHub({
    ring: new ReplayRing({ maxEntries, maxBytes: 1_000_000 }, 'run'),
    protocol: {
      entry,
      dropped: ({ entries, reason }) => `[${entries ?? '?'} ${reason}] `,
      heartbeat: (id) => `<${id ?? ''}> `,
      end: (reason) => (reason === 'stopped' ? 'END' : `END ${reason}`),
    },
    heartbeatMs: 15_000,
    stuckTimeoutMs: 30_000,
    idleTimeoutMs: Infinity,
    whenFull: 'drop-oldest',
    ...options,
    onError: (error) => errors.push(error),
  })
  return { hub, errors }
}

function entry(message: string, level?: 'info' | 'warn'): LogEntry {
  return { time: 0, source: 'a', message, level }
}

const messages = (from: number, to: number): LogEntry[] =>
  Array.from({ length: to - from }, (_, i) => entry(`${from + i}`))

test('W11: gives every entry to every viewer', async () => {
  const { hub } = hubOf()
  const viewers = [new Connection(hub), new Connection(hub), new Connection(hub)]
  hub.append([entry('a'), entry('b')])
  await turn()
  hub.append([Batch.of({ bytes: Buffer.from('c\nd'), source: 'x', time: 0 })])
  await turn()
  expect(viewers.map(({ text }) => text)).toEqual(['a b c d ', 'a b c d ', 'a b c d '])
  expect(hub.counts).toEqual({
    connected: 3,
    accepted: 3,
    cutOff: 0,
    entriesSent: 12,
    entriesMissed: 0,
    bytesBuffered: 0,
  })
  hub.destroy()
})

test('writes an entry once for all viewers without a filter', async () => {
  let written = 0
  const { hub } = hubOf({ entry: ({ message }) => `${message}${++written} ` })
  const viewers = Array.from({ length: 10 }, () => new Connection(hub))
  hub.append(messages(0, 100))
  await turn()
  expect(written).toBe(100)
  expect(new Set(viewers.map(({ text }) => text)).size).toBe(1)
  hub.destroy()
})

test('writes an entry once for all viewers whose filters say the same', async () => {
  let written = 0
  const { hub } = hubOf({ entry: ({ message }) => `${message}${++written} ` })
  const filters = ['level=warn&source=a&source=b', 'source=b&source=a&level=warn', 'level=warn&source=a']
  const viewers = filters.map(
    (query) => new Connection(hub, { filter: viewerFilter(new URLSearchParams(query)) as ViewerFilter }),
  )
  hub.append(messages(0, 100))
  await turn()
  expect(written).toBe(200)
  expect(viewers[0]?.text).toBe(viewers[1]?.text)
  hub.destroy()
})

test('writes no entry at all without viewers', async () => {
  let written = 0
  const { hub } = hubOf({ entry: () => `${++written}` })
  hub.append(messages(0, 100))
  await turn()
  expect(written).toBe(0)
})

test('sends nothing to a viewer whose connection is full, and goes on where it was once it has drained', async () => {
  const { hub } = hubOf()
  const [slow, quick] = [new Connection(hub), new Connection(hub)]
  slow.takes = false
  hub.append(messages(0, 2))
  await turn()
  hub.append(messages(2, 5))
  await turn()
  expect([slow.text, quick.text]).toEqual(['0 1 ', '0 1 2 3 4 '])
  slow.drain()
  await turn()
  expect(slow.text).toBe(quick.text)
  hub.destroy()
})

test('tells a viewer how many entries it missed, where it missed them', async () => {
  const { hub } = hubOf({ maxEntries: 10 })
  const slow = new Connection(hub)
  slow.takes = false
  hub.append(messages(0, 2))
  await turn()
  hub.append(messages(2, 20))
  await turn()
  slow.drain()
  await turn()
  expect(slow.text).toBe('0 1 [8 too-slow] 10 11 12 13 14 15 16 17 18 19 ')
  expect(hub.counts.entriesMissed).toBe(8)
  hub.destroy()
})

test('lets a viewer that fell behind go on with the next entry, when that is asked for', async () => {
  const { hub } = hubOf({ maxEntries: 10, whenFull: 'drop-all' })
  const slow = new Connection(hub)
  slow.takes = false
  hub.append(messages(0, 2))
  await turn()
  hub.append(messages(2, 20))
  slow.drain()
  await turn()
  hub.append(messages(20, 22))
  await turn()
  expect(slow.text).toBe('0 1 [18 too-slow] 20 21 ')
  hub.destroy()
})

test('cuts off a viewer that fell behind, when that is asked for', async () => {
  const { hub } = hubOf({ maxEntries: 10, whenFull: 'cut-off' })
  const [slow, quick] = [new Connection(hub), new Connection(hub)]
  slow.takes = false
  hub.append(messages(0, 2))
  await turn()
  hub.append(messages(2, 10))
  await turn()
  hub.append(messages(10, 20))
  slow.drain()
  await turn()
  expect([slow.state, quick.state]).toEqual(['destroyed', 'open'])
  expect(hub.counts).toMatchObject({ connected: 1, cutOff: 1 })
  hub.destroy()
})

test('says good-bye to a viewer that got no entry for too long, however many heartbeats it got', async () => {
  const { hub } = hubOf({ idleTimeoutMs: 60_000 })
  const [idle, busy] = [
    new Connection(hub, { filter: viewerFilter(new URLSearchParams('match=never')) as ViewerFilter }),
    new Connection(hub),
  ]
  await vi.advanceTimersByTimeAsync(50_000)
  hub.append(messages(0, 1))
  await turn()
  await vi.advanceTimersByTimeAsync(20_000)
  expect(idle.text).toMatch(/END idle$/)
  expect([idle.state, busy.state]).toEqual(['ended', 'open'])
  expect(hub.counts).toMatchObject({ connected: 1, cutOff: 1 })
  hub.destroy()
})

test('cuts off who was told good-bye and does not go', async () => {
  const { hub } = hubOf({ idleTimeoutMs: 40_000 })
  const stays = new Connection(hub)
  stays.end = (data) => {
    stays.text += data
  }
  await vi.advanceTimersByTimeAsync(45_000)
  expect([stays.state, hub.connected]).toEqual(['open', 1])
  await vi.advanceTimersByTimeAsync(45_000)
  expect([stays.state, hub.connected]).toEqual(['destroyed', 0])
})

test('asks a connection for an answer once per heartbeat, busy or not, and cuts off one that leaves two unanswered', async () => {
  const { hub } = hubOf()
  const [dead, alive] = [new Connection(hub), new Connection(hub)]
  dead.probe = vi.fn<() => void>()
  alive.probe = vi.fn<() => void>()
  for (let second = 0; second < 60; second++) {
    hub.append(messages(second, second + 1))
    await turn()
    await vi.advanceTimersByTimeAsync(1000)
    hub.heard(alive.viewer)
  }
  expect(dead.probe).toHaveBeenCalledTimes(2)
  expect(alive.probe).toHaveBeenCalledTimes(4)
  expect([dead.state, alive.state]).toEqual(['destroyed', 'open'])
  hub.destroy()
})

test('begins anew for a viewer that wants something else, from where it wants it', async () => {
  const { hub } = hubOf()
  const viewer = new Connection(hub)
  hub.append([entry('a', 'info'), entry('b', 'warn'), entry('c', 'info')])
  await turn()
  hub.restart(viewer.viewer, { position: 1, filter: viewerFilter(new URLSearchParams('level=warn')) })
  await turn()
  expect(viewer.text).toBe('a b c b ')
  hub.append([entry('d', 'info'), entry('e', 'warn')])
  await turn()
  expect(viewer.text).toBe('a b c b e ')
  hub.destroy()
})

test('tells a viewer at its start what was missed before', async () => {
  const { hub } = hubOf()
  hub.append(messages(0, 3))
  const viewer = new Connection(hub, { position: 2, gap: { entries: undefined, reason: 'not-kept' } })
  const late = new Connection(hub, { position: 3, gap: { entries: 7, reason: 'not-kept' } })
  await turn()
  expect([viewer.text, late.text]).toEqual(['[? not-kept] 2 ', '[7 not-kept] '])
  hub.destroy()
})

test('gives a viewer what its filter lets pass', async () => {
  const { hub } = hubOf()
  const filter = viewerFilter(new URLSearchParams('level=warn&whenUnknown=drop'))
  const viewer = new Connection(hub, { filter })
  hub.append([
    entry('a', 'info'),
    entry('b', 'warn'),
    Batch.of({ bytes: Buffer.from('INFO c\nWARN d\ne\n'), source: 'x', time: 0 }),
  ])
  await turn()
  expect(viewer.text).toBe('b WARN d ')
  hub.destroy()
})

test('sends a sign of life to who got nothing for the time of a heartbeat, and only then', async () => {
  const { hub } = hubOf()
  const viewer = new Connection(hub)
  await vi.advanceTimersByTimeAsync(14_000)
  hub.append(messages(0, 1))
  await turn()
  await vi.advanceTimersByTimeAsync(14_000)
  expect(viewer.text).toBe('0 ')
  await vi.advanceTimersByTimeAsync(5000)
  expect(viewer.text).toBe('0 <> ')
  await vi.advanceTimersByTimeAsync(45_000)
  expect(viewer.text).toBe('0 <> <> <> <> ')
  hub.destroy()
})

test('tells a viewer with a filter, at a heartbeat, the id to come back with when it saw nothing', async () => {
  const { hub } = hubOf()
  const viewer = new Connection(hub, { filter: viewerFilter(new URLSearchParams('match=never')) })
  hub.append(messages(0, 50))
  await turn()
  await vi.advanceTimersByTimeAsync(40_000)
  expect(viewer.text).toBe('<run-50> <> ')
  hub.destroy()
})

test('cuts off a viewer whose connection takes nothing for too long, and no other', async () => {
  const { hub } = hubOf()
  const [stuck, slow, quick] = [new Connection(hub), new Connection(hub), new Connection(hub)]
  stuck.takes = false
  slow.takes = false
  hub.append(messages(0, 1))
  await turn()
  await vi.advanceTimersByTimeAsync(20_000)
  slow.drain()
  await vi.advanceTimersByTimeAsync(20_000)
  expect([stuck.state, slow.state, quick.state]).toEqual(['destroyed', 'open', 'open'])
  expect(hub.counts).toMatchObject({ connected: 2, cutOff: 1 })
  hub.destroy()
})

test('cuts off nobody because the process stood still', async () => {
  const { hub } = hubOf()
  const viewer = new Connection(hub)
  viewer.takes = false
  hub.append(messages(0, 1))
  await turn()
  // An hour passes, and no timer ran meanwhile.
  vi.setSystemTime(Date.now() + 3_600_000)
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 3_600_000)
  await vi.advanceTimersByTimeAsync(4000)
  vi.mocked(performance.now).mockRestore()
  expect(viewer.state).toBe('open')
  hub.destroy()
})

test('has no timer without viewers', () => {
  const { hub } = hubOf()
  const viewer = new Connection(hub)
  expect(vi.getTimerCount()).toBe(1)
  hub.remove(viewer.viewer)
  expect(vi.getTimerCount()).toBe(0)
})

test('ends only when every viewer has everything, and tells each that this was all', async () => {
  const { hub } = hubOf()
  const [quick, slow] = [new Connection(hub), new Connection(hub)]
  slow.takes = false
  hub.append(messages(0, 2))
  await turn()
  hub.append(messages(2, 3))
  let ended = false
  const finished = hub.finish(5000).then(() => (ended = true))
  await turn()
  expect([quick.text, ended]).toEqual(['0 1 2 END', false])
  slow.drain()
  await finished
  expect(slow.text).toBe('0 1 2 END')
  expect(hub.counts.connected).toBe(0)
})

test('ends without a viewer that does not take its last entries in time', async () => {
  const { hub } = hubOf()
  const stuck = new Connection(hub)
  stuck.takes = false
  hub.append(messages(0, 2))
  await turn()
  const finished = hub.finish(5000)
  await vi.advanceTimersByTimeAsync(5000)
  await finished
  expect(stuck.state).toBe('destroyed')
})

test('ends at once without viewers', async () => {
  await hubOf().hub.finish(5000)
})

test('hands on what writing an entry throws, and leaves nothing running', async () => {
  const { hub, errors } = hubOf({
    entry: () => {
      throw new Error('no such field')
    },
  })
  const viewer = new Connection(hub)
  hub.append(messages(0, 2))
  await turn()
  expect(errors.map(({ message }) => message)).toEqual(['no such field'])
  hub.destroy()
  expect(viewer.state).toBe('destroyed')
})

/** Writes an entry in two ms, which a viewer with a filter of its own has to itself. */
const slowly = (): string => {
  for (const began = performance.now(); performance.now() - began < 2; );
  return 'x'.repeat(40_000)
}
const everything = (viewer: number): ViewerStart => ({
  position: 0,
  filter: viewerFilter(new URLSearchParams(`match=.|${viewer}`)),
})

test('leaves the event loop to others in between, and serves all viewers alike', async () => {
  vi.useRealTimers()
  const { hub } = hubOf({ entry: slowly })
  const viewers = Array.from({ length: 5 }, (_, viewer) => new Connection(hub, everything(viewer)))
  hub.append(messages(0, 20))
  // 200 ms of work: 5 viewers, 20 entries, 2 ms each.
  let turns = 0
  for (; hub.counts.entriesSent < 100; turns++) await turn()
  expect(turns).toBeGreaterThan(5)
  expect(new Set(viewers.map(({ text }) => text.length)).size).toBe(1)
  hub.destroy()
  vi.useFakeTimers()
})

test('takes no more than its share of the time while entries come, however much there is to send', async () => {
  vi.useRealTimers()
  const { hub } = hubOf({ entry: slowly })
  for (let i = 0; i < 5; i++) new Connection(hub, everything(i))
  const began = performance.now()
  while (performance.now() - began < 500) {
    hub.append(messages(0, 1))
    await turn()
  }
  const share = (hub.counts.entriesSent * 2) / (performance.now() - began)
  expect(share).toBeGreaterThan(0.05)
  expect(share).toBeLessThan(0.4)
  hub.destroy()
  vi.useFakeTimers()
})
