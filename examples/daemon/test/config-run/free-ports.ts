/** Ports for daemons whose files name them. */

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** Below those that systems give to whoever asks for any, so that nobody else gets one meanwhile. */
const first = 20_000
const count = 10_000

let next = first + Math.floor(Math.random() * count)

/** A port of this machine that nobody listens on, and that is not given out again soon. */
export async function freePort(): Promise<number> {
  for (;;) {
    next = first + ((next + 1 - first) % count)
    const server = createServer()
    try {
      await once(server.listen(next, '0.0.0.0'), 'listening')
      const { port } = server.address() as AddressInfo
      await new Promise((resolve) => server.close(resolve))
      return port
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}
