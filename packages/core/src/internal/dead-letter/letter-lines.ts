/** Reads a file of dead letters line by line, from where an earlier replay had come to. */

import type { FileSystem, OpenFile } from '../file-system.ts'
import { maxLetterBytes } from './letter-writer.ts'

/** A line, and where in its file it ends. */
export interface LetterLine {
  /** Without its line feed; undefined when it is longer than any letter. */
  readonly text: string | undefined
  /** Where the next one begins. Unit: bytes. */
  readonly end: number
}

const blockBytes = 65_536
const lineFeed = 10

export class LetterLines {
  /** Where what was read ends. Unit: bytes. */
  offset: number
  readonly #file: OpenFile
  /** What was read and is no whole line yet. */
  #rest: Buffer[] = []
  #restBytes = 0

  private constructor(file: OpenFile, offset: number) {
    this.#file = file
    this.offset = offset
  }

  /** Opens it at an offset; at its beginning when no line begins there, since somebody has changed the file. */
  static async open(fs: FileSystem, path: string, offset: number): Promise<LetterLines> {
    const file = await fs.open(path, 'r')
    try {
      if (offset === 0) return new LetterLines(file, 0)
      const before = Buffer.alloc(1)
      const { bytesRead } = await file.read(before, 0, 1, offset - 1)
      return new LetterLines(file, bytesRead === 1 && before[0] === lineFeed ? offset : 0)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** The next few lines, at least one; undefined at the end. */
  async next(): Promise<readonly LetterLine[] | undefined> {
    for (;;) {
      const start = this.offset
      const block = Buffer.allocUnsafe(blockBytes)
      const { bytesRead } = await this.#file.read(block, 0, blockBytes, start)
      if (bytesRead === 0) return undefined
      this.offset += bytesRead
      const lines = this.#split(block.subarray(0, bytesRead), start)
      if (lines.length > 0) return lines
    }
  }

  /** Bytes at the end that are no whole line. */
  get tornBytes(): number {
    return this.#restBytes
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    await this.#file.close()
  }

  #split(block: Buffer, start: number): LetterLine[] {
    const lines: LetterLine[] = []
    let from = 0
    for (let feed = block.indexOf(lineFeed); feed !== -1; feed = block.indexOf(lineFeed, from)) {
      lines.push({ text: this.#join(block.subarray(from, feed)), end: start + feed + 1 })
      from = feed + 1
    }
    this.#keep(block.subarray(from))
    return lines
  }

  /** What is longer than any letter is not kept; only its length is. */
  #keep(part: Buffer): void {
    this.#restBytes += part.length
    if (this.#restBytes > maxLetterBytes) this.#rest = []
    else if (part.length > 0) this.#rest.push(part)
  }

  #join(end: Buffer): string | undefined {
    const isTooLong = this.#restBytes + end.length > maxLetterBytes
    const text = isTooLong
      ? undefined
      : (this.#rest.length === 0 ? end : Buffer.concat([...this.#rest, end])).toString('utf8')
    this.#rest = []
    this.#restBytes = 0
    return text
  }
}
