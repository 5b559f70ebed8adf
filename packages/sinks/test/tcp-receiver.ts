/** The other end of `tcpClientSink`, as good or as bad as a test needs it. */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

export interface TcpReceiverOptions {
  /** `logwisp`: greets and acknowledges each line. `plain`: says nothing. @default 'logwisp' */
  readonly protocol?: 'logwisp' | 'plain'
  readonly port?: number
  readonly tls?: TlsOptions
  /** Takes the connection and does as it likes, instead of reading lines. */
  readonly serve?: (socket: Socket) => void
  /** What to say for so many lines of a connection. @default ACK and their number */
  readonly answer?: (lines: number) => string
}

export class TcpReceiver {
  readonly server: Server
  readonly sockets = new Set<Socket>()
  /** Lines of all connections, in the order in which they came; whole ones only. */
  readonly lines: string[] = []
  /** First lines. */
  readonly greetings: string[] = []
  connections = 0
  readonly #options: TcpReceiverOptions
  readonly #waiting = new Set<() => void>()

  constructor(options: TcpReceiverOptions) {
    this.#options = options
    const serve = (socket: Socket): void => this.#serve(socket)
    this.server = options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve)
    this.server.on('connection', (socket: Socket) => {
      this.connections++
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
      socket.on('error', () => {})
    })
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  #serve(socket: Socket): void {
    const { serve, protocol = 'logwisp', answer = (lines: number) => `ACK ${lines}\n` } = this.#options
    socket.on('error', () => {})
    if (serve !== undefined) return serve(socket)
    let rest = ''
    let taken = 0
    let isGreeted = protocol === 'plain'
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() as string
      if (!isGreeted && lines.length > 0) {
        isGreeted = true
        this.greetings.push(lines.shift() as string)
        socket.write('LOGWISP/1 {"ok":true}\n')
      }
      taken += lines.length
      this.lines.push(...lines)
      if (protocol === 'logwisp' && lines.length > 0) socket.write(answer(taken))
      for (const check of this.#waiting) check()
    })
  }

  /** The messages of the lines, which are entries as JSON. */
  get messages(): string[] {
    return this.lines.map((line) => JSON.parse(line).message)
  }

  /** Once there are so many lines. */
  async has(lines: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (this.lines.length < lines) return
        this.#waiting.delete(check)
        resolve()
      }
      this.#waiting.add(check)
      check()
    })
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close')
    this.server.close()
    this.cut()
    await closed
  }
}

export async function tcpReceiver(options: TcpReceiverOptions = {}): Promise<TcpReceiver> {
  const receiver = new TcpReceiver(options)
  receiver.server.listen(options.port ?? 0, '127.0.0.1')
  await once(receiver.server, 'listening')
  return receiver
}
