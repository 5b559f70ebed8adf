/** Which files of a directory are meant: glob patterns on names and relative paths. */

import { Minimatch } from 'minimatch'

/** Names asked for again and again, as a directory is listed: kept, up to this many. */
const maxRememberedNames = 10_000

export class FilePattern {
  readonly #include: readonly Minimatch[]
  readonly #exclude: readonly Minimatch[]
  #known = new Map<string, boolean>()

  /**
   * A pattern with a `/` is matched on the path below the directory, one without on the name alone; one that begins with a
   * `/` on the path from the directory itself, so `/app.log` is not `old/app.log`.
   */
  constructor(include: readonly string[], exclude: readonly string[]) {
    // A leading `!` belongs to `!(a|b)`, and a leading `#` to a name: what is not meant has an option of its own.
    const shell = { nonegate: true, nocomment: true }
    const globs = (patterns: readonly string[], dot: boolean): Minimatch[] =>
      patterns.map((pattern) => {
        const isRooted = pattern.startsWith('/')
        return new Minimatch(isRooted ? pattern.slice(1) : pattern, { ...shell, dot, matchBase: !isRooted })
      })
    this.#include = globs(include, false)
    this.#exclude = globs(exclude, true)
  }

  /** `path`: below the directory, with `/` between names. */
  matches(path: string): boolean {
    let known = this.#known.get(path)
    if (known === undefined) {
      known = this.#include.some((glob) => glob.match(path)) && !this.#exclude.some((glob) => glob.match(path))
      if (this.#known.size >= maxRememberedNames) this.#known = new Map()
      this.#known.set(path, known)
    }
    return known
  }
}
