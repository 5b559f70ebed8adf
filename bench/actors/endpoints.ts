/**
 * Two endpoints that take entries: a good one, at which is measured how soon they come, and one that is as bad as it is told
 * to be. What arrives is counted where the endpoint has said that it took it.
 */

import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { listen, task, tell } from '../harness/measured.ts'
import { quantile } from '../harness/statistics.ts'
import type { BystanderReport, EndpointMood, EndpointsTask } from '../siege/besieged.ts'

const { protocol } = task<EndpointsTask>()

/** Of an answer that comes slowly. */
const byteEveryMs = 1000
const slowBytes = 100_000

let mood: EndpointMood = 'well'
let latenciesMs: number[] = []

/** What one endpoint was sent. */
class Arrivals {
  readonly #seen = new Set<number>()
  #repeated = 0

  take(text: string): void {
    const now = process.hrtime.bigint()
    for (const [, number, given] of text.matchAll(/entry (\d+) @(\d+) /g)) {
      if (this.#seen.has(Number(number))) this.#repeated++
      this.#seen.add(Number(number))
      if (this === good) latenciesMs.push(Number(now - BigInt(given as string)) / 1e6)
    }
  }

  get total(): { arrived: number; repeated: number } {
    return { arrived: this.#seen.size, repeated: this.#repeated }
  }
}

const good = new Arrivals()
const bad = new Arrivals()

function httpEndpoint(arrivals: Arrivals): Server {
  return createHttpServer((req: IncomingMessage, res: ServerResponse) => {
    const mine = arrivals === good ? 'well' : mood
    res.on('error', () => {})
    req.on('error', () => {})
    if (mine === 'reset') {
      req.socket.resetAndDestroy()
      return
    }
    let body = ''
    req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    req.on('end', () => {
      if (mine === 'hung') return
      if (mine === 'slow') return drip(res)
      const lines = body.split('\n').length - 1
      arrivals.take(body)
      res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ accepted: lines, total: lines }))
    })
  })
}

/** All is well, says the head; and then the rest does not come. */
function drip(res: ServerResponse): void {
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': slowBytes })
  const timer = setInterval(() => res.write(' '), byteEveryMs)
  res.on('close', () => clearInterval(timer))
}

/** LogWisp lines, as docs/chaining.md has them. */
function lineEndpoint(arrivals: Arrivals): Server {
  return createTcpServer((socket: Socket) => {
    let taken = 0
    let isGreeted = false
    let rest = ''
    socket.on('error', () => {})
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const mine = arrivals === good ? 'well' : mood
      if (mine === 'reset') socket.resetAndDestroy()
      // What came in the meantime is looked at with what comes next: the count of lines has to be right.
      rest += chunk
      if (mine !== 'well') return
      const lines = rest.split('\n')
      rest = lines.pop() as string
      if (!isGreeted && lines.length > 0) {
        isGreeted = true
        lines.shift()
        socket.write('LOGWISP/1 {"ok":true}\n')
      }
      if (lines.length === 0) return
      taken += lines.length
      arrivals.take(lines.join('\n'))
      socket.write(`ACK ${taken}\n`)
    })
    socket.on('end', () => socket.end())
  })
}

const [goodServer, badServer] = [good, bad].map((arrivals) =>
  protocol === 'http' ? httpEndpoint(arrivals) : lineEndpoint(arrivals),
) as [Server, Server]
for (const server of [goodServer, badServer]) await once(server.listen(0, '127.0.0.1'), 'listening')
const ports = [goodServer, badServer].map((server) => (server.address() as AddressInfo).port)
tell({ goodPort: ports[0], badPort: ports[1] })

const told = listen()
for (let word = await told.next(); !word.done && word.value !== 'over'; word = await told.next()) {
  if (word.value === 'total') tell(bad.total)
  else if (word.value === 'report') {
    const of = (at: number): number => (latenciesMs.length === 0 ? Number.NaN : quantile(latenciesMs, at))
    const report: BystanderReport = { count: latenciesMs.length, p50Ms: of(0.5), p99Ms: of(0.99), maxMs: of(1) }
    tell(report)
    latenciesMs = []
  } else {
    mood = word.value as EndpointMood
    tell({ mood })
  }
}
process.exit()
