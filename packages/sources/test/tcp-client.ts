/** A peer of `tcpSource`, as raw as a test needs it. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TcpSource } from '../src/tcp-source.ts'

export interface TcpClient {
  readonly socket: Socket
  /** All that the source said so far. */
  readonly heard: string
  /** Sends; resolves once the kernel has it. */
  send(data: string | Buffer): Promise<void>
  /** Sends each byte, or each piece, in a segment of its own. */
  sendPieces(data: Buffer, size?: number): Promise<void>
  /** Once the source has said something that matches. */
  hears(pattern: RegExp): Promise<RegExpExecArray>
  /** Once the source has ended the connection. */
  readonly closed: Promise<void>
}

function clientOf(socket: Socket): TcpClient {
  const client = { socket, heard: '' }
  const waiting = new Set<() => void>()
  socket.setNoDelay(true)
  socket.on('data', (chunk: Buffer) => {
    client.heard += chunk.toString()
    for (const check of waiting) check()
  })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  const send = (data: string | Buffer): Promise<void> =>
    new Promise((resolve, reject) => socket.write(data, (error) => (error == null ? resolve() : reject(error))))
  return Object.assign(client, {
    send,
    closed,
    sendPieces: async (data: Buffer, size = 1) => {
      for (let at = 0; at < data.length; at += size) {
        await send(data.subarray(at, at + size))
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    hears: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve, reject) => {
        const check = (): void => {
          const found = pattern.exec(client.heard)
          if (found === null) return
          waiting.delete(check)
          resolve(found)
        }
        waiting.add(check)
        check()
        closed.then(() => reject(new Error(`closed; heard ${JSON.stringify(client.heard)} and not ${pattern}`)))
      }),
  })
}

export async function connectTo(source: TcpSource): Promise<TcpClient> {
  if (source.address === undefined) await once(source, 'listening')
  const { port } = source.address as { port: number }
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false })
  await once(socket, 'connect')
  return clientOf(socket)
}
