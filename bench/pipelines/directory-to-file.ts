/** Every line of every file of a directory into one file. */

import { pipeline } from 'node:stream/promises'
import { fileSink } from '@logwisp/sinks'
import { directorySource } from '@logwisp/sources'
import { measured } from '../harness/measured.ts'

await measured(async ({ input, directory }: { input: string; directory: string }) => {
  await pipeline(
    directorySource(input, { pattern: '*.log', follow: false, startAt: 'beginning' }),
    fileSink(directory, { name: 'out' }),
  )
})
