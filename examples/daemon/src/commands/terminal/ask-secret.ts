/** Asks for a text that is not to be seen. */

import type { Terminal } from '../invocation.ts'
import { UsageError } from '../usage-error.ts'
import { print } from './print.ts'

/** A password is far shorter; more on standard input is a mistake. Unit: bytes. */
const maxBytes = 65_536

/** Somebody pressed Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/**
 * Reads a line from a terminal without showing it, after `prompt` on standard error.
 *
 * @throws {Interrupted} on Ctrl-C; UsageError when standard input is no terminal
 */
export async function askSecret(prompt: string, { stdin, stderr }: Terminal): Promise<string> {
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) {
    throw new UsageError('there is no terminal to ask for the password: give --password file:PATH or env:NAME')
  }
  // Before the prompt: whoever sees it may type at once, and that must not be shown.
  stdin.setRawMode(true)
  try {
    await print(stderr, prompt)
    return await typedLine(stdin)
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    await print(stderr, '\n')
  }
}

/** All of a standard input that is no terminal, without the end of its last line. */
export async function readSecret({ stdin }: Terminal): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of stdin) {
    parts.push(Buffer.from(part as Buffer))
    bytes += (part as Buffer).length
    if (bytes > maxBytes)
      throw new UsageError(`there are more than ${maxBytes} bytes on standard input: give the password alone`)
  }
  const text = Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (/[\r\n]/.test(text)) throw new UsageError('there are several lines on standard input: give the password alone')
  return text
}

function typedLine(stdin: Terminal['stdin']): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder()
    let line: string[] = []
    const end = (act: () => void): void => {
      stdin.off('data', typed).off('end', ended)
      act()
    }
    const typed = (bytes: Buffer): void => {
      for (const character of decoder.decode(bytes, { stream: true })) {
        switch (character) {
          case '\r':
          case '\n':
          case '\x04': // Ctrl-D
            return end(() => resolve(line.join('')))
          case '\x03': // Ctrl-C
            return end(() => reject(new Interrupted('interrupted')))
          case '\x7f':
          case '\b':
            line.pop()
            break
          case '\x15': // Ctrl-U
            line = []
            break
          default:
            line.push(character)
        }
      }
    }
    const ended = (): void => end(() => resolve(line.join('')))
    stdin.on('data', typed).on('end', ended).resume()
  })
}
