/** A program that speaks LogWisp's lines over TCP as docs/chaining.md has them. What the peer says is delivered is owed. */

import { connect, type Socket } from 'node:net'
import { LineClock } from '../../trials/numbered-lines.ts'
import type { Stream } from '../debts.ts'
import { type Producer, settleMs } from './producer.ts'

/** Lines that wait for their acknowledgement; more are not drawn. */
const maxWaiting = 5000

/** A connection on which nothing is heard for so long, while something is waited for, is made anew. */
const silenceMs = 6000
const heartbeatMs = 1000
const reconnectMs = 200

export class AcknowledgedTcpProducer implements Producer {
  readonly stream: Stream
  readonly #port: () => number
  #clock: LineClock | undefined
  /** Not acknowledged yet, oldest first. */
  readonly #waiting: number[] = []
  /** Of them, how many were sent on this connection. */
  #sent = 0
  #acknowledged = 0
  #socket: Socket | undefined
  #isGreeted = false
  #heardMs = 0
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  #whenEmpty: (() => void) | undefined
  /** What the peer said that it may not say. */
  readonly complaints: string[] = []

  constructor(stream: Stream, port: () => number) {
    this.stream = stream
    this.#port = port
  }

  start(linesPerSecond: number): void {
    this.#clock = new LineClock(linesPerSecond, (from, to) => {
      for (let line = from; line < to && this.#waiting.length < maxWaiting; line++)
        this.#waiting.push(this.stream.draw())
      this.#send()
    })
    this.#timer = setInterval(() => this.#lookAfter(), 100)
  }

  async stop(): Promise<void> {
    this.#clock?.stop()
    await this.#acknowledgedAll()
    this.#end()
  }

  abandon(): void {
    this.#clock?.stop()
    this.#end()
  }

  /** A last line: resolves with its id once it is acknowledged. */
  async last(): Promise<number> {
    this.#isOver = false
    const id = this.stream.draw()
    this.#waiting.push(id)
    this.#timer = setInterval(() => this.#lookAfter(), 100)
    await this.#acknowledgedAll()
    this.#end()
    return id
  }

  #end(): void {
    this.#isOver = true
    clearInterval(this.#timer)
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #acknowledgedAll(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, settleMs)
      this.#whenEmpty = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.#waiting.length === 0) this.#whenEmpty()
    })
  }

  #lookAfter(): void {
    if (this.#isOver) return
    const now = performance.now()
    if (this.#socket === undefined) {
      if (now - this.#heardMs > reconnectMs) this.#connect()
    } else if (now - this.#heardMs > silenceMs) this.#socket.destroy()
  }

  #connect(): void {
    const socket = connect({ port: this.#port(), host: '127.0.0.1', noDelay: true })
    this.#socket = socket
    this.#heardMs = performance.now()
    this.#sent = 0
    this.#acknowledged = 0
    this.#isGreeted = false
    socket.on('error', () => {})
    socket.once('connect', () => {
      socket.write(`LOGWISP/1 ${JSON.stringify({ acknowledge: true, name: 'oracle', heartbeatMs })}\n`)
    })
    // What comes behind the last line feed is no line.
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n')
      text = lines.pop() as string
      for (const line of lines) this.#hear(line, socket)
    })
    socket.once('close', () => {
      if (this.#socket === socket) this.#socket = undefined
    })
  }

  #hear(line: string, socket: Socket): void {
    if (this.#socket !== socket) return
    this.#heardMs = performance.now()
    if (!this.#isGreeted) {
      if (!line.startsWith('LOGWISP/1 {"ok":true')) this.complaints.push(`greeted with ${line}`)
      this.#isGreeted = true
      this.#send()
      return
    }
    const said = /^ACK (\d+)$/.exec(line)
    const total = Number(said?.[1])
    const now = total - this.#acknowledged
    if (said === null || now < 0 || now > this.#sent) {
      this.complaints.push(`said ${line} after ${this.#acknowledged} of ${this.#acknowledged + this.#sent}`)
      socket.destroy()
      return
    }
    this.stream.owe(this.#waiting.splice(0, now))
    this.#sent -= now
    this.#acknowledged = total
    if (this.#waiting.length === 0) this.#whenEmpty?.()
  }

  #send(): void {
    if (!this.#isGreeted || this.#socket === undefined || this.#socket.writableNeedDrain) return
    const lines = this.#waiting
      .slice(this.#sent)
      .map((id) => JSON.stringify({ 'logwisp.id': `o-${this.stream.number}-${id}`, message: this.stream.textOf(id) }))
    this.#sent = this.#waiting.length
    if (lines.length > 0) this.#socket.write(`${lines.join('\n')}\n`)
  }
}
