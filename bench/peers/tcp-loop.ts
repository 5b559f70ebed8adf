/** The limit for lines over TCP: node:net, split, written. No check, no limit, no count, and it knows that one connection comes. */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { listen, measured, task, tell } from '../harness/measured.ts'
import { LineWriter } from './line-writer.ts'

const { output } = task<{ readonly output: string }>()
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
tell({ port: (server.address() as AddressInfo).port })
const connection = once(server, 'connection')
await listen().next()
await measured(async () => {
  const [socket] = (await connection) as [Socket]
  const writer = new LineWriter(output)
  let carry = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (carry + chunk).split('\n')
    carry = lines.pop() as string
    for (const line of lines) writer.add(line)
  })
  await once(socket, 'end')
  writer.close()
  server.close()
})
