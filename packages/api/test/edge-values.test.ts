/** Values at the edge of what a parameter takes: an answer or a 400, never trouble. */

import { expect, test } from 'vitest'
import { serving, temporaryStore } from './serving.ts'

test('a histogram has as many buckets as the store counts, and says so for more', async () => {
  const { ask } = await serving(await temporaryStore())
  expect(await ask('/logs/histogram?buckets=1000')).toMatchObject({ status: 200 })
  expect(await ask('/logs/histogram?buckets=1001')).toMatchObject({ status: 400, json: { parameter: 'buckets' } })
})

test('a position that the store can not read is a 400, not a stream that fails again and again', async () => {
  const { ask } = await serving(await temporaryStore())
  for (const after of ['9999999999999999.0', '0.9999999999999999']) {
    expect(await ask(`/logs/stream?after=${after}`), after).toMatchObject({ status: 400 })
  }
})
