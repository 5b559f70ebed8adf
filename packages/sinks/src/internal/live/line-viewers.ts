/** Makes viewers of TCP connections: whoever may look gets lines, and what it sends is not listened to. */

import type { Socket } from 'node:net'
import { type AccessControl, isRefusal, type ViewerPlaces } from '@logwisp/core/server'
import { helloAnswer, NoHelloError, readHello } from './hello-line.ts'
import type { Viewer } from './viewer.ts'
import type { ViewerHub } from './viewer-hub.ts'
import { addressOnly, type ViewerIdentity } from './viewer-identity.ts'

export interface LineViewersOptions {
  readonly hub: ViewerHub
  readonly places: ViewerPlaces
  readonly access: AccessControl | undefined
  readonly helloTimeoutMs: number
  readonly maxInputBytes: number
  readonly allowHalfOpen: boolean
  /** The sequence of the first entry that a viewer who comes now gets. */
  readonly start: () => number
}

/** A connection that says nothing is asked by the system whether it lives, so that one whose peer has vanished ends. */
const keepAliveMs = 30_000

/** How long a peer that is refused may take to hear so. */
const goodbyeTimeoutMs = 1000

export class LineViewers {
  readonly #options: LineViewersOptions
  /** Connections that are no viewers yet. */
  readonly #pending = new Set<Socket>()

  constructor(options: LineViewersOptions) {
    this.#options = options
  }

  /** Takes a connection. */
  admit(socket: Socket): void {
    // What goes wrong with it is a connection less; its `close` follows.
    socket.on('error', () => {})
    const { hub, places, access } = this.#options
    const release = hub.closing ? undefined : places.take(socket.remoteAddress, 0)
    if (typeof release !== 'function') {
      // Nothing is said: without a hello a viewer would take it for a line of the log.
      socket.destroy()
      return
    }
    socket.once('close', release).setNoDelay(true).setKeepAlive(true, keepAliveMs)
    if (access === undefined) return this.#serve(socket, addressOnly(socket.remoteAddress))
    this.#pending.add(socket)
    socket.once('close', () => this.#pending.delete(socket))
    this.#ask(socket, access).then((who) => {
      this.#pending.delete(socket)
      if (who !== undefined && !socket.destroyed && !hub.closing) this.#serve(socket, who)
      else if (who !== undefined) socket.destroy()
    })
  }

  /** Cuts whoever is no viewer yet. */
  abort(): void {
    for (const socket of this.#pending) socket.destroy()
  }

  /** Who it is; undefined when it may not look. Who may without showing anything, or by its certificate, need not say hello. */
  async #ask(socket: Socket, access: AccessControl): Promise<ViewerIdentity | undefined> {
    const atOnce = await access.present(socket, {}, 'stream')
    if (!isRefusal(atOnce)) return atOnce
    if (atOnce.reason !== 'credentials-missing') {
      socket.destroy()
      return undefined
    }
    try {
      const credentials = await readHello(socket, this.#options.helloTimeoutMs)
      const answer = await access.present(socket, credentials, 'stream')
      if (isRefusal(answer)) throw new NoHelloError(answer.message)
      socket.write(helloAnswer())
      return answer
    } catch (error) {
      const message = error instanceof NoHelloError ? error.message : 'who you are could not be found out'
      socket.setTimeout(goodbyeTimeoutMs, () => socket.destroy())
      socket.end(helloAnswer(message), () => socket.destroy())
      return undefined
    }
  }

  #serve(socket: Socket, who: ViewerIdentity): void {
    const { hub, start } = this.#options
    const viewer = hub.add(
      {
        get bufferedBytes() {
          return socket.writableLength
        },
        write: (data) => socket.write(data),
        end: (data) => {
          // Half-open sockets are not closed by their end alone.
          socket.end(data, () => socket.destroySoon())
        },
        destroy: () => void socket.destroy(),
      },
      { position: start(), who },
    )
    socket.on('drain', () => hub.drained(viewer)).on('close', () => hub.remove(viewer))
    this.#discardInput(socket, viewer)
  }

  #discardInput(socket: Socket, viewer: Viewer): void {
    const { hub, maxInputBytes, allowHalfOpen } = this.#options
    let bytes = 0
    // Read, and not left lying: the end of a peer comes behind what it has sent.
    socket.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes > maxInputBytes) hub.cutOff(viewer)
    })
    // One that has gone looks like one that has only said all it has to say, until it is sent something.
    if (!allowHalfOpen) socket.on('end', () => void socket.destroy())
    socket.resume()
  }
}
