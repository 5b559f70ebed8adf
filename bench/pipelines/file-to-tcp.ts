/** Every line of a file to a TCP endpoint, until all of them are taken. */

import { pipeline } from 'node:stream/promises'
import { type TcpClientSinkOptions, tcpClientSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'
import { measured } from '../harness/measured.ts'

interface Task {
  readonly input: string
  readonly port: number
  readonly options: TcpClientSinkOptions
}

await measured(async ({ input, port, options }: Task) => {
  await pipeline(
    fileSource(input, { follow: false }), //
    tcpClientSink(`127.0.0.1:${port}`, options),
  )
})
