/** Clients that POST a file of lines in chunks of whole lines, some at a time, on connections that stay open. */

import { closeSync, openSync, readSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { listen, task, tell } from '../harness/measured.ts'

interface Task {
  readonly port: number
  readonly path: string
  readonly input: string
  readonly clients: number
  readonly chunkBytes: number
}

const lineFeed = 10
const { port, path, input, clients, chunkBytes } = task<Task>()
const agent = new Agent({ keepAlive: true, maxSockets: clients })

/** The file as it is read: it may be larger than memory. */
function* chunks(): Generator<Buffer> {
  const file = openSync(input, 'r')
  let rest: Buffer = Buffer.alloc(0)
  for (;;) {
    const block = Buffer.allocUnsafe(chunkBytes)
    const length = readSync(file, block)
    if (length === 0) break
    const read = block.subarray(0, length)
    const end = read.lastIndexOf(lineFeed) + 1
    if (end > 0) yield Buffer.concat([rest, read.subarray(0, end)])
    rest = end > 0 ? read.subarray(end) : Buffer.concat([rest, read])
  }
  closeSync(file)
  if (rest.length > 0) yield rest
}

function post(body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/x-ndjson', 'Content-Length': body.length }
    const sent = request({ port, path, method: 'POST', agent, headers }, (response) => {
      let answer = ''
      response.setEncoding('utf8').on('data', (text: string) => (answer += text))
      response.on('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`a request was answered with ${response.statusCode}: ${answer}`))
      })
    })
    sent.on('error', reject).end(body)
  })
}

const left = chunks()
tell({ ready: true })
await listen().next()
await Promise.all(
  Array.from({ length: clients }, async () => {
    for (const body of left) await post(body)
  }),
)
tell({ sent: true })
process.exit()
