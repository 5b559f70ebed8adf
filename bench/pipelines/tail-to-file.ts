/** What is appended to a file, through its rotations, into another, until it is told that nothing more is written. */

import { pipeline } from 'node:stream/promises'
import { fileSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'
import { type FollowTask, untilQuiet } from '../harness/arrivals.ts'
import { measured } from '../harness/measured.ts'

await measured(async ({ input, directory, ...task }: { input: string; directory: string } & FollowTask) => {
  const source = fileSource(input, { startAt: 'beginning' })
  const sink = fileSink(directory, { name: 'out' })
  const done = pipeline(source, sink)
  const quiet = await untilQuiet(() => sink.stats.entriesOut, task)
  source.stop()
  await done
  return quiet
})
