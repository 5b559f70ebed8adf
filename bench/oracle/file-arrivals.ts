/** The entries in the files of a `fileSink` that writes them with their ids, and beside them those that were rejected. */

import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Arrivals } from './arrivals.ts'
import type { Stream } from './debts.ts'
import type { JudgedSink } from './judged-sink.ts'

const blockBytes = 1 << 20
const lineFeed = 0x0a

export class FileArrivals implements JudgedSink {
  readonly name: string
  readonly owes = true
  readonly dropsRepeats = false
  readonly #directory: string
  readonly #isOurs: RegExp
  readonly #streams: readonly Stream[]
  /** What has come so far. A full disk may take whole lines back that were not acknowledged: no verdict. */
  readonly #live: Arrivals
  readonly #rejected: string | undefined
  /** How far each file has been looked at, by its inode. */
  readonly #seen = new Map<number, number>()
  readonly #seenRejected = new Map<number, number>()

  /**
   * Of `<directory>/<file>.log` and its rotated ones. What lies in the directory `rejected` has not come; but it is known
   * where it is, and nobody need wait for it until it is replayed.
   */
  constructor(name: string, directory: string, file: string, streams: readonly Stream[], rejected?: string) {
    this.name = name
    this.#rejected = rejected
    this.#directory = directory
    this.#isOurs = new RegExp(`^${file}(-.*)?\\.log$`)
    this.#streams = streams
    this.#live = new Arrivals(streams)
  }

  get entries(): number {
    return this.#live.entries
  }

  missing(): Promise<number> {
    this.#lookLive()
    return Promise.resolve(this.#live.missing(this.#streams))
  }

  has(stream: Stream, id: number): Promise<boolean> {
    this.#lookLive()
    return Promise.resolve(this.#live.has(stream, id))
  }

  read(): Promise<Arrivals> {
    const all = new Arrivals(this.#streams)
    const ends = new Map<number, number>()
    this.#look(all, ends, this.#files())
    for (const { path, inode, size } of this.#files()) {
      const left = size - (ends.get(inode) ?? 0)
      if (left > 0) all.noteTorn(`${left} bytes at the end of ${path} without a line feed`)
    }
    return Promise.resolve(all)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #files(): readonly FoundFile[] {
    return filesIn(this.#directory, this.#isOurs)
  }

  #lookLive(): void {
    this.#look(this.#live, this.#seen, this.#files())
    if (this.#rejected !== undefined) this.#look(this.#live, this.#seenRejected, filesIn(this.#rejected, /\.ndjson$/))
  }

  /** Reads the whole lines that were not there before. */
  #look(arrivals: Arrivals, seen: Map<number, number>, files: readonly FoundFile[]): void {
    for (const { path, inode, size } of files) {
      const from = Math.min(seen.get(inode) ?? 0, size)
      if (size > from)
        seen.set(
          inode,
          readLines(path, from, (line) => noteLine(arrivals, line)),
        )
    }
  }
}

interface FoundFile {
  readonly path: string
  readonly inode: number
  readonly size: number
}

function filesIn(directory: string, names: RegExp): readonly FoundFile[] {
  return readdirSync(directory)
    .filter((name) => names.test(name))
    .flatMap((name) => {
      const path = join(directory, name)
      const found = statSync(path, { throwIfNoEntry: false })
      return found === undefined ? [] : [{ path, inode: found.ino, size: found.size }]
    })
}

/** Gives each whole line from a place on; returns where the last one ends. */
function readLines(path: string, from: number, onLine: (line: string) => void): number {
  const file = openSync(path, 'r')
  try {
    let place = from
    let rest: Buffer = Buffer.alloc(0)
    for (;;) {
      const block = Buffer.allocUnsafe(blockBytes)
      const length = readSync(file, block, 0, blockBytes, place + rest.length)
      if (length === 0) return place
      const bytes = Buffer.concat([rest, block.subarray(0, length)])
      const end = bytes.lastIndexOf(lineFeed) + 1
      if (end > 0) for (const line of bytes.toString('utf8', 0, end - 1).split('\n')) onLine(line)
      place += end
      rest = bytes.subarray(end)
    }
  } finally {
    closeSync(file)
  }
}

function noteLine(arrivals: Arrivals, line: string): void {
  let entry: { readonly message?: unknown; readonly 'logwisp.id'?: string }
  try {
    entry = JSON.parse(line)
  } catch {
    arrivals.noteTorn(line)
    return
  }
  if (typeof entry.message === 'string') arrivals.note(entry.message, entry['logwisp.id'])
  else arrivals.noteTorn(line)
}
