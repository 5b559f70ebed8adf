/** An entry in memory of its own. */

import { expect, test } from 'vitest'
import { ownedEntry } from '../src/owned-entry.ts'
import { memoryInUse } from '../src/testing.ts'

test('is equal to the one it was made of, however odd its fields', () => {
  const origin = { tracker: { acknowledge: () => {} }, sequence: 1, id: 'x' }
  const when = new Date(5)
  const fields = JSON.parse('{"__proto__":{"a":1},"list":[1,"a text that is longer",null,{"b":[]}]}')
  const entry = {
    time: 1,
    source: 's',
    level: 'warn',
    message: 'some message',
    fields: { ...fields, when, big: 10n },
    origin,
  } as const
  const { entry: owned } = ownedEntry(entry)
  expect(owned).toEqual(entry)
  expect(Object.hasOwn(owned.fields ?? {}, '__proto__')).toBe(true)
  expect(owned.origin).toBe(origin)
  expect(owned.fields?.['when']).toBe(when)
})

test('ends at fields that contain themselves', () => {
  const fields: Record<string, unknown> = { name: 'loop' }
  fields['self'] = fields
  expect(ownedEntry({ time: 1, source: 's', message: 'm', fields }).bytes).toBeLessThan(5000)
})

test('counts the bytes of the message and of all fields', () => {
  const text = 'x'.repeat(10_000)
  expect(ownedEntry({ time: 1, source: 's', message: text }).bytes).toBeGreaterThan(20_000)
  expect(ownedEntry({ time: 1, source: 's', message: '', fields: { a: [{ b: text }] } }).bytes).toBeGreaterThan(20_000)
})

test('does not keep the block alive that its texts were cut out of', () => {
  const kept: unknown[] = []
  const before = memoryInUse()
  for (let i = 0; i < 1000; i++) {
    const block = Buffer.alloc(64 * 1024, `line ${i} user=somebody-with-a-name `).toString('latin1')
    const message = block.slice(0, 36)
    kept.push(ownedEntry({ time: 1, source: 's', message, fields: { user: message.slice(12, 30) } }).entry)
  }
  // 64 MB if the blocks were kept.
  expect(memoryInUse() - before).toBeLessThan(4_000_000)
  expect(kept).toHaveLength(1000)
})
