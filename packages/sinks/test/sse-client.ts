/** A client of a live stream for tests: a real connection, and an independent parser. */

import { once } from 'node:events'
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { createGunzip } from 'node:zlib'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import type { SseSink } from '../src/index.ts'

/** What a request was answered with. */
export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Wish {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** An open stream. */
export class StreamClient {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly events: EventSourceMessage[] = []
  readonly comments: string[] = []
  /** All bytes as text. */
  text = ''
  /** Resolves when the server has ended the connection, well or not. */
  readonly closed: Promise<unknown>
  readonly #request: ClientRequest
  readonly #response: IncomingMessage
  readonly #waiting = new Set<() => void>()

  constructor(sent: ClientRequest, response: IncomingMessage) {
    this.status = response.statusCode ?? 0
    this.headers = response.headers
    this.#request = sent
    this.#response = response
    const parser = createParser({
      onEvent: (event) => this.events.push(event),
      onComment: (comment) => this.comments.push(comment),
    })
    const body = this.headers['content-encoding'] === 'gzip' ? response.pipe(createGunzip()) : response
    body.setEncoding('utf8').on('data', (text: string) => {
      this.text += text
      parser.feed(text)
      for (const look of this.#waiting) look()
    })
    response.on('error', () => {})
    this.closed = new Promise((resolve) => body.on('close', resolve))
  }

  /** The data of the entries' own events. */
  get data(): string[] {
    return this.events.filter(({ event }) => event === undefined).map(({ data }) => data)
  }

  /** Resolves as soon as what has come satisfies `condition`. */
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

  /** Stops reading, as a suspended browser does; what the kernel takes still arrives there. */
  pause(): void {
    this.#response.pause()
  }

  resume(): void {
    this.#response.resume()
  }

  close(): void {
    this.#request.destroy()
  }
}

function send(sink: SseSink, { path = '/stream', method = 'GET', headers = {} }: Wish): ClientRequest {
  const sent = request({ host: '127.0.0.1', port: sink.address?.port, path, method, headers, agent: false })
  // What goes wrong before the answer is told by `once`; after it, it is the matter of who reads the answer.
  return sent.on('error', () => {}).end()
}

/** Opens a stream; resolves once the head and the first bytes are there. */
export async function openStream(sink: SseSink, wish: Wish = {}): Promise<StreamClient> {
  const sent = send(sink, wish)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const client = new StreamClient(sent, response)
  await client.until(({ text }) => text.includes('id: '))
  return client
}

/** Sends a request that is answered at once. */
export async function ask(sink: SseSink, wish: Wish = {}): Promise<Reply> {
  const [response] = (await once(send(sink, wish), 'response')) as [IncomingMessage]
  let body = ''
  for await (const text of response.setEncoding('utf8')) body += text
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}
