/** Lists the files of a directory, and of those below it, that match; only directories that changed are read again. */

import type { BigIntStats, Dirent } from 'node:fs'
import { join } from 'node:path'
import { type FileSystem, isMissing } from './file-system.ts'

/** How long after its last change a directory is still read at each scan: file systems keep times as coarse as 2 s. */
const settledMs = 3000

/** At each so many scans every directory is read, as some file systems do not keep a directory's time. */
const fullScanEvery = 16

export interface DirectoryScanOptions {
  readonly recursive: boolean
  /** Whether a file is meant, by its path below the directory, with `/` between names. */
  matches(path: string): boolean
  /** Told of what can't be read; it is tried again at the next scan. */
  onTrouble(path: string, error: unknown): void
  /** Told of each directory that is found. */
  onDirectory(path: string): void
}

/** The files of one directory that match. */
export interface ListedDirectory {
  readonly path: string
  /** Names, those of symbolic links last: what they lead to is better known by its own name. */
  readonly names: readonly string[]
}

interface KnownDirectory extends ListedDirectory {
  readonly stat: BigIntStats
  readonly scannedMs: number
  readonly directories: readonly string[]
}

export class DirectoryScan {
  readonly #fileSystem: FileSystem
  readonly #root: string
  readonly #options: DirectoryScanOptions
  #known = new Map<string, KnownDirectory>()
  #scans = 0

  constructor(fileSystem: FileSystem, root: string, options: DirectoryScanOptions) {
    this.#fileSystem = fileSystem
    this.#root = root
    this.#options = options
  }

  /** Every directory with its matching files, those that did not change as they were known. */
  async scan(): Promise<ListedDirectory[]> {
    const isFull = this.#scans++ % fullScanEvery === 0
    const found = new Map<string, KnownDirectory>()
    const open = ['']
    for (let below = open.pop(); below !== undefined; below = open.pop()) {
      const directory = await this.#list(below, isFull)
      if (directory === undefined) continue
      found.set(below, directory)
      for (const name of directory.directories) open.push(`${below}${name}/`)
    }
    this.#known = found
    return [...found.values()]
  }

  async #list(below: string, isFull: boolean): Promise<KnownDirectory | undefined> {
    const path = join(this.#root, below)
    const known = this.#known.get(below)
    try {
      const stat = await this.#fileSystem.stat(path)
      if (known !== undefined && !isFull && isSettled(known, stat)) return known
      const scannedMs = Date.now()
      const entries = await this.#fileSystem.readdir(path)
      if (known === undefined) this.#options.onDirectory(path)
      return { path, stat, scannedMs, ...(await this.#sort(below, path, entries)) }
    } catch (error) {
      if (!isMissing(error)) this.#options.onTrouble(path, error)
      // What can't be listed now is not gone: its files are followed on.
      return isMissing(error) ? undefined : known
    }
  }

  async #sort(
    below: string,
    path: string,
    entries: readonly Dirent[],
  ): Promise<Pick<KnownDirectory, 'names' | 'directories'>> {
    const names: string[] = []
    const links: string[] = []
    const directories: string[] = []
    for (const entry of entries) {
      if (entry.isDirectory()) {
        if (this.#options.recursive) directories.push(entry.name)
      } else if (this.#options.matches(below + entry.name)) {
        if (entry.isFile()) names.push(entry.name)
        // A link to a directory is not gone into: it may lead back up.
        else if (await this.#leadsToFile(join(path, entry.name))) links.push(entry.name)
      }
    }
    return { names: [...names, ...links], directories }
  }

  async #leadsToFile(path: string): Promise<boolean> {
    const stat = await this.#fileSystem.stat(path).catch(() => undefined)
    return stat?.isFile() === true
  }
}

function isSettled(known: KnownDirectory, stat: BigIntStats): boolean {
  return (
    known.stat.ino === stat.ino &&
    known.stat.mtimeNs === stat.mtimeNs &&
    known.scannedMs - Number(stat.mtimeMs) > settledMs
  )
}
