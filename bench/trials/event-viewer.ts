/** A viewer of a live stream that does what a browser's `EventSource` does, and counts what it sees. */

import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'

const reconnectMs = 100

/** Whoever looks at what a viewer sees: the data of each event. */
interface Onlooker {
  add(data: string): void
}

export class EventViewer {
  readonly #url: string
  readonly #onlooker: Onlooker
  #request: ClientRequest | undefined
  #lastId: string | undefined
  /** Of the event that is coming; it counts once its end has come. */
  #coming: { id?: string; type?: string; data?: string } = {}
  #closed = false
  /** How often its connection ended without its doing. */
  cut = 0
  /** How often it was told that entries are missing. */
  gaps = 0

  constructor(url: string, onlooker: Onlooker) {
    this.#url = url
    this.#onlooker = onlooker
    this.#connect()
  }

  close(): void {
    this.#closed = true
    this.#request?.destroy()
  }

  #connect(): void {
    if (this.#closed) return
    const headers = this.#lastId === undefined ? {} : { 'Last-Event-ID': this.#lastId }
    this.#request = get(this.#url, { headers, agent: false })
    this.#coming = {}
    let over = false
    let opened = false
    const again = (): void => {
      if (over || this.#closed) return
      over = true
      if (opened) this.cut++
      setTimeout(() => this.#connect(), reconnectMs)
    }
    this.#request.on('error', again)
    this.#request.on('response', (response: IncomingMessage) => {
      opened = response.statusCode === 200
      response.on('error', again)
      createInterface({ input: response, crlfDelay: Infinity })
        .on('line', (line) => this.#line(line))
        .on('error', again)
        .on('close', again)
    })
  }

  #line(line: string): void {
    if (line.startsWith('id:')) this.#coming.id = line.slice(3).trim()
    else if (line.startsWith('event:')) this.#coming.type = line.slice(6).trim()
    else if (line.startsWith('data:')) this.#coming.data = line.slice(5).trimStart()
    else if (line === '') {
      const { id, type = 'message', data } = this.#coming
      this.#coming = {}
      if (id !== undefined) this.#lastId = id
      if (type === 'dropped') this.gaps++
      else if (type === 'message' && data !== undefined) this.#onlooker.add(data)
    }
  }
}
