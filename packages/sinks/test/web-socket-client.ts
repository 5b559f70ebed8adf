/** A client of a live WebSocket for tests. */

import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'

interface Wish {
  readonly path?: string
  readonly protocols?: string[]
  readonly headers?: Readonly<Record<string, string>>
  readonly origin?: string
  readonly deflate?: boolean
}

/** What came in a frame: an entry in its wire form, or something with the name `logwisp`. */
export type Told = Readonly<Record<string, unknown>>

/** An open WebSocket, or one that was refused. */
export class WebSocketClient {
  readonly ws: WebSocket
  readonly frames: string[] = []
  /** The status and body of the answer when there was no change of protocol. */
  refused: { status: number; headers: IncomingMessage['headers']; body: string } | undefined
  code: number | undefined
  reason: string | undefined
  pings = 0
  /** Resolves once the connection is closed, or refused. */
  readonly closed: Promise<unknown>
  readonly #waiting = new Set<() => void>()

  constructor(port: number, { path = '/socket', protocols = [], headers = {}, origin, deflate = false }: Wish = {}) {
    this.ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, {
      headers,
      perMessageDeflate: deflate,
      ...(origin !== undefined && { origin }),
    })
    this.ws.on('message', (data, isBinary) => {
      if (isBinary) throw new Error('a binary frame')
      this.frames.push(data.toString())
      this.#look()
    })
    this.ws.on('ping', () => {
      this.pings++
      this.#look()
    })
    this.ws.on('error', () => {})
    this.closed = Promise.race([
      once(this.ws, 'close').then(([code, reason]) => {
        this.code = code
        this.reason = reason.toString()
      }),
      new Promise<void>((resolve) => {
        this.ws.on('unexpected-response', async (request: ClientRequest, response: IncomingMessage) => {
          let body = ''
          for await (const piece of response.setEncoding('utf8')) body += piece
          this.refused = { status: response.statusCode ?? 0, headers: response.headers, body }
          request.destroy()
          resolve()
        })
      }),
    ])
  }

  get told(): Told[] {
    return this.frames.flatMap((frame) => frame.split('\n')).map((text) => JSON.parse(text))
  }

  /** The messages of the entries. */
  get messages(): unknown[] {
    return this.told.filter(({ logwisp }) => logwisp === undefined).map(({ message }) => message)
  }

  /** What is no entry, without the greeting. */
  get control(): Told[] {
    return this.told.filter(({ logwisp }) => logwisp !== undefined && logwisp !== 'open')
  }

  async until(condition: (client: this) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.#waiting.delete(look)
          resolve()
        }
        this.#waiting.add(look)
      })
    }
  }

  ask(request: object | string): void {
    this.ws.send(typeof request === 'string' ? request : JSON.stringify(request))
  }

  close(): void {
    this.ws.terminate()
  }

  #look(): void {
    for (const look of this.#waiting) look()
  }
}
