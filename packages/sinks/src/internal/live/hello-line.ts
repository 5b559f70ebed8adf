/** The first line of a peer that says who it is, in the protocol of lines between LogWisps: `LOGWISP/1 {"token":"…"}`. */

import type { Socket } from 'node:net'
import type { Credentials } from '@logwisp/core/server'

/** Longer ones are no hello. */
const maxHelloBytes = 4096

const opening = 'LOGWISP/1 '

/** What came instead of a hello. */
export class NoHelloError extends Error {}

/**
 * Resolves with what the first line shows, once it is there.
 *
 * @throws NoHelloError when the first line is something else, is too long or does not come in time, and when the connection
 * ends.
 */
export function readHello(socket: Socket, timeoutMs: number): Promise<Credentials> {
  return new Promise((resolve, reject) => {
    let text = ''
    const settle = (finish: () => void): void => {
      clearTimeout(deadline)
      socket.off('data', look).off('end', gone).off('close', gone).pause()
      finish()
    }
    const refuse = (message: string): void => settle(() => reject(new NoHelloError(message)))
    const gone = (): void => refuse('the connection ended before a hello')
    const look = (bytes: Buffer): void => {
      // Latin-1, so that a length is one of bytes; the line is decoded once it is whole.
      text += bytes.toString('latin1')
      const end = text.indexOf('\n')
      if (end > maxHelloBytes || (end === -1 && text.length > maxHelloBytes)) {
        return refuse(`the first line is longer than ${maxHelloBytes} bytes`)
      }
      if (end === -1) return
      const line = Buffer.from(text.slice(0, end), 'latin1').toString()
      const credentials = credentialsOf(line)
      if (credentials === undefined) refuse(`expected ${opening}{"token":"…"} or with "user" and "password"`)
      else settle(() => resolve(credentials))
    }
    const deadline = setTimeout(() => refuse(`no hello came within ${timeoutMs} ms`), timeoutMs).unref()
    socket.on('data', look).on('end', gone).on('close', gone)
  })
}

/** The answer to a hello; with an error, the connection ends after it. */
export function helloAnswer(error?: string): string {
  return `${opening}${JSON.stringify(error === undefined ? { ok: true } : { ok: false, error })}\n`
}

function credentialsOf(line: string): Credentials | undefined {
  if (!line.startsWith(opening)) return undefined
  let value: unknown
  try {
    value = JSON.parse(line.slice(opening.length))
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { user, password, token } = value as Readonly<Record<string, unknown>>
  return { user: textOf(user), password: textOf(password), token: textOf(token) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
