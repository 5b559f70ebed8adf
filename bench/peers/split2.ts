/** split2: one chunk per line through Node's own streams, with any number of transforms behind it. */

import { createReadStream } from 'node:fs'
import { Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import split from 'split2'
import { measured } from '../harness/measured.ts'
import { LineWriter } from './line-writer.ts'

interface Task {
  readonly input: string
  readonly output: string
  readonly pattern?: string
  /** Transforms that let every line pass that has not some text. */
  readonly stages?: number
}

await measured(async ({ input, output, pattern, stages = 0 }: Task) => {
  const writer = new LineWriter(output)
  const filters = Array.from({ length: stages }, (_, number) =>
    filter((line) => !line.includes(`never there ${number}`)),
  )
  if (pattern !== undefined) {
    const search = new RegExp(pattern)
    filters.push(filter((line) => search.test(line)))
  }
  const sink = new Writable({
    objectMode: true,
    write(line: string, _encoding, callback) {
      writer.add(line)
      callback()
    },
  })
  await pipeline([createReadStream(input), split(), ...filters, sink])
  writer.close()
})

function filter(keep: (line: string) => boolean): Transform {
  return new Transform({
    objectMode: true,
    transform(line: string, _encoding, callback) {
      if (keep(line)) callback(null, line)
      else callback()
    },
  })
}
