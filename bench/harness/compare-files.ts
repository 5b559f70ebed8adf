/** Looks at what a contestant wrote. */

import { closeSync, openSync, readSync } from 'node:fs'

const blockBytes = 1 << 20
const lineFeed = 10

/** Whether two files have the same bytes. */
export function areIdentical(one: string, other: string): boolean {
  const files = [openSync(one, 'r'), openSync(other, 'r')] as const
  const blocks = [Buffer.allocUnsafe(blockBytes), Buffer.allocUnsafe(blockBytes)] as const
  try {
    for (;;) {
      const [read, otherRead] = [readWhole(files[0], blocks[0]), readWhole(files[1], blocks[1])]
      if (read !== otherRead || blocks[0].compare(blocks[1], 0, read, 0, read) !== 0) return false
      if (read === 0) return true
    }
  } finally {
    for (const file of files) closeSync(file)
  }
}

/** How many line feeds and bytes a file has; none when there is no such file. */
export function countLines(path: string): { lines: number; bytes: number } {
  let lines = 0
  const bytes = forEachBlock(path, (block) => {
    for (let at = block.indexOf(lineFeed); at !== -1; at = block.indexOf(lineFeed, at + 1)) lines++
  })
  return { lines, bytes }
}

/**
 * Which of `lines` numbered lines a file has. The number is what stands behind `#` at a line's end; a line without one is
 * torn, and counts as none.
 */
export function countNumbered(path: string, lines: number): { delivered: number; repeated: number; torn: number } {
  const seen = new Uint32Array(lines)
  let torn = 0
  let carry = ''
  const take = (line: string): void => {
    const number = /#(\d+)$/.exec(line)
    if (number === null || Number(number[1]) >= lines) torn++
    else (seen[Number(number[1])] as number) += 1
  }
  forEachBlock(path, (block) => {
    const parts = (carry + block.toString('latin1')).split('\n')
    carry = parts.pop() as string
    for (const part of parts) take(part)
  })
  if (carry !== '') take(carry)
  let delivered = 0
  let repeated = 0
  for (const times of seen) {
    if (times > 0) delivered++
    if (times > 1) repeated += times - 1
  }
  return { delivered, repeated, torn }
}

/** Returns how many bytes there were. */
function forEachBlock(path: string, visit: (block: Buffer) => void): number {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return 0
  }
  const block = Buffer.allocUnsafe(blockBytes)
  let bytes = 0
  try {
    for (let read = readWhole(file, block); read > 0; read = readWhole(file, block)) {
      visit(block.subarray(0, read))
      bytes += read
    }
  } finally {
    closeSync(file)
  }
  return bytes
}

/** Fills the block as far as the file goes: a read may return less than it could. */
function readWhole(file: number, block: Buffer): number {
  let filled = 0
  for (;;) {
    const read = readSync(file, block, filled, block.length - filled, null)
    filled += read
    if (read === 0 || filled === block.length) return filled
  }
}
