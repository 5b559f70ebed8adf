/** Clients that POST the lines of a file, some at a time, on connections that stay open; each waits for its answer. */

import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { listen, task, tell } from '../harness/measured.ts'

interface Task {
  readonly port: number
  readonly input: string
  readonly clients: number
  readonly linesPerRequest: number
  readonly headers: Readonly<Record<string, string>>
}

const lineFeed = 10
const { port, input, clients, linesPerRequest, headers } = task<Task>()
const agent = new Agent({ keepAlive: true, maxSockets: clients })

function* bodies(bytes: Buffer): Generator<Buffer> {
  let from = 0
  let lines = 0
  for (let feed = bytes.indexOf(lineFeed); feed !== -1; feed = bytes.indexOf(lineFeed, feed + 1)) {
    if (++lines % linesPerRequest !== 0 && feed + 1 < bytes.length) continue
    yield bytes.subarray(from, feed + 1)
    from = feed + 1
  }
}

function post(body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const head = { 'Content-Type': 'application/x-ndjson', 'Content-Length': body.length, ...headers }
    const sent = request({ port, path: '/ingest', method: 'POST', agent, headers: head }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 200 || response.statusCode === 202) resolve()
        else reject(new Error(`a request was answered with ${response.statusCode}`))
      })
    })
    sent.on('error', reject).end(body)
  })
}

const left = bodies(readFileSync(input))
tell({ ready: true })
await listen().next()
await Promise.all(
  Array.from({ length: clients }, async () => {
    for (const body of left) await post(body)
  }),
)
tell({ sent: true })
process.exit()
