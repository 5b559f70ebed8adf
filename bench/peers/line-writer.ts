/** How the peers write lines: the quickest simple way that Node has, so that they are measured and not their output. */

import { closeSync, openSync, writeSync } from 'node:fs'

const blockChars = 1 << 16

/** Collects lines and writes them block by block. */
export class LineWriter {
  readonly #file: number
  #text = ''

  constructor(path: string) {
    this.#file = openSync(path, 'w')
  }

  /** Adds a line, without its line feed. */
  add(line: string): void {
    this.#text += `${line}\n`
    if (this.#text.length >= blockChars) this.drain()
  }

  /** Writes what is collected. */
  drain(): void {
    writeSync(this.#file, this.#text)
    this.#text = ''
  }

  /** Writes the rest. */
  close(): void {
    this.drain()
    closeSync(this.#file)
  }
}
