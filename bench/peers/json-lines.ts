/** What the bare loops that send make of a file: blocks of JSON lines, each entry with a time, a source and a message. */

import { closeSync, openSync, readSync } from 'node:fs'

const readBytes = 1 << 20
const lineFeed = 10

/** Blocks of some size. The time is that of reading, for all lines of a block. */
export function* jsonLines(path: string): Generator<{ readonly text: string; readonly lines: number }> {
  const file = openSync(path, 'r')
  const block = Buffer.allocUnsafe(readBytes)
  const source = JSON.stringify(path)
  let carried = 0
  for (;;) {
    const read = readSync(file, block, carried, readBytes - carried, null)
    if (read === 0) break
    const filled = carried + read
    const end = block.lastIndexOf(lineFeed, filled - 1) + 1
    const head = `{"time":"${new Date().toISOString()}","source":${source},"message":`
    const messages = block.toString('utf8', 0, end).split('\n')
    messages.pop()
    let text = ''
    for (const message of messages) text += `${head}${JSON.stringify(message)}}\n`
    yield { text, lines: messages.length }
    block.copyWithin(0, end, filled)
    carried = filled - end
  }
  closeSync(file)
}
