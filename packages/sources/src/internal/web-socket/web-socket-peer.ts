/** One connection that sends entries to `webSocketSource`. */

import type { Socket } from 'node:net'
import type { Identity } from '@logwisp/core/server'
import type { WebSocket } from 'ws'

/** What a peer tells the source. */
export interface WebSocketPeerHost {
  /** A frame came. */
  frame(peer: WebSocketPeer, text: Buffer): void
  /** It is gone; frames that came before may still be waiting. */
  closed(peer: WebSocketPeer, error: Error | undefined): void
}

export class WebSocketPeer {
  readonly number: number
  readonly identity: Identity | undefined
  /** The `source` of its entries that do not name one. */
  readonly source: string
  /** For warnings. */
  readonly name: string
  /** Whether it is told what was delivered. */
  acknowledges = false
  /** Entries that it sent, whatever became of them. */
  entries = 0
  /** Frames of it that were not read yet. */
  framesWaiting = 0
  /** Whether a first frame came. */
  hasBegun = false
  #delivered = 0
  #told = 0
  readonly #socket: WebSocket
  readonly #raw: Socket
  #bytesAtFrame: number
  #alive = true
  #resumeTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(
    number: number,
    socket: WebSocket,
    raw: Socket,
    from: { readonly identity: Identity | undefined; readonly source: string; readonly name: string },
    host: WebSocketPeerHost,
  ) {
    this.number = number
    this.identity = from.identity
    this.source = from.source
    this.name = from.name
    this.#socket = socket
    this.#raw = raw
    this.#bytesAtFrame = raw.bytesRead
    let failure: Error | undefined
    socket.on('message', (data) => {
      this.#alive = true
      this.#bytesAtFrame = raw.bytesRead
      host.frame(this, data as Buffer)
    })
    socket.on('pong', () => {
      this.#alive = true
    })
    socket.on('ping', () => {
      this.#alive = true
    })
    socket.on('error', (error) => {
      failure = error
    })
    socket.on('close', () => {
      this.#isClosed = true
      clearTimeout(this.#resumeTimer)
      host.closed(this, failure)
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Whether everything that it sent was acknowledged, and it was told, or will never be. */
  get isSettled(): boolean {
    return this.#isClosed || !this.acknowledges || (this.framesWaiting === 0 && this.#told === this.entries)
  }

  /** About how many bytes of an unfinished frame are kept for it. */
  get unfinishedBytes(): number {
    return this.#socket.isPaused ? 0 : Math.max(0, this.#raw.bytesRead - this.#bytesAtFrame)
  }

  /** Reads no more of it. */
  pause(): void {
    if (this.#socket.readyState === 1) this.#socket.pause()
  }

  /** Reads on, after so many ms. */
  resume(afterMs: number): void {
    if (this.#resumeTimer !== undefined || this.#isClosed) return
    if (afterMs > 0) {
      this.#resumeTimer = setTimeout(() => {
        this.#resumeTimer = undefined
        this.resume(0)
      }, afterMs).unref()
      return
    }
    if (!this.#socket.isPaused) return
    // What it said meanwhile was not read.
    this.#alive = true
    this.#bytesAtFrame = this.#raw.bytesRead
    this.#socket.resume()
  }

  /** Asks for a sign of life; cuts a peer that gave none since the last time. */
  ping(): void {
    if (this.#socket.isPaused || this.#socket.readyState !== 1) return
    if (!this.#alive) return this.cut()
    this.#alive = false
    this.#socket.ping()
  }

  /** The first `entries` of what it sent are delivered. */
  deliver(entries: number): void {
    this.#delivered = entries
  }

  /** Tells it what is delivered. */
  tell(): void {
    if (!this.acknowledges || this.#isClosed || this.#told === this.#delivered) return
    this.#told = this.#delivered
    this.#socket.send(acknowledgement(this.#told), () => {})
  }

  /** Says hello to a peer that wants to be told. */
  greet(): void {
    this.#socket.send(acknowledgement(0), () => {})
  }

  /** Closes in order: with a status of the WebSocket protocol, and a reason of at most 123 bytes. */
  close(status: number, reason: string): void {
    this.#socket.resume()
    this.#socket.close(status, reason)
  }

  /** Cuts the connection. */
  cut(): void {
    this.#socket.terminate()
  }
}

function acknowledgement(entries: number): string {
  return `{"logwisp":"ack","entries":${entries}}`
}
