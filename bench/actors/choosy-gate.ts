/**
 * Stands before a LogWisp that takes entries by HTTP, as an endpoint does that has rules of its own: for as long as a file
 * is there, batches with certain entries in them are refused for good (422). Everything else it passes on, and the answer
 * back. It remembers nothing, so that it may be killed at any time.
 */

import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { markOf } from '../fuzz/marks.ts'

/** What it is told. */
export interface GateTask {
  readonly port: number
  /** Where it passes things on to. */
  readonly to: number
  /** The file. */
  readonly rules: string
}

/** One id of so many is refused. */
const refusedEvery = 499

const { port, to, rules } = JSON.parse(process.argv[2] as string) as GateTask

createServer((incoming, response) => {
  answer(incoming, response).catch(() => response.destroy())
}).listen(port, '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))

async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await buffer(incoming)
  if (existsSync(rules) && body.toString().split('\n').some(isRefused)) {
    response.writeHead(422, { 'Content-Type': 'text/plain' }).end('against the rules')
    return
  }
  const { method, url, headers } = incoming
  const passed = request({ port: to, host: '127.0.0.1', method, path: url, headers }, (got) => {
    response.writeHead(got.statusCode as number, got.headers)
    got.pipe(response)
    got.on('error', () => response.destroy())
  })
  passed.on('error', () => response.destroy())
  // Who hung up is not waited for.
  response.on('close', () => passed.destroy())
  passed.end(body)
}

function isRefused(line: string): boolean {
  if (line === '') return false
  const mark = markOf((JSON.parse(line) as { readonly message: string }).message)
  return mark !== undefined && mark.entry % refusedEvery === 0
}
