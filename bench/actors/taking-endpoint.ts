/** Takes what is sent, by HTTP or as lines, says so, and counts line feeds: as little work as there can be. */

import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { createGunzip } from 'node:zlib'
import { listen, task, tell } from '../harness/measured.ts'

const { protocol } = task<{ readonly protocol: 'http' | 'tcp' }>()
const lineFeed = 10
let received = 0

function count(chunk: Buffer): number {
  let lines = 0
  for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, at + 1)) lines++
  received += lines
  return lines
}

const httpServer = (): Server =>
  createHttpServer((request, response) => {
    let lines = 0
    const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request
    body.on('data', (chunk: Buffer) => (lines += count(chunk)))
    body.on('end', () => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(`{"accepted":${lines},"total":${lines}}`)
    })
  })

/** Whoever greets as a LogWisp is told what was taken; see docs/chaining.md. */
const tcpServer = (): Server =>
  createTcpServer({ allowHalfOpen: true }, (socket) => {
    let taken = 0
    let isTold: boolean | undefined
    socket.on('data', (chunk: Buffer) => {
      taken += count(chunk)
      if (isTold === undefined) {
        isTold = chunk.subarray(0, 8).toString() === 'LOGWISP/'
        if (!isTold) return
        received--
        taken--
        socket.write('LOGWISP/1 {"ok":true}\n')
      }
      if (isTold && taken > 0) socket.write(`ACK ${taken}\n`)
    })
    socket.on('end', () => socket.end())
  })

const server = protocol === 'http' ? httpServer() : tcpServer()
await once(server.listen(0, '127.0.0.1'), 'listening')
tell({ port: (server.address() as AddressInfo).port })
await listen().next()
tell({ received })
process.exit()
