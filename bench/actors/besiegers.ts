/** A crowd of connections that do a server no good. One that the server closes is made again. */

import { connect, type Socket } from 'node:net'
import { listen, task, tell } from '../harness/measured.ts'
import type { BesiegersTask } from '../siege/besieged.ts'

const { port, connections, way, byteEveryMs } = task<BesiegersTask>()

const upgrade =
  'GET /socket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
const sse = 'GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n'
const lines = '{"message":"one that never ends '
const post =
  'POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 1000000\r\n\r\n{"message":"'

/** What is said at once, and what is said on and on. */
const words: Readonly<Record<BesiegersTask['way'], readonly [first: string, more: string]>> = {
  'loris-http-head': ['POST /ingest HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', 'a'],
  'loris-http-body': [post, 'a'],
  'loris-line': [lines, 'a'],
  'stuck-sse': [sse, ''],
  'stuck-web-socket': [upgrade, ''],
  'stuck-line': ['', ''],
  'open-sse': [sse, ''],
  'open-web-socket': [upgrade, ''],
}
const [first, more] = words[way]

/** Before a connection that was closed or refused is made again. */
const againAfterMs = 100

/** "Going away", as a server's close frame has it, and as a client's answer, masked with nothing. */
const goingAway = Buffer.from([0x03, 0xe9])
const closeFrame = Buffer.from([0x88, 0x82, 0, 0, 0, 0, ...goingAway])

/** A server waits for the answer to its good-bye. */
function answerClose(socket: Socket, chunk: Buffer): void {
  const at = chunk.lastIndexOf(goingAway)
  if (at >= 2 && chunk[at - 2] === 0x88) socket.end(closeFrame)
}

const sockets = new Set<Socket>()
let made = 0
let closed = 0
let isOver = false

function open(): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  sockets.add(socket)
  made++
  socket.on('error', () => {})
  // Without a listener for data nothing is read.
  if (way === 'open-sse') socket.resume()
  if (way === 'open-web-socket') socket.on('data', (chunk: Buffer) => answerClose(socket, chunk))
  socket.once('close', () => {
    sockets.delete(socket)
    closed++
    if (!isOver && !way.startsWith('open-')) setTimeout(() => void open(), againAfterMs)
  })
  return new Promise((resolve) => {
    socket.once('close', resolve)
    socket.once('connect', () => {
      socket.write(first)
      if (way.startsWith('open-')) socket.once('data', () => resolve())
      else resolve()
    })
  })
}

const startedMs = performance.now()
// A few at a time, as a server's backlog of connections is short.
const atOnce = 100
for (let from = 0; from < connections; from += atOnce) {
  await Promise.all(Array.from({ length: Math.min(atOnce, connections - from) }, open))
}
tell({ connectedMs: performance.now() - startedMs, open: sockets.size })

const dripping =
  more === ''
    ? undefined
    : setInterval(() => {
        for (const socket of sockets) if (socket.readyState === 'open') socket.write(more)
      }, byteEveryMs)

const told = listen()
for (let word = await told.next(); !word.done; word = await told.next()) {
  if (word.value === 'count') tell({ made, closed, open: sockets.size })
  if (word.value !== 'over') continue
  isOver = true
  clearInterval(dripping)
  for (const socket of sockets) socket.destroy()
  tell({ made, closed, open: 0 })
  break
}
process.exit()
