/** Viewers: connections to a stream of server-sent events that count what comes until the server ends them. */

import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { Arrivals, type FollowTask } from '../harness/arrivals.ts'
import { measured, tell } from '../harness/measured.ts'

interface Task {
  readonly port: number
  readonly viewers: number
  /** Look into each line for when it was written, until this is so. Then there is one viewer. */
  readonly latencyOf?: FollowTask
}

/** How the data of an entry begins, and nothing else: within a message the quotes would be escaped. */
const mark = Buffer.from('data: {"time"')

await measured(async ({ port, viewers, latencyOf }: Task) => {
  const responses = await Promise.all(Array.from({ length: viewers }, () => connect(port)))
  tell({ connected: responses.length })
  if (latencyOf !== undefined) return noteArrivals(responses[0] as IncomingMessage, latencyOf)
  const counts = await Promise.all(responses.map(countEntries))
  return { received: counts.reduce((sum, count) => sum + count, 0) }
})

async function connect(port: number): Promise<IncomingMessage> {
  const request = get({ port, path: '/stream', agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`the stream answered ${response.statusCode}`)
  return response
}

async function countEntries(response: IncomingMessage): Promise<number> {
  let entries = 0
  // A mark may be cut by the edge of two chunks: what could be its beginning goes before the next one.
  let carry: Buffer = Buffer.alloc(0)
  response.on('data', (chunk: Buffer) => {
    const edge = Buffer.concat([carry, chunk.subarray(0, mark.length - 1)])
    if (edge.includes(mark)) entries++
    for (let at = chunk.indexOf(mark); at !== -1; at = chunk.indexOf(mark, at + mark.length)) entries++
    carry = (chunk.length < mark.length ? edge : chunk).subarray(1 - mark.length)
  })
  await once(response, 'end')
  return entries
}

async function noteArrivals(response: IncomingMessage, task: FollowTask): Promise<object> {
  const arrivals = new Arrivals()
  let carry = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (carry + chunk).split('\n')
    carry = parts.pop() as string
    for (const part of parts) {
      if (part.startsWith('data:')) arrivals.note((JSON.parse(part.slice(5)) as { message: string }).message)
    }
  })
  await arrivals.settled(task)
  response.destroy()
  return arrivals.result()
}
