/** Taking one selection of lines away from another. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Batch } from '../src/index.ts'

const messages = (batch: Batch): string[] => [...batch].map((entry) => entry.message)

test('keeps the lines that a selection does not have', () => {
  const batch = Batch.of({ bytes: Buffer.from('a\nb\r\n\nc\nd'), source: 's', time: 1 })
  const chosen = batch.select((start) => start === 2 || start === 8)
  expect(messages(batch.without(chosen))).toEqual(['a', '', 'c'])
  expect(messages(batch.without(batch))).toEqual([])
  expect(batch.without(batch).count).toBe(0)
  expect(batch.without(batch.withoutLines()).count).toBe(5)
})

/** A question for `select` that answers with these, one line after the other. */
const answers = (all: readonly boolean[]) => {
  let line = 0
  return () => all[line++] === true
}

test('takes away from any selection what was selected from it', () => {
  const line = fc.record({ text: fc.constantFrom('', 'a', 'é', 'b\r'), kept: fc.boolean(), removed: fc.boolean() })
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const bytes = Buffer.from(lines.map(({ text }) => `${text}\n`).join(''))
      const kept = lines.filter((it) => it.kept)
      const batch = Batch.of({ bytes, source: 's', time: 1 }).select(answers(lines.map((it) => it.kept)))
      const left = batch.without(batch.select(answers(kept.map((it) => it.removed))))
      expect(messages(left)).toEqual(kept.filter((it) => !it.removed).map((it) => it.text.replace('\r', '')))
      expect(left.count).toBe(messages(left).length)
    }),
  )
})
