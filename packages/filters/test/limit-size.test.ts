/** `limitSize`: what is too large, in bytes, as entries and as batches alike. */

import { expect, test } from 'vitest'
import { limitSize } from '../src/index.ts'
import { batchOf, through } from './batches.ts'

test.each([
  ['counts bytes, not characters', 'ééé\néé\nabcd\nabcde\n', ['éé', 'abcd']],
  ['does not count the line ending', 'abcd\r\nabcde\r\nabcd', ['abcd', 'abcd']],
  [
    'counts bytes that are no UTF-8 as what they are read as',
    Buffer.from([0xff, 0x0a, 0xff, 0x61, 0x62, 0x0a]),
    ['\ufffd'],
  ],
])('%s', async (_name, text, expected) => {
  const batch = batchOf(text)
  for (const items of [[batch], [...batch]]) {
    const filter = limitSize(4)
    expect((await through(filter, items)).messages).toEqual(expected)
    const dropped = batch.count - expected.length
    expect(filter.stats).toMatchObject({
      entriesIn: batch.count,
      entriesDropped: dropped,
      dropped: { 'too-large': dropped },
    })
  }
})

test.each([0, 1.5, '5', undefined])('refuses %s', (bad) => {
  expect(() => limitSize(bad as number)).toThrow('`maxEntryBytes` must be an integer of at least 1')
})
