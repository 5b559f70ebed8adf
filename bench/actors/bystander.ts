/** A well-behaved client of a stage that is besieged: what it is served, and how soon. */

import { once } from 'node:events'
import { Agent, get, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { listen, task, tell } from '../harness/measured.ts'
import { quantile } from '../harness/statistics.ts'
import type { BystanderReport, BystanderTask } from '../siege/besieged.ts'

const { port, stage, everyMs } = task<BystanderTask>()

/** Longer than this, and one was not served. */
const patienceMs = 20_000

let latenciesMs: number[] = []
let problem: string | undefined
let isOver = false

async function* linesOf(stream: Readable): AsyncGenerator<string, void, void> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() as string
    yield* lines
  }
}

/** One entry at a time, over one connection; how long until it was taken. */
async function post(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const body = '{"message":"from a well-behaved client"}\n'
  const headers = { 'Content-Type': 'application/x-ndjson', 'Content-Length': body.length }
  while (!isOver) {
    const fromMs = performance.now()
    const request = httpRequest({ port, agent, method: 'POST', path: '/ingest', headers, timeout: patienceMs })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${patienceMs} ms`)))
    request.end(body)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    if (response.statusCode !== 202) throw new Error(`was answered ${response.statusCode}`)
    latenciesMs.push(performance.now() - fromMs)
    await wait(everyMs)
  }
  agent.destroy()
}

/** One line at a time; how long until it was delivered. */
async function sendLines(): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const answers = linesOf(socket)
  socket.write('LOGWISP/1 {"acknowledge":true,"name":"bystander"}\n')
  await answers.next()
  for (let sent = 1; !isOver; sent++) {
    const fromMs = performance.now()
    socket.write(`a line of a well-behaved client, number ${sent}\n`)
    for (;;) {
      const { value, done } = await answers.next()
      if (done) throw new Error('the connection was closed')
      if (value === `ACK ${sent}`) break
    }
    latenciesMs.push(performance.now() - fromMs)
    await wait(everyMs)
  }
  socket.destroy()
}

/** Looks; how long an entry takes from where it was given. */
async function look(stream: Readable): Promise<void> {
  for await (const line of linesOf(stream)) {
    if (isOver) return
    if (line.startsWith('event: dropped')) throw new Error('was told that it missed entries')
    const given = /@(\d+) /.exec(line)
    if (given !== null) latenciesMs.push(Number(process.hrtime.bigint() - BigInt(given[1] as string)) / 1e6)
  }
  if (!isOver) throw new Error('the stream ended')
}

async function lookBySse(): Promise<void> {
  const request = get({ port, path: '/stream', agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  await look(response)
}

async function lookByLines(): Promise<void> {
  await look(connect({ port, host: '127.0.0.1' }))
}

/** Frames of a server are not masked, so that a text in them is found as it is. */
async function lookByWebSocket(): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write(
    'GET /socket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  for await (const chunk of socket.setEncoding('latin1')) {
    if (isOver) return
    const now = process.hrtime.bigint()
    for (const [, given] of (chunk as string).matchAll(/@(\d{9,}) /g)) {
      latenciesMs.push(Number(now - BigInt(given as string)) / 1e6)
    }
  }
  if (!isOver) throw new Error('the stream ended')
}

const work = {
  httpSource: post,
  tcpSource: sendLines,
  webSocketSource: sendLines,
  sseSink: lookBySse,
  webSocketSink: lookByWebSocket,
  tcpSink: lookByLines,
}[stage]()
work.catch((error: Error) => (problem = error.message))

const told = listen()
for (let word = await told.next(); !word.done && word.value === 'report'; word = await told.next()) {
  const of = (at: number): number => (latenciesMs.length === 0 ? Number.NaN : quantile(latenciesMs, at))
  const report: BystanderReport = { count: latenciesMs.length, p50Ms: of(0.5), p99Ms: of(0.99), maxMs: of(1), problem }
  tell(report)
  latenciesMs = []
}
isOver = true
process.exit()
