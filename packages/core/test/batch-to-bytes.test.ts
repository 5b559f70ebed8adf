/** What `toBytes` writes is the selected lines and nothing else, however they lie in their block. */

import { Batch, RunList } from '@logwisp/core'
import { describe, expect, it } from 'vitest'

function block(lines: number, bytesPerLine: number): { batch: Batch; text: string[] } {
  const text = Array.from({ length: lines }, (_, number) => `${number} `.padEnd(bytesPerLine - 1, 'x'))
  return { batch: Batch.of({ bytes: Buffer.from(`${text.join('\n')}\n`), source: 'app', time: 0 }), text }
}

/** Selects every so-manieth line, beginning with the second. */
function everyNth(batch: Batch, bytesPerLine: number, nth: number): Batch {
  const runs = new RunList()
  for (let line = 1; line < batch.count; line += nth) runs.add(line * bytesPerLine, (line + 1) * bytesPerLine)
  return batch.withRuns(runs)
}

describe('Batch.toBytes', () => {
  it.each([
    ['many short runs', 600, 100, 2],
    ['a few short runs far apart', 600, 100, 200],
    ['many runs in a block of several megabytes', 4000, 1000, 3],
  ])('joins %s', (_what, lines, bytesPerLine, nth) => {
    const { batch, text } = block(lines, bytesPerLine)
    const selected = everyNth(batch, bytesPerLine, nth)
    const expected = text.filter((_, line) => line % nth === 1 % nth && line > 0).map((line) => `${line}\n`)
    expect(selected.toBytes().toString()).toBe(expected.join(''))
  })

  it('gives bytes that stay when another batch is joined', () => {
    const first = everyNth(block(600, 100).batch, 100, 2).toBytes()
    const kept = Buffer.from(first)
    everyNth(block(600, 90).batch, 90, 3).toBytes()
    expect(first.equals(kept)).toBe(true)
  })
})
