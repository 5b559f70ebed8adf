/**
 * The bare loop, which nothing that also splits, counts and follows can be expected to pass: blocks of 64 KiB, one regular
 * expression over each, and the lines that have a match written. It knows that the file does not change, that its lines
 * are short, and that a byte is a character.
 */

import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { measured } from '../harness/measured.ts'
import { filesOf } from './files-of.ts'

interface Task {
  /** A file, or a directory of files. */
  readonly input: string
  readonly output: string
  /** A pattern; without it every line is wanted. */
  readonly pattern?: string
}

const blockBytes = 64 * 1024
const lineFeed = 10

await measured(async ({ input, output, pattern }: Task) => {
  const search = pattern === undefined ? undefined : new RegExp(pattern, 'g')
  const to = openSync(output, 'w')
  const block = Buffer.allocUnsafe(blockBytes)
  for (const path of filesOf(input)) copy(path, to, block, search)
  closeSync(to)
})

function copy(path: string, to: number, block: Buffer, search: RegExp | undefined): void {
  const from = openSync(path, 'r')
  let carried = 0
  for (;;) {
    const read = readSync(from, block, carried, blockBytes - carried, null)
    if (read === 0) break
    const filled = carried + read
    const end = block.lastIndexOf(lineFeed, filled - 1) + 1
    if (search === undefined) writeSync(to, block, 0, end)
    else writeWanted(to, block, end, search)
    block.copyWithin(0, end, filled)
    carried = filled - end
  }
  closeSync(from)
}

function writeWanted(to: number, block: Buffer, end: number, search: RegExp): void {
  const text = block.toString('latin1', 0, end)
  let found = ''
  search.lastIndex = 0
  for (let match = search.exec(text); match !== null; match = search.exec(text)) {
    const start = text.lastIndexOf('\n', match.index) + 1
    const next = text.indexOf('\n', match.index) + 1
    found += text.slice(start, next)
    search.lastIndex = next
  }
  if (found !== '') writeSync(to, found, null, 'latin1')
}
