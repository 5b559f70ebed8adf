/** One connection that sends a file's lines as fast as they are taken, once somebody listens there. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { listen, task, tell } from '../harness/measured.ts'

const { port, input } = task<{ readonly port: number; readonly input: string }>()
const bytes = readFileSync(input)

/** A daemon takes a moment until it listens. */
const againMs = 5

async function connected(): Promise<Socket> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' })
    try {
      await once(socket, 'connect')
      return socket
    } catch {
      await wait(againMs)
    }
  }
}

tell({ ready: true })
await listen().next()
const socket = await connected()
socket.end(bytes)
// Without a listener what the other side says would keep the connection from closing.
await once(socket.resume(), 'close')
tell({ sent: bytes.length })
process.exit()
