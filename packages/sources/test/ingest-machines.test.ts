/** The small machines behind httpSource, each without a socket: what is remembered, whose turn it is, who waits for what. */

import { afterEach, describe, expect, test, vi } from 'vitest'
import { DeliveryWaits } from '../src/internal/http/delivery-waits.ts'
import { Remembered } from '../src/internal/http/remembered.ts'
import { type Parcel, Turnstile } from '../src/internal/http/turnstile.ts'
import { GrowingBytes } from '../src/internal/receive/growing-bytes.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('Remembered', () => {
  const wide = { maxEntries: 1000, maxBytes: 1_000_000, windowMs: 1000 }
  const known = (remembered: Remembered<true>, count: number, nowMs: number): number[] =>
    Array.from({ length: count }, (_, i) => i).filter((i) => remembered.get(`id${i}`, nowMs) !== undefined)

  test('never holds more names than it may, and always the newer half of so many', () => {
    const remembered = new Remembered<true>({ ...wide, maxEntries: 100 })
    for (let i = 0; i < 1000; i++) {
      remembered.add(`id${i}`, true, 0)
      expect(remembered.entries).toBeLessThanOrEqual(100)
      expect(known(remembered, i + 1, 0).length).toBeGreaterThanOrEqual(Math.min(i + 1, 50))
    }
    expect(known(remembered, 1000, 0).at(-1)).toBe(999)
  })

  test('never takes more memory than it may, however long names are', () => {
    const remembered = new Remembered<true>({ ...wide, maxBytes: 20_000 })
    for (let i = 0; i < 500; i++) {
      remembered.add(`${i}:${'x'.repeat((i * 37) % 512)}`, true, 0)
      expect(remembered.bytes).toBeLessThanOrEqual(20_000)
    }
    expect(remembered.entries).toBeGreaterThan(10)
  })

  test('remembers for at least as long as it should, and at most twice as long', () => {
    const remembered = new Remembered<true>(wide)
    remembered.add('first', true, 0)
    remembered.add('second', true, 999)
    expect(remembered.get('first', 999)).toBe(true)
    expect(remembered.get('second', 1998)).toBe(true)
    expect(remembered.get('first', 2000)).toBeUndefined()
    expect(remembered.get('second', 2999)).toBeUndefined()
    expect(remembered.entries).toBe(0)
  })

  test('a name is never forgotten before its time, unless there are too many', () => {
    for (let at = 0; at < 3000; at += 7) {
      const remembered = new Remembered<true>(wide)
      for (let earlier = 0; earlier < at; earlier += 190) remembered.add(`at${earlier}`, true, earlier)
      remembered.add('name', true, at)
      expect(remembered.get('name', at + 999), String(at)).toBe(true)
      expect(remembered.get('name', at + 2000), String(at)).toBeUndefined()
    }
  })
})

/** Gives one thing at a time, as long as `wants` says yes. */
function parcel(name: string, count: number, given: string[], wants: () => boolean): Parcel {
  let next = 0
  return {
    give() {
      let isWanted = true
      while (isWanted && next < count) {
        given.push(`${name}${next++}`)
        isWanted = wants()
      }
      return isWanted
    },
    get isBegun() {
      return next > 0
    },
    get isGiven() {
      return next === count
    },
  }
}

describe('Turnstile', () => {
  test('gives nothing before it is wanted, then in the order in which they came, and one after the other', async () => {
    const turnstile = new Turnstile(0)
    const given: string[] = []
    let left = 0
    const wants = (): boolean => --left > 0
    const settled: string[] = []
    const turns = ['a', 'b', 'c'].map((name) => {
      const turn = turnstile.pass(parcel(name, 2, given, wants))
      void turn?.passed.then(() => settled.push(name))
      return turn
    })
    expect(given).toEqual([])
    left = 3
    turnstile.want()
    expect(given).toEqual(['a0', 'a1', 'b0'])
    await Promise.resolve()
    expect(settled).toEqual(['a'])
    expect(turns[1]?.leave()).toBe(false)
    expect(turns[2]?.leave()).toBe(true)
    left = 100
    turnstile.want()
    expect(given).toEqual(['a0', 'a1', 'b0', 'b1'])
    // Wanted, and nobody waits: at once.
    expect(turnstile.pass(parcel('d', 1, given, wants))).toBeUndefined()
    expect(given.at(-1)).toBe('d0')
  })

  test('what is wanted while somebody gives is wanted after', () => {
    const turnstile = new Turnstile(0)
    const given: string[] = []
    turnstile.want()
    turnstile.pass(
      parcel('a', 1, given, () => {
        turnstile.want()
        return false
      }),
    )
    expect(turnstile.pass(parcel('b', 1, given, () => true))).toBeUndefined()
    expect(given).toEqual(['a0', 'b0'])
  })

  test('tells for how long nothing was wanted', () => {
    const turnstile = new Turnstile(100)
    expect(turnstile.fullForMs(350)).toBe(250)
    turnstile.want()
    expect(turnstile.fullForMs(500)).toBe(0)
    turnstile.pass(parcel('a', 1, [], () => false))
    expect(turnstile.fullForMs(performance.now() + 50)).toBeGreaterThanOrEqual(50)
  })

  test('closed for good it turns away who waits and who comes', async () => {
    const turnstile = new Turnstile(0)
    const waiting = turnstile.pass(parcel('a', 1, [], () => true))
    turnstile.close(new Error('over'))
    await expect(waiting?.passed).rejects.toThrow('over')
    turnstile.want()
    await expect(turnstile.pass(parcel('b', 1, [], () => true))?.passed).rejects.toThrow('over')
  })
})

describe('DeliveryWaits', () => {
  test('each waits for its own place, in any order', async () => {
    const waits = new DeliveryWaits()
    const settled: number[] = []
    for (const place of [5, 2, 9]) void waits.wait(place, Infinity).then((is) => is && settled.push(place))
    waits.acknowledge(1)
    waits.acknowledge(5)
    await new Promise(setImmediate)
    expect(settled).toEqual([5, 2])
    expect(await waits.wait(4, Infinity)).toBe(true)
    waits.acknowledge(100)
    await new Promise(setImmediate)
    expect(settled).toEqual([5, 2, 9])
    expect(waits.waiting).toBe(0)
  })

  test('one that waited too long is told, and so are all when it is given up', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const waits = new DeliveryWaits()
    const late = waits.wait(1, 100)
    const left = waits.wait(2, 1000)
    vi.advanceTimersByTime(100)
    expect(await late).toBe(false)
    waits.giveUp()
    expect(await left).toBe(false)
    expect(waits.waiting).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('GrowingBytes takes at most twice what is in it', () => {
  const growing = new GrowingBytes()
  const one = Buffer.from('x')
  for (let count = 1; count < 10_000; count++) {
    growing.add(one, 0, 1)
    expect(growing.capacity).toBeLessThanOrEqual(Math.max(1024, 2 * count))
  }
  expect(growing.take()).toEqual(Buffer.alloc(9999, 'x'))
  expect(growing.capacity).toBe(0)
})
