/** What the micro benches work on: the same in every run. */

import { Batch } from '@logwisp/core'
import { type LogCharset, logLines } from '../harness/log-text.ts'

const seed = 7
const blockBytes = 65_536

/** Some lines of the log. */
export function sampleLines(count: number, charset: LogCharset = 'ascii'): string[] {
  const next = logLines(seed, charset)
  return Array.from({ length: count }, next)
}

/** A block of whole lines as a source reads it, 64 KiB long but for what a last line would be too much. */
export function sampleBlock(charset: LogCharset = 'ascii'): { bytes: Buffer; lines: number } {
  const next = logLines(seed, charset)
  let text = ''
  let lines = 0
  for (let line = next(); Buffer.byteLength(text) + Buffer.byteLength(line) + 1 <= blockBytes; line = next()) {
    text += `${line}\n`
    lines++
  }
  return { bytes: Buffer.from(text), lines }
}

/** A batch over a block that nobody has looked at yet: what is found in a block is kept there. */
export function freshBatch(bytes: Buffer): Batch {
  return Batch.of({ bytes, source: 'app.log', time: Date.UTC(2026, 10, 21, 12) })
}
