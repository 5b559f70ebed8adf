/** A viewer of a live stream that does what a browser's `EventSource` does, and counts what it sees. */

import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import type { Tally } from './numbered-lines.ts'

const reconnectMs = 100

export class EventViewer {
  readonly #url: string
  readonly #tally: Tally
  #request: ClientRequest | undefined
  #lastId: string | undefined
  #closed = false
  /** How often its connection ended without its doing. */
  cut = 0
  /** How often it was told that entries are missing. */
  gaps = 0

  constructor(url: string, tally: Tally) {
    this.#url = url
    this.#tally = tally
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
    if (line.startsWith('id:')) this.#lastId = line.slice(3).trim()
    else if (line === 'event: dropped') this.gaps++
    else if (line.startsWith('data:')) this.#tally.add(line)
  }
}
