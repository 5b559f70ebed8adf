/** The stream of `webSocketSource` that connects: how a server is asked, and what its frames are. */

import { LogwispError } from '@logwisp/core'
import { WebSocket } from 'ws'
import type { WebSocketSourceOptions } from '../../web-socket-source.ts'
import { receivedEntry } from '../receive/received-entry.ts'
import { authHeader, tellableUrl } from '../resume/client-options.ts'
import { textOf } from '../resume/http-stream.ts'
import { refusal } from '../resume/refusal.ts'
import { type ResumeSettings, resumeDefaults } from '../resume/resume-options.ts'
import { ResumingSource, Unavailable } from '../resume/resuming-source.ts'
import { controlFrame, controlOpening } from './control-frame.ts'
import { frameEntries } from './frame-entries.ts'

export const webSocketDefaults = {
  ...resumeDefaults,
  maxFrameBytes: 16_777_216,
  compress: false,
} as const satisfies WebSocketSourceOptions

type Settings = ResumeSettings &
  WebSocketSourceOptions & {
    readonly [Name in keyof typeof webSocketDefaults]: NonNullable<WebSocketSourceOptions[Name]>
  }

/** Closes that are no failure: done, and going away. */
const orderly: ReadonlySet<number> = new Set([1000, 1001])

export class WebSocketSourceStream extends ResumingSource {
  readonly #settings: Settings
  #socket: WebSocket | undefined
  #marking: NodeJS.Immediate | undefined

  constructor(url: URL, settings: Settings) {
    super(url, settings)
    this.#settings = settings
  }

  protected override readOn(): void {
    this.#socket?.resume()
  }

  protected override connect(signal: AbortSignal): Promise<undefined> {
    const { headers, auth, tls, connectTimeoutMs, maxFrameBytes, compress } = this.#settings
    signal.throwIfAborted()
    const url = new URL(this.url)
    if (this.lastId !== undefined) url.searchParams.set('lastEventId', this.lastId)
    const socket = new WebSocket(url, {
      headers: { ...headers, ...(auth && { Authorization: authHeader(auth) }) },
      ...(Number.isFinite(connectTimeoutMs) && { handshakeTimeout: connectTimeoutMs }),
      maxPayload: maxFrameBytes,
      perMessageDeflate: compress,
      followRedirects: false,
      ...(url.protocol === 'wss:' && (tls as object)),
    })
    const cut = (): void => socket.terminate()
    signal.addEventListener('abort', cut)
    return this.#untilClosed(socket).finally(() => {
      signal.removeEventListener('abort', cut)
      clearImmediate(this.#marking)
      this.#marking = undefined
      this.#socket = undefined
      // What came before the end counts as come.
      if (!signal.aborted) this.mark()
    })
  }

  /** Reads frames until the connection is closed. */
  #untilClosed(socket: WebSocket): Promise<undefined> {
    return new Promise((resolve, reject) => {
      let clock: NodeJS.Timeout | undefined
      let failure: Error | undefined
      const fail = (error: Error): void => {
        failure ??= error
        socket.terminate()
      }
      let quietLooks = 0
      const heard = (): void => {
        quietLooks = 0
      }
      const { idleTimeoutMs } = this.#settings
      const look = (): void => {
        // While nobody reads, nothing can come.
        if (socket.isPaused) quietLooks = 0
        else if (++quietLooks > looksPerTimeout)
          fail(new Error(`nothing came for ${idleTimeoutMs} ms, not even a pong`))
        else if (quietLooks === looksPerTimeout / 2) socket.ping()
      }
      socket.on('open', () => {
        this.#socket = socket
        this.opened(this.url)
        if (idleTimeoutMs !== Infinity) clock = setInterval(look, idleTimeoutMs / looksPerTimeout).unref()
        if (!this.isWanted) socket.pause()
      })
      socket.on('message', (data) => {
        heard()
        const bytes = data as Buffer
        this.countBytes(bytes.length)
        this.#frame(bytes.toString('utf8'))
        // Once for all that came together.
        this.#marking ??= setImmediate(() => {
          this.#marking = undefined
          this.mark()
        })
        if (!this.isWanted) socket.pause()
      })
      socket.on('ping', heard)
      socket.on('pong', heard)
      socket.on('unexpected-response', (_request, response) => {
        textOf(response, this.#settings.connectTimeoutMs).then((text) =>
          fail(refusal(response.statusCode ?? 0, response.headers['retry-after'], this.url, text)),
        )
      })
      socket.on('error', (error) => {
        failure ??= this.#meaningOf(error)
      })
      socket.on('close', (code, reason) => {
        clearInterval(clock)
        if (failure !== undefined) reject(failure)
        else if (orderly.has(code)) resolve(undefined)
        else reject(new Unavailable(closeText(code, reason.toString()), 0))
      })
    })
  }

  /** A frame that is too large comes again with each connection: waiting would be for ever. */
  #meaningOf(cause: Error & { readonly code?: string }): Error {
    if (cause.code !== 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return cause
    const text = `${tellableUrl(this.url)} sent a frame of more than ${this.#settings.maxFrameBytes} bytes: raise maxFrameBytes`
    return new LogwispError('ENTRY_TOO_LARGE', text, { cause })
  }

  #frame(text: string): void {
    if (!text.includes(controlOpening)) return this.#entries(text)
    for (const line of text.split('\n')) {
      const control = controlFrame(line)
      if (control === undefined) this.#entries(line)
      else this.#control(control.kind, control.more)
    }
  }

  #entries(text: string): void {
    for (const { entry, wireId } of frameEntries(text, { time: Date.now(), source: this.source })) {
      if (wireId !== undefined) this.takeId(wireId)
      this.takeEntry(entry, wireId)
    }
  }

  #control(kind: string, more: Readonly<Record<string, unknown>>): void {
    const { id, text, reason } = more
    if (kind === 'dropped') this.missed(more)
    else if (kind === 'end') this.toldEnd(reason)
    else if (kind === 'entry' && typeof text === 'string') this.#formatted(text, more['logwisp.id'])
    else if (typeof id === 'string') this.takeId(id)
  }

  /** An entry in the server's own format; its text is all there is. */
  #formatted(text: string, id: unknown): void {
    const { entry } = receivedEntry(text, { time: Date.now(), source: this.source })
    if (typeof id === 'string') this.takeId(id)
    this.takeEntry(entry, typeof id === 'string' ? id : undefined)
  }
}

const looksPerTimeout = 4

function closeText(code: number, reason: string): string {
  // ws's own code for a connection that ended without a word.
  if (code === 1006) return 'the connection broke'
  return `it closed with ${code}${reason === '' ? '' : ` (${reason})`}`
}
