/** The limit for NDJSON by HTTP: node:http, split, JSON.parse. No check, no limit, nobody behind it. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { listen, measured, task, tell } from '../harness/measured.ts'

const { lines } = task<{ lines: number }>()
let received = 0

const server = createServer((request, response) => {
  let carry = ''
  let accepted = 0
  request.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (carry + chunk).split('\n')
    carry = parts.pop() as string
    for (const part of parts) {
      const entry = JSON.parse(part) as { message?: string }
      if (entry.message !== undefined) accepted++
    }
  })
  request.on('end', () => {
    received += accepted
    const isLast = received === lines
    response.writeHead(202, { 'Content-Type': 'application/json', ...(isLast ? { Connection: 'close' } : {}) })
    response.end(`{"accepted":${accepted},"total":${accepted}}\n`)
    if (isLast) server.close()
  })
}).listen(0, '127.0.0.1')
await once(server, 'listening')
tell({ port: (server.address() as AddressInfo).port })
await listen().next()
await measured(async () => {
  await once(server, 'close')
  return { delivered: received }
})
