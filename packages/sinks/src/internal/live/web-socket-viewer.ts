/** One viewer's WebSocket: what the hub sends goes out as frames, and what the viewer asks for is done. */

import type { Socket } from 'node:net'
import { tokenBucket } from '@logwisp/core'
import type { RawData, WebSocket } from 'ws'
import type { ReplayRing } from './replay-ring.ts'
import type { Viewer, ViewerStart } from './viewer.ts'
import { QueryError } from './viewer-filter.ts'
import type { EndReason, ViewerChannel, ViewerHub } from './viewer-hub.ts'
import { startOfRequest } from './viewer-request.ts'
import { forEachPayload, textFrame } from './web-socket-frame.ts'

export interface WebSocketViewerOptions {
  readonly hub: ViewerHub
  readonly ring: ReplayRing
  readonly maxRequestsPerSecond: number
}

/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const closeCodes = { done: 1000, goingAway: 1001, unsupported: 1003, policy: 1008, failed: 1011 } as const

/** Somebody who asks, and lets so much of the answers lie, does not read them. */
const maxUnreadBytes = 262_144

/** What is told beside entries: a JSON object whose first name is `logwisp`, which no entry has. */
export function controlText(kind: string, more: object = {}): string {
  return JSON.stringify({ logwisp: kind, ...more })
}

/** Makes a viewer of a connection that is open. */
export function serveWebSocket(
  ws: WebSocket,
  socket: Socket,
  start: ViewerStart,
  options: WebSocketViewerOptions,
): void {
  const { hub, ring, maxRequestsPerSecond } = options
  const compresses = ws.extensions.includes('permessage-deflate')
  const channel = compresses ? new CompressedChannel(ws, () => hub.drained(viewer)) : new PlainChannel(ws, socket)
  const requests = tokenBucket({ ratePerSecond: maxRequestsPerSecond })
  channel.write(textFrame(controlText('open', { id: ring.idBefore(start.position) })))
  const viewer: Viewer = hub.add(channel, start)
  if (!compresses) socket.on('drain', () => hub.drained(viewer))
  ws.on('close', () => hub.remove(viewer))
  ws.on('pong', () => hub.heard(viewer))
  // ws closes with the code that says what was wrong; `close` follows.
  ws.on('error', () => {})
  ws.on('message', (data: RawData, isBinary: boolean) => {
    hub.heard(viewer)
    if (ws.readyState !== ws.OPEN) return
    if (isBinary) return ws.close(closeCodes.unsupported, 'expected text')
    if (!requests.take(1)) return ws.close(closeCodes.policy, 'too many requests')
    if (channel.bufferedBytes > maxUnreadBytes) return hub.cutOff(viewer)
    channel.write(textFrame(answerTo(data.toString(), viewer, hub, ring)))
  })
}

function answerTo(text: string, viewer: Viewer, hub: ViewerHub, ring: ReplayRing): string {
  try {
    const start = startOfRequest(text, viewer, ring)
    hub.restart(viewer, start)
    // What comes before this answer was sent with the filter that was; what comes after it follows this id.
    return controlText('accepted', { id: ring.idBefore(start.position) })
  } catch (error) {
    if (!(error instanceof QueryError)) throw error
    return controlText('refused', { parameter: error.parameter, message: error.message })
  }
}

/** Frames that were made once for all go to the connection as they are. */
class PlainChannel implements ViewerChannel {
  protected readonly ws: WebSocket
  readonly #socket: Socket | undefined

  constructor(ws: WebSocket, socket?: Socket) {
    this.ws = ws
    this.#socket = socket
  }

  get bufferedBytes(): number {
    return this.ws.bufferedAmount
  }

  write(data: Buffer): boolean {
    // Nothing may follow a close frame.
    return this.ws.readyState === this.ws.OPEN ? (this.#socket?.write(data) ?? true) : true
  }

  end(data: Buffer, reason: EndReason): void {
    this.write(data)
    this.ws.close(reason === 'idle' ? closeCodes.done : closeCodes.goingAway, reason)
  }

  destroy(error?: Error): void {
    if (error !== undefined && this.ws.readyState === this.ws.OPEN)
      this.ws.close(closeCodes.failed, 'the stream failed')
    this.ws.terminate()
  }

  probe(): void {
    this.ws.ping()
  }
}

/** Each frame's text is compressed for this one viewer; no more than one write is under way. */
class CompressedChannel extends PlainChannel {
  readonly #drained: () => void
  #underWay = 0

  constructor(ws: WebSocket, drained: () => void) {
    super(ws)
    this.#drained = drained
  }

  override write(data: Buffer): boolean {
    if (this.ws.readyState !== this.ws.OPEN) return true
    forEachPayload(data, (payload) => {
      this.#underWay++
      this.ws.send(payload, { binary: false, compress: true }, () => {
        if (--this.#underWay === 0) this.#drained()
      })
    })
    return false
  }
}
