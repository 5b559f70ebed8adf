/** The limit for JSON lines to a TCP endpoint: node:net, written as fast as they are taken. Nobody says what has arrived. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { measured } from '../harness/measured.ts'
import { jsonLines } from './json-lines.ts'

await measured(async ({ input, port }: { readonly input: string; readonly port: number }) => {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  for (const { text } of jsonLines(input)) if (!socket.write(text)) await once(socket, 'drain')
  socket.end()
  await once(socket.resume(), 'close')
})
