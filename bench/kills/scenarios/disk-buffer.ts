/** A disk buffer that is written and read at the same time, with what comes behind it always some lines late. */

import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { acknowledge, type DiskBuffer, type DiskBufferOptions, diskBuffer, type LogEntry } from '@logwisp/core'
import type { KillScenario } from '../kill-scenario.ts'
import { checkLines, LineTracker, lineCount, lineOf } from '../numbered-lines.ts'

/** Lines that are written together, by turns as entries and as batches. */
const together = [1, 3, 2]

/** After how many lines the sink acknowledges what it got. */
const acknowledgedTogether = 5

function bufferIn(directory: string, fsync: NonNullable<DiskBufferOptions['fsync']>): DiskBuffer {
  // A segment takes seven lines or so: some of them come and go.
  return diskBuffer(join(directory, 'spool'), { segmentBytes: 1024, maxBytes: 1 << 20, fsync, fsyncIntervalMs: 1 })
}

/** Carries everything through a buffer, which then has closed. */
async function carry(from: Parameters<typeof Readable.from>[0], buffer: DiskBuffer, sink: Writable): Promise<void> {
  const closed = once(buffer, 'close')
  await pipeline(Readable.from(from), buffer, sink)
  await closed
}

/** A sink that has a line safe when it says so, and acknowledges some together. */
function sinkOf(delivered: (entry: LogEntry) => void): Writable {
  let waiting = 0
  let last: LogEntry | undefined
  return new Writable({
    objectMode: true,
    write(entry: LogEntry, _encoding, done) {
      delivered(entry)
      last = entry
      if (++waiting >= acknowledgedTogether) {
        waiting = 0
        acknowledge(entry)
      }
      setImmediate(done)
    },
    final(done) {
      if (last !== undefined) acknowledge(last)
      done()
    },
  })
}

export function diskBufferScenario(fsync: NonNullable<DiskBufferOptions['fsync']>): KillScenario {
  return {
    name: `disk buffer, fsync ${fsync}`,
    async run(directory, from, say) {
      const tracker = new LineTracker(say.acknowledged)
      async function* source() {
        for (let number = from, turn = 0; number <= lineCount; turn++) {
          const count = Math.min(together[turn % together.length] as number, lineCount - number + 1)
          yield tracker.item(number, count)
          number += count
          await tracker.until(number - 1)
        }
      }
      const deliver = (entry: LogEntry): void => say.delivered(Number(entry.message.slice(0, 4)))
      await carry(source(), bufferIn(directory, fsync), sinkOf(deliver))
    },
    async judge(directory, { acknowledged, delivered }) {
      const messages = delivered.map(lineOf)
      const ids = new Map<string, string>()
      let problem: string | undefined
      const deliver = ({ message, origin }: LogEntry): void => {
        messages.push(message)
        const id = origin?.id ?? ''
        if ((ids.get(id) ?? message) !== message) problem = `${id} is the id of two lines`
        ids.set(id, message)
      }
      const tracker = new LineTracker()
      const left = acknowledged < lineCount ? [tracker.item(acknowledged + 1, lineCount - acknowledged)] : []
      await carry(left, bufferIn(directory, fsync), sinkOf(deliver))
      const { isDisordered, ...check } = checkLines(messages)
      if (isDisordered) problem ??= 'lines are not in their order'
      const names = await readdir(join(directory, 'spool'))
      if (names.includes('.lock')) problem ??= `left over: ${names.join(' ')}`
      return { ...check, problem }
    },
  }
}
