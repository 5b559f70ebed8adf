/** Requests as tests need them: with node:http where that will do, and byte for byte where it will not. */

import { once } from 'node:events'
import { type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Batch } from '@logwisp/core'
import { acknowledge, EntryWritable, isBatch, type LogEntry } from '@logwisp/core'
import { type HttpSource, type HttpSourceOptions, httpSource } from '../src/index.ts'

/** An answer, its JSON read. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server says
  readonly json: any
}

export interface PostOptions {
  readonly headers?: OutgoingHttpHeaders
  readonly method?: string
  readonly path?: string
  readonly agent?: Agent
}

/** Sends a body, in one piece or several, and reads the answer. */
export function post(
  port: number,
  body: string | Buffer | readonly Buffer[],
  options: PostOptions = {},
): Promise<Answer> {
  const { headers = {}, method = 'POST', path = '/ingest', agent } = options
  return new Promise((resolve, reject) => {
    const isPieces = Array.isArray(body)
    const bytes = isPieces ? undefined : Buffer.from(body as string)
    const length = bytes === undefined ? {} : { 'content-length': bytes.length }
    const sent = request({ port, path, method, agent: agent ?? false, headers: { ...length, ...headers } }, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      res.on('end', () => {
        resolve({
          status: res.statusCode as number,
          headers: res.headers,
          json: text === '' ? undefined : JSON.parse(text),
        })
      })
    })
    sent.on('error', reject)
    if (bytes !== undefined) return void sent.end(bytes)
    for (const piece of body as readonly Buffer[]) sent.write(piece)
    sent.end()
  })
}

/** A connection on which bytes are written as they are, and what comes back is text. */
export interface RawConnection {
  readonly socket: Socket
  readonly text: string
  write(text: string | Buffer): Promise<void>
  /** Waits until what came back matches. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  /** Waits until the server has closed the connection; all that came back. */
  closed(): Promise<string>
}

export async function rawConnection(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  const looking = new Set<() => void>()
  const look = (): void => {
    for (const one of looking) one()
  }
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part
    look()
  })
  socket.on('error', () => {})
  const over = once(socket, 'close').then(look)
  await once(socket, 'connect')
  return {
    socket,
    get text() {
      return text
    },
    write: (part) => new Promise((resolve) => void socket.write(part, () => resolve())),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const one = (): void => {
          const found = pattern.exec(text)
          if (found === null && !socket.destroyed) return
          looking.delete(one)
          if (found === null) reject(new Error(`closed without ${pattern}: ${text}`))
          else resolve(found)
        }
        looking.add(one)
        one()
      }),
    closed: async () => {
      await over
      return text
    },
  }
}

/** A sink that keeps what it gets, and acknowledges when a test says so. */
export class KeepingSink extends EntryWritable {
  readonly items: (LogEntry | Batch)[] = []
  readonly #waiting = new Set<() => void>()
  #hold: Promise<void> | undefined
  #release: (() => void) | undefined
  #isLate: boolean
  #count = 0

  constructor({ acknowledgesLate = false } = {}) {
    super({ acknowledge: 'by-hand' })
    this.#isLate = acknowledgesLate
  }

  protected override async consume(items: readonly (LogEntry | Batch)[]): Promise<void> {
    this.items.push(...items)
    for (const item of items) this.#count += isBatch(item) ? item.count : 1
    if (!this.#isLate) for (const item of items) this.delivered(item)
    for (const check of this.#waiting) check()
    await this.#hold
  }

  get entries(): LogEntry[] {
    return this.items.flatMap((item) => (isBatch(item) ? [...item] : [item]))
  }

  get messages(): string[] {
    return this.entries.map(({ message }) => message)
  }

  /** The messages once there are `count` of them. */
  received(count: number): Promise<string[]> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.#count < count) return
        this.#waiting.delete(check)
        resolve(this.messages)
      }
      this.#waiting.add(check)
      check()
    })
  }

  /** Acknowledges what came so far. */
  deliver(): void {
    for (const item of this.items) {
      acknowledge(item)
    }
  }

  /** Takes what comes next, and then no more. */
  hold(): void {
    this.#hold = new Promise((resolve) => {
      this.#release = resolve
    })
  }

  release(): void {
    this.#release?.()
    this.#hold = undefined
  }
}

export interface Serving {
  readonly source: HttpSource
  readonly sink: KeepingSink
  readonly port: number
  /** Settles as the pipeline does. */
  readonly done: Promise<void>
}

/** A source on a port of its own, joined with a sink by `join`. */
export async function serving(
  join: (source: HttpSource, sink: KeepingSink) => Promise<void>,
  options: HttpSourceOptions = {},
  sink: KeepingSink = new KeepingSink(),
): Promise<Serving> {
  const source = httpSource({ port: 0, ...options })
  const done = join(source, sink)
  done.catch(() => {})
  const [{ port }] = (await once(source, 'listening')) as [AddressInfo]
  return { source, sink, port, done }
}
