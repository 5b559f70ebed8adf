/**
 * A program that appends numbered lines to a file for as long as it lives, as daemons do: opens it again on SIGUSR1, as
 * after a rotation by renaming, and on SIGTERM says how many lines it has written, and ends.
 *
 * Usage: node numbered-writer.js <path> <lines per write> <pause in ms>
 */

import { closeSync, openSync, writeSync } from 'node:fs'

const [path = '', perWrite = '1', pauseMs = '0'] = process.argv.slice(2)
let file = openSync(path, 'a')
let written = 0

process.on('SIGUSR1', () => {
  closeSync(file)
  file = openSync(path, 'a')
})
process.on('SIGTERM', () => {
  process.stdout.write(`${written}\n`, () => process.exit(0))
})

function write(): void {
  let text = ''
  for (let i = 0; i < Number(perWrite); i++) text += `${written++} the quick brown fox jumps over the lazy dog\n`
  writeSync(file, text)
  if (Number(pauseMs) > 0) setTimeout(write, Number(pauseMs))
  else setImmediate(write)
}

write()
