/** Ids are places of entries: one text for each place, and texts are in the order of the places. */

import Database from 'better-sqlite3'
import { assert, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import {
  compareSlots,
  decodeEntryId,
  encodeEntryId,
  firstSlot,
  lastSlot,
  slotIdSql,
  slotMsSql,
  slotTurnSql,
  slotTurns,
} from '../src/internal/entry-id.ts'
import { packSlots, unpackSlots } from '../src/internal/packed-slots.ts'
import { maxSlotMs } from '../src/internal/schema.ts'
import { compareEntryIds } from '../src/stored-entry.ts'

const slot = record({
  ms: integer({ min: -maxSlotMs, max: maxSlotMs }),
  turn: integer({ min: 0, max: slotTurns - 1 }),
})

test('an id says the ms and the turn of its entry', () => {
  expect(encodeEntryId(Date.UTC(2026, 5, 26), 35)).toBe('mqu5zpc0-z')
  expect(encodeEntryId(-1, 0)).toBe('-1-0')
  assert(
    property(slot, (a) => {
      expect(decodeEntryId(encodeEntryId(a.ms, a.turn))).toEqual(a)
    }),
  )
})

test('ids are in the order of their places', () => {
  assert(
    property(slot, slot, (a, b) => {
      const byIds = compareEntryIds(encodeEntryId(a.ms, a.turn), encodeEntryId(b.ms, b.turn))
      expect(Math.sign(byIds)).toBe(Math.sign(compareSlots(a, b)))
    }),
  )
})

test.each([
  '',
  'x',
  '1-',
  '-0-0',
  '00-0',
  '1-00',
  '1-zzzz',
  'zzzzzzzzz-0',
  'A-0',
  '1-0 ',
  "1-0' OR 1=1 --",
  '1.5-0',
  '--1-0',
])('a text that is no id is refused: %j', (text) => {
  expect(decodeEntryId(text)).toBeUndefined()
})

test('SQL makes the same order of places as JavaScript, and gives them back', () => {
  const db = new Database(':memory:')
  const read = db.prepare<[number, number], { ms: number; turn: number }>(
    `SELECT ${slotMsSql('id')} AS ms, ${slotTurnSql('id')} AS turn FROM (SELECT ${slotIdSql} AS id)`,
  )
  assert(
    property(slot, (a) => {
      expect(read.get(a.ms, a.turn)).toEqual(a)
    }),
  )
  for (const a of [firstSlot, lastSlot]) expect(read.get(a.ms, a.turn)).toEqual(a)
  db.close()
})

test('the places of a commit are packed and unpacked, all or a part', () => {
  const slots = [firstSlot, { ms: 0, turn: 0 }, { ms: 1_782_000_000_000, turn: 7 }, lastSlot]
  expect(unpackSlots(packSlots(slots))).toEqual(slots)
  expect(unpackSlots(packSlots(slots), 1, 3)).toEqual(slots.slice(1, 3))
})
