/** Writing text to where a person or a program reads it. */

import type { Writable } from 'node:stream'

const watched = new WeakSet<Writable>()

/**
 * Resolves once the text was taken, or its reader has gone away: `logwisp config | head` is no failure. Rejects when
 * it cannot be written for another reason, such as a full disk.
 */
export function print(stream: Writable, text: string): Promise<void> {
  if (!watched.has(stream)) {
    watched.add(stream)
    // Node would end the process with a stack trace; each writer hears of it by its own callback.
    stream.on('error', () => undefined)
  }
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error)
      else resolve()
    })
  })
}
