/** Notices that a database was removed, or moved, while it is written: SQLite goes on in a file that nobody will find. */

import { statSync } from 'node:fs'
import { LogwispError } from '@logwisp/core'

/** What a database's files end in that have what was committed. */
const endings = ['', '-wal'] as const

export class FileInPlace {
  readonly #path: string
  readonly #known = new Map<string, string>()

  /** Of a database that was opened just now. */
  constructor(path: string) {
    this.#path = path
    this.assert()
  }

  /**
   * Two looks, 2 µs each.
   *
   * @throws LogwispError `STORE_FAILED` when another file stands there than before, or none.
   */
  assert(): void {
    for (const ending of endings) {
      const path = this.#path + ending
      const identity = identityOf(path)
      const known = this.#known.get(path)
      if (known === undefined && identity !== undefined && identity !== 'gone') this.#known.set(path, identity)
      if (known === undefined || identity === undefined || known === identity) continue
      const advice = 'put it back or begin anew, and open the store again; what was not acknowledged comes again'
      throw new LogwispError('STORE_FAILED', `${path} was removed or moved while the store wrote to it: ${advice}`)
    }
  }
}

/** Which file it is; undefined when that cannot be told at this time. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'gone' : undefined
  }
}
