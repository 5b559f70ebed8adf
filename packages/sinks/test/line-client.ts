/** A client of a stream of lines for tests. */

import type { Socket } from 'node:net'

/** An open connection. */
export class LineClient {
  readonly socket: Socket
  /** Resolves when the server has ended the connection, well or not. */
  readonly closed: Promise<unknown>
  /** All that has come. */
  text = ''
  /** How much has come. */
  bytes = 0
  readonly #waiting = new Set<() => void>()

  constructor(socket: Socket) {
    this.socket = socket.on('error', () => {})
    socket.setEncoding('utf8').on('data', (text: unknown) => {
      this.text += text
      this.bytes += Buffer.byteLength(text as string)
      for (const look of this.#waiting) look()
    })
    this.closed = new Promise((resolve) => socket.on('close', resolve))
  }

  /** The whole lines that have come. */
  get lines(): string[] {
    return this.text.split('\n').slice(0, -1)
  }

  /** Forgets what has come, but for its size. */
  forget(): void {
    this.text = ''
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

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  endInput(): void {
    this.socket.end()
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  close(): void {
    this.socket.destroy()
  }
}
