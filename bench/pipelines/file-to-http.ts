/** Every line of a file to an HTTP endpoint, as NDJSON, until all of them are taken. */

import { pipeline } from 'node:stream/promises'
import { type HttpClientSinkOptions, httpClientSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'
import { measured } from '../harness/measured.ts'

interface Task {
  readonly input: string
  readonly port: number
  readonly options: HttpClientSinkOptions
}

await measured(async ({ input, port, options }: Task) => {
  await pipeline(
    fileSource(input, { follow: false }), //
    httpClientSink(`http://127.0.0.1:${port}/ingest`, options),
  )
})
