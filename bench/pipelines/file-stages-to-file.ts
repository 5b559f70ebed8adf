/** Every line of a file into another, through several filters that let all of them pass. */

import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { exclude } from '@logwisp/filters'
import { fileSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'
import { measured } from '../harness/measured.ts'

interface Task {
  readonly input: string
  readonly directory: string
  readonly stages: number
}

await measured(async ({ input, directory, stages }: Task) => {
  const filters = Array.from({ length: stages }, (_, number) => exclude(`never there ${number}`))
  // As a plain Readable: the type of a list of streams wants one that does not say what it gives.
  const source: Readable = fileSource(input, { follow: false })
  await pipeline([source, ...filters, fileSink(directory, { name: 'out' })])
})
