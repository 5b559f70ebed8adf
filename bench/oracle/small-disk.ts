/** A disk that can be filled to the last byte: a tmpfs, whose size is changed while it is in use. Needs root. */

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, statfsSync } from 'node:fs'

/** What fits while there is room: more than a run writes. Memory is taken only for what is there. */
const roomy = '4g'

/** Between looking how much is in use and saying that this is all, something may have been written. */
const attempts = 20

export class SmallDisk {
  readonly path: string
  #isMounted = false

  /** Makes the directory; `mount` puts a disk there. */
  constructor(path: string) {
    this.path = path
    mkdirSync(path, { recursive: true })
  }

  /** Says why it is not possible here; undefined when it is done. */
  mount(): string | undefined {
    try {
      run('mount', ['-t', 'tmpfs', '-o', `size=${roomy},mode=0777`, 'tmpfs', this.path])
    } catch {
      return 'no right to mount a tmpfs: run as root'
    }
    this.#isMounted = true
    return undefined
  }

  /** From now on there is room for nothing more. */
  fill(): void {
    for (let attempt = 1; ; attempt++) {
      const { blocks, bfree, bsize } = statfsSync(this.path)
      try {
        // 0 would be no bound.
        this.#resize(String(Math.max(1, blocks - bfree) * bsize))
        return
      } catch (error) {
        if (attempt === attempts) throw error
      }
    }
  }

  /** There is room again. */
  clear(): void {
    this.#resize(roomy)
  }

  /** What is on it goes with it; unless it is to be kept beside it, for whoever looks for the cause of a loss. */
  unmount(isKept: boolean): void {
    if (!this.#isMounted) return
    this.#isMounted = false
    if (isKept) cpSync(this.path, `${this.path}.kept`, { recursive: true, preserveTimestamps: true })
    run('umount', ['--lazy', this.path])
  }

  #resize(size: string): void {
    run('mount', ['-o', `remount,size=${size}`, this.path])
  }
}

function run(command: string, words: readonly string[]): void {
  execFileSync(command, words, { stdio: 'pipe' })
}
