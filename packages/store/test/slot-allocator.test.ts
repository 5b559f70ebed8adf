/** Where entries stand: each in its ms, in order of arrival; and what ids of origins are in the database. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { slotTurns } from '../src/internal/entry-id.ts'
import { maxOwnSlotMs, maxSlotMs } from '../src/internal/schema.ts'
import { packPlaces, splitOriginId, unpackPlaces } from '../src/internal/writer/origin-places.ts'
import { SlotAllocator, wantedMs } from '../src/internal/writer/slot-allocator.ts'

/** A table that has what was put into it. */
class Table {
  readonly turns = new Map<number, number>()
  looks = 0
  readonly lookup = {
    nextTurn: (ms: number): number => {
      this.looks++
      return this.turns.get(ms) ?? 0
    },
    nextTakenMs: (ms: number): number => Math.min(Infinity, ...[...this.turns.keys()].filter((taken) => taken > ms)),
  }
}

function take(slots: SlotAllocator, time: number): string {
  slots.take(time)
  return `${slots.ms}/${slots.turn}`
}

test('entries of one ms follow each other, behind those that are stored', () => {
  const table = new Table()
  table.turns.set(5, 3)
  const slots = new SlotAllocator(table.lookup)
  expect([5, 5.9, 4, 6, 5].map((time) => take(slots, time))).toEqual(['5/3', '5/4', '4/0', '6/0', '5/5'])
  expect(slots.maxSpillMs).toBe(0)
})

test('a ms that is full goes on in the next one that is not, and says how far', () => {
  const table = new Table()
  for (const ms of [10, 11, 12]) table.turns.set(ms, slotTurns)
  table.turns.set(13, slotTurns - 1)
  const slots = new SlotAllocator(table.lookup)
  expect([10, 10, 12, 14].map((time) => take(slots, time))).toEqual(['13/16383', '14/0', '14/1', '14/2'])
  expect(slots.maxSpillMs).toBe(4)
})

test('times beyond the ends stand at the ends, and do not count as far away', () => {
  const slots = new SlotAllocator(new Table().lookup)
  expect([8.64e15, maxOwnSlotMs + 1, -8.64e15].map((time) => take(slots, time))).toEqual([
    `${maxOwnSlotMs + 1}/0`,
    `${maxOwnSlotMs + 1}/1`,
    `${-maxSlotMs}/0`,
  ])
  expect(wantedMs(maxOwnSlotMs)).toBe(maxOwnSlotMs)
  expect(slots.maxSpillMs).toBe(0)
})

test('times in order, between which nothing is stored, are looked up once', () => {
  const table = new Table()
  table.turns.set(1_000_000, 1)
  const slots = new SlotAllocator(table.lookup)
  for (let ms = 0; ms < 10_000; ms++) slots.take(ms)
  expect(table.looks).toBe(1)
})

test('after a rollback the table is asked again; between transactions what is known is bounded', () => {
  const table = new Table()
  const slots = new SlotAllocator(table.lookup)
  expect(take(slots, 7)).toBe('7/0')
  slots.forget()
  expect(take(slots, 7)).toBe('7/0')
  for (let ms = 0; ms < 70_000; ms++) slots.take(ms)
  slots.forgetSome()
  expect(take(slots, 7)).toBe('7/0')
})

test('an id is its two parts, and no other id has the same two', () => {
  expect(splitOriginId('file:a1:42')).toEqual({ stream: 'file:a1', place: 42 })
  for (const id of ['', 'x', 'x:', 'x:y', 'x:-1', 'x:01', 'x:1.5', 'x:1e3', 'x:1234567890123456', 'x: 1', 'x:１']) {
    expect(splitOriginId(id)).toEqual({ stream: id, place: -1 })
  }
  const id = fc.string({ unit: fc.constantFrom(':', '0', '1', '9', 'a', '-'), maxLength: 8 })
  fc.assert(
    fc.property(id, id, (a, b) => {
      const one = splitOriginId(a)
      const other = splitOriginId(b)
      expect(one.stream === other.stream && one.place === other.place).toBe(a === b)
    }),
  )
})

test('places are packed and read back, whatever lies between them', () => {
  const places = fc.uniqueArray(fc.integer({ min: -1, max: 999_999_999_999_999 }), { minLength: 1 })
  fc.assert(
    fc.property(places, (any) => {
      const sorted = any.toSorted((a, b) => a - b)
      expect(unpackPlaces(sorted[0] as number, packPlaces(sorted))).toEqual(sorted)
    }),
  )
})
