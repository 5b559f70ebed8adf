/** The wanted lines of a file into another. */

import { pipeline } from 'node:stream/promises'
import { include } from '@logwisp/filters'
import { fileSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'
import { wanted } from '../harness/log-text.ts'
import { measured } from '../harness/measured.ts'

await measured(async ({ input, directory }: { input: string; directory: string }) => {
  await pipeline(fileSource(input, { follow: false }), include(wanted), fileSink(directory, { name: 'out' }))
})
