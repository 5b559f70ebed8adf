/** Every line of a file into another. */

import { pipeline } from 'node:stream/promises'
import { fileSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'
import { measured } from '../harness/measured.ts'

await measured(async ({ input, directory }: { input: string; directory: string }) => {
  await pipeline(
    fileSource(input, { follow: false }), //
    fileSink(directory, { name: 'out' }),
  )
})
