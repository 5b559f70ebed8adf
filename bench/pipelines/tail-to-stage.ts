/** What is appended to a file, to a stage of the user's own that notes when each line came. */

import { pipeline } from 'node:stream/promises'
import type { Entries } from '@logwisp/core'
import { fileSource } from '@logwisp/sources'
import { Arrivals, type FollowTask } from '../harness/arrivals.ts'
import { measured } from '../harness/measured.ts'

await measured(async ({ input, ...task }: { input: string } & FollowTask) => {
  const source = fileSource(input, { startAt: 'beginning' })
  const arrivals = new Arrivals()
  const done = pipeline(source, async (entries: Entries) => {
    for await (const { message } of entries) arrivals.note(message)
  })
  await arrivals.settled(task)
  source.stop()
  await done
  return arrivals.result()
})
