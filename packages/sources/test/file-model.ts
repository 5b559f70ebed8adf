/**
 * A model of a log file and its rotations, beside the real files: what was written, what a follower must give, and what
 * it may miss because nothing on the disk has it any more.
 */

import { appendFile, copyFile, readFile, rename, rm, stat, truncate, unlink, utimes, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

/** One line as it was written. */
export interface ModelLine {
  text: string
  /** Whether it ended in a line feed when its file was left. */
  whole: boolean
  /** Whether a follower must give it: not when it was destroyed before anybody saw it. */
  required: boolean
  /** Whether its file was copied or compressed: given again from there after a crash, it may have another id. */
  copied: boolean
}

interface Generation {
  readonly lines: ModelLine[]
}

/** The steps in which the system tells the time of a change: longer than a tick of its coarse clock. */
const clockTickMs = 11

/** How many rotated files are kept. */
const kept = 6

export class FileModel {
  readonly path: string
  /** What its lines begin with: they differ from those of other files. */
  readonly #mark: string
  readonly lines: ModelLine[] = []
  readonly #isGiven: (text: string) => boolean
  #live: Generation | undefined
  /** `app.log.1` first. */
  #rotated: (Generation & { compressed: boolean })[] = []
  #count = 0

  constructor(path: string, isGiven: (text: string) => boolean, mark = '') {
    this.path = path
    this.#mark = mark
    this.#isGiven = isGiven
  }

  /** `: > app.log`, when there is none. */
  async create(): Promise<void> {
    await writeFile(this.path, '', { flag: 'a' })
    this.#live ??= { lines: [] }
  }

  /** Appends lines; the first finishes an unfinished one. */
  async write(count: number, width: number): Promise<void> {
    await this.#append(this.#make(count, width, true))
  }

  /** Appends part of a line. */
  async writePart(width: number): Promise<void> {
    await this.#append(this.#make(1, width, false))
  }

  #make(count: number, width: number, whole: boolean): string {
    this.#live ??= { lines: [] }
    const { lines } = this.#live
    let text = ''
    for (let i = 0; i < count; i++) {
      const last = lines.at(-1)
      const open = last !== undefined && !last.whole
      const added = open ? '+'.repeat(width) : `${this.#mark}${this.#count++}:${'x'.repeat(width)}`
      if (open) last.text += added
      else {
        const line = { text: added, whole, required: true, copied: false }
        lines.push(line)
        this.lines.push(line)
      }
      const line = lines.at(-1) as ModelLine
      line.whole = whole
      text += whole ? `${added}\n` : added
    }
    return text
  }

  async #append(text: string): Promise<void> {
    await appendFile(this.path, text)
  }

  /** `mv app.log app.log.1`, the older ones up by one; `create` makes the new file at once. */
  async rotate(create: boolean): Promise<void> {
    if (this.#live === undefined) return
    await this.#shift()
    await rename(this.path, `${this.path}.1`)
    this.#rotated.unshift({ ...this.#live, compressed: false })
    this.#live = undefined
    if (create) {
      await writeFile(this.path, '')
      this.#live = { lines: [] }
    }
  }

  /** `cp app.log app.log.1; : > app.log`. */
  async copyTruncate(): Promise<void> {
    if (this.#live === undefined) return
    await this.#shift()
    await copyFile(this.path, `${this.path}.1`)
    this.#rotated.unshift({ ...this.#live, compressed: false })
    copied(this.#live)
    await delay(clockTickMs)
    await truncate(this.path)
    this.#live = { lines: [] }
  }

  async #shift(): Promise<void> {
    // Generations whose files have the same time can't be told apart once the one between them is deleted.
    await delay(clockTickMs)
    for (let index = this.#rotated.length - 1; index >= 0; index--) {
      const generation = this.#rotated[index] as Generation & { compressed: boolean }
      const ending = generation.compressed ? '.gz' : ''
      const from = `${this.path}.${index + 1}${ending}`
      if (index + 1 < kept) await rename(from, `${this.path}.${index + 2}${ending}`)
      else {
        await unlink(from)
        this.#destroyed(generation)
        this.#rotated.pop()
      }
    }
  }

  /** `gzip app.log.N`, keeping the time as gzip does. */
  async compress(index: number): Promise<void> {
    const generation = this.#rotated[index]
    if (generation === undefined || generation.compressed) return
    const path = `${this.path}.${index + 1}`
    const { atime, mtime } = await stat(path)
    await writeFile(`${path}.gz`, gzipSync(await readFile(path)))
    await utimes(`${path}.gz`, atime, mtime)
    await unlink(path)
    copied(generation)
    generation.compressed = true
  }

  /** `: > app.log`. */
  async truncate(): Promise<void> {
    if (this.#live === undefined) return
    this.#destroyed(this.#live)
    await truncate(this.path)
    this.#live = { lines: [] }
  }

  async delete(): Promise<void> {
    if (this.#live === undefined) return
    this.#destroyed(this.#live)
    await rm(this.path)
    this.#live = undefined
  }

  /** Another file, larger perhaps, takes its place in one step. */
  async replace(count: number, width: number): Promise<void> {
    if (this.#live !== undefined) this.#destroyed(this.#live)
    this.#live = { lines: [] }
    const text = this.#make(count, width, true)
    await writeFile(`${this.path}~`, text)
    await rename(`${this.path}~`, this.path)
  }

  /** Nobody can read it any more; what was not given by now may be lost. */
  #destroyed({ lines }: Generation): void {
    for (const line of lines) line.required &&= this.#isGiven(line.text)
  }

  /** The line that the writer has not finished, and, as no newer file is there, may finish yet. */
  get unfinished(): ModelLine | undefined {
    const newest = this.#live ?? this.#rotated.find(({ lines }) => lines.length > 0)
    const last = newest?.lines.at(-1)
    return last?.whole === false ? last : undefined
  }
}

function copied({ lines }: Generation): void {
  for (const line of lines) line.copied = true
}
