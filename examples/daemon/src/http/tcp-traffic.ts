/** The connections of a port that is not HTTP: the stage's that serves them, or waiting for the next one. */

import type { Socket } from 'node:net'
import { LogwispError } from '@logwisp/core'

/** How long a connection waits for the next stage, and how many may; further ones are closed. */
const waiting = { maxConnections: 256, timeoutMs: 10_000 } as const

/** Hands connections on. */
export class TcpTraffic {
  readonly #waiting = new Map<Socket, () => void>()
  #holder: object | undefined
  #handler: ((socket: Socket) => void) | undefined

  /** Takes a connection. */
  readonly accept = (socket: Socket): void => {
    if (this.#handler !== undefined) this.#handler(socket)
    else if (this.#waiting.size >= waiting.maxConnections) socket.destroy()
    else this.#wait(socket)
  }

  /**
   * Whose connections are from now on, those that wait too.
   *
   * @throws LogwispError `LISTEN_FAILED` when they are somebody else's
   */
  serve(handler: (socket: Socket) => void, holder: object, place: string): void {
    if (this.#holder !== undefined && this.#holder !== holder) {
      const message = `another stage takes the connections of ${place} already: give one of them another port`
      throw new LogwispError('LISTEN_FAILED', message)
    }
    this.#holder = holder
    this.#handler = handler
    for (const [socket, stopWaiting] of this.#waiting) {
      stopWaiting()
      handler(socket)
    }
  }

  /** Takes back what a holder has: connections wait from now on. */
  remove(holder: object): void {
    if (this.#holder !== holder) return
    this.#holder = undefined
    this.#handler = undefined
  }

  /** Nothing is waited for any more. */
  end(): void {
    for (const [socket] of this.#waiting) socket.destroy()
  }

  /** Nothing of it is read meanwhile: the kernel's buffer is all that it costs. */
  #wait(socket: Socket): void {
    const ignoreError = (): void => {}
    const timer = setTimeout(() => socket.destroy(), waiting.timeoutMs)
    const stopWaiting = (): void => {
      clearTimeout(timer)
      socket.off('error', ignoreError).off('close', stopWaiting)
      this.#waiting.delete(socket)
    }
    this.#waiting.set(socket, stopWaiting)
    socket.on('error', ignoreError).once('close', stopWaiting)
  }
}
