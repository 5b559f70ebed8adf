/** A file sink that rotates and compresses. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { gunzipSync } from 'node:zlib'
import { type FileSink, type FileSinkOptions, fileSink } from '@logwisp/sinks/file-sink'
import type { KillScenario } from '../kill-scenario.ts'
import { checkLines, LineTracker, lineBytes, lineCount } from '../numbered-lines.ts'

/** Lines that are written together. */
const together = 2

function sinkIn(directory: string, fsync: NonNullable<FileSinkOptions['fsync']>): FileSink {
  return fileSink(join(directory, 'out'), {
    name: 'app',
    maxFileBytes: 8 * lineBytes,
    compress: 'gzip',
    fsync,
    fsyncIntervalMs: 1,
  })
}

/** Everything in the files of the sink, in their order. */
export async function linesOf(directory: string): Promise<string[]> {
  const files = (await readdir(directory)).filter((name) => /^app.*\.log(\.gz)?$/.test(name)).sort()
  const texts: string[] = []
  for (const name of files.sort(activeLast)) {
    const bytes = await readFile(join(directory, name))
    texts.push((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString())
  }
  const text = texts.join('')
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
}

function activeLast(one: string, other: string): number {
  if (one === 'app.log') return 1
  return other === 'app.log' || one < other ? -1 : 1
}

/** What stands beside the files and should not. */
export async function leftOver(directory: string): Promise<string | undefined> {
  const names = (await readdir(directory)).filter((name) => !/^app(-\S+Z-\d{6}\.log\.gz|\.log)$/.test(name))
  return names.length === 0 ? undefined : `left over: ${names.join(' ')}`
}

export function fileSinkScenario(fsync: NonNullable<FileSinkOptions['fsync']>): KillScenario {
  return {
    name: `file sink, fsync ${fsync}`,
    async run(directory, from, say) {
      const sink = sinkIn(directory, fsync)
      const tracker = new LineTracker(say.acknowledged)
      for (let number = from; number <= lineCount; number += together) {
        const count = Math.min(together, lineCount - number + 1)
        sink.write(tracker.item(number, count))
        await tracker.until(number + count - 1)
      }
      sink.end()
      await finished(sink)
    },
    async judge(directory, { acknowledged }) {
      const sink = sinkIn(directory, fsync)
      const tracker = new LineTracker()
      if (acknowledged < lineCount) sink.write(tracker.item(acknowledged + 1, lineCount - acknowledged))
      sink.end()
      await finished(sink)
      const { isDisordered, ...check } = checkLines(await linesOf(join(directory, 'out')))
      const problem = isDisordered ? 'lines are not in their order' : await leftOver(join(directory, 'out'))
      return { ...check, problem }
    },
  }
}
