/** The wanted lines of a file into another, through a stage of the user's own that makes a new entry of each. */

import { pipeline } from 'node:stream/promises'
import { include } from '@logwisp/filters'
import { fileSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'
import { wanted } from '../harness/log-text.ts'
import { measured } from '../harness/measured.ts'

await measured(async ({ input, directory }: { input: string; directory: string }) => {
  await pipeline(
    fileSource(input, { follow: false }),
    include(wanted),
    async function* (entries) {
      for await (const entry of entries) yield { ...entry, fields: { ...entry.fields, region: 'eu-1' } }
    },
    fileSink(directory, { name: 'out' }),
  )
})
