/** What tests of a port ask over real sockets, and what they get. */

import { once } from 'node:events'
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { connect } from 'node:net'
import type { PortLease } from '../src/http/port-host.ts'

/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** Asks on a connection of its own, unless `more` has an agent. */
export async function ask(lease: PortLease, path: string, more: RequestOptions = {}, body?: string): Promise<Answer> {
  const { address: host, port } = lease.address
  const req = request({ host, port, path, agent: false, ...more }).end(body)
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of res.setEncoding('utf8')) text += chunk
  return { status: res.statusCode as number, headers: res.headers, text }
}

/** All that the server says to exactly these bytes, until it ends the connection. */
export async function answerTo(lease: PortLease, bytes: string): Promise<string> {
  const socket = connect(lease.address.port, lease.address.address)
  socket
    .on('error', () => {})
    .setEncoding('utf8')
    .write(bytes)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer
}
