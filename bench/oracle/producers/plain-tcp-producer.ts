/** A program that writes lines into a TCP connection and is told nothing. Nothing of it is owed; what arrives has to be its. */

import { connect, type Socket } from 'node:net'
import { LineClock } from '../../trials/numbered-lines.ts'
import type { Stream } from '../debts.ts'
import type { Producer } from './producer.ts'

/** What may wait in the socket; beyond it nothing is drawn. */
const maxWaitingBytes = 1 << 20

const reconnectMs = 200

export class PlainTcpProducer implements Producer {
  readonly stream: Stream
  readonly #port: () => number
  #clock: LineClock | undefined
  #socket: Socket | undefined
  #connectedMs = Number.NEGATIVE_INFINITY

  constructor(stream: Stream, port: () => number) {
    this.stream = stream
    this.#port = port
  }

  start(linesPerSecond: number): void {
    this.#clock = new LineClock(linesPerSecond, (from, to) => {
      const socket = this.#connected()
      if (socket.writableLength > maxWaitingBytes) return
      let text = ''
      for (let line = from; line < to; line++) text += `${this.stream.textOf(this.stream.draw())}\n`
      socket.write(text)
    })
  }

  stop(): Promise<void> {
    this.#clock?.stop()
    this.#socket?.end()
    return Promise.resolve()
  }

  abandon(): void {
    this.#clock?.stop()
    this.#socket?.destroy()
  }

  /** A last line; its id. Nobody promises it, but with nothing wrong it arrives. */
  async last(): Promise<number> {
    const id = this.stream.draw()
    const socket = this.#connect()
    await new Promise<void>((resolve) => socket.end(`${this.stream.textOf(id)}\n`, resolve))
    return id
  }

  #connected(): Socket {
    if (this.#socket !== undefined && !this.#socket.destroyed) return this.#socket
    if (this.#socket !== undefined && performance.now() - this.#connectedMs < reconnectMs) return this.#socket
    return this.#connect()
  }

  #connect(): Socket {
    this.#connectedMs = performance.now()
    const socket = connect({ port: this.#port(), host: '127.0.0.1', noDelay: true })
    socket.on('error', () => {})
    this.#socket = socket
    return socket
  }
}
