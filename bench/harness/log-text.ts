/** The log that is measured on: lines as a web service writes them, the same for the same seed. */

import { closeSync, openSync, writeSync } from 'node:fs'
import { seededRandom } from './seeded-random.ts'

/** What lines are made of. */
export type LogCharset = 'ascii' | 'utf8'

/** A log on disk. */
export interface LogFile {
  readonly path: string
  readonly bytes: number
  readonly lines: number
}

/** What is looked for in it: about one line in five has it. */
export const wanted: RegExp = /ERROR|WARN/

/** Lines of each level in a hundred. */
const shares = { DEBUG: 15, INFO: 65, WARN: 13, ERROR: 7 } as const

const levels = Object.entries(shares).flatMap(([level, share]) => new Array<string>(share).fill(level.padEnd(5)))
const parts = ['checkout', 'catalog', 'payments', 'sessions', 'shipping', 'search']
const methods = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE']
const paths = ['/api/orders', '/api/products', '/healthz', '/api/cart/items', '/login', '/api/search?q=kettle']
/** Of the UTF-8 log, one line in ten has one of these: a block of 64 KiB is never pure ASCII. */
const names = ['Zoë', 'Łukasz', 'Иван', '北京', '🛒']

const startMs = Date.UTC(2026, 10, 21, 10)
const blockChars = 1 << 20

/** A function that gives the next line, without its line feed. */
export function logLines(seed: number, charset: LogCharset = 'ascii'): () => string {
  const random = seededRandom(seed)
  const pick = <Item>(list: readonly Item[]): Item => list[Math.floor(random() * list.length)] as Item
  let timeMs = startMs
  let second = -1
  let head = ''
  return () => {
    timeMs += random() * 4
    // Writing the date for each line would take most of the generator's time.
    if (Math.floor(timeMs / 1000) !== second) {
      second = Math.floor(timeMs / 1000)
      head = new Date(second * 1000).toISOString().slice(0, -4)
    }
    const time = `${head}${String(Math.floor(timeMs % 1000)).padStart(3, '0')}Z`
    const number = Math.floor(random() * 1e9)
    const status = number % 23 === 0 ? 503 : 200
    const who = charset === 'utf8' && number % 10 === 0 ? ` name=${pick(names)}` : ''
    const request = `${pick(methods)} ${pick(paths)} ${status} in ${number % 900}ms`
    return `${time} ${pick(levels)} [${pick(parts)}] req=${number.toString(16).padStart(8, '0')} ${request} user=u-${number % 99_991}${who} bytes=${number % 65_521}`
  }
}

/** Writes whole lines until the file has at least so many bytes. */
export function writeLog(path: string, minBytes: number, seed: number, charset: LogCharset = 'ascii'): LogFile {
  const next = logLines(seed, charset)
  const file = openSync(path, 'w')
  let bytes = 0
  let lines = 0
  try {
    while (bytes < minBytes) {
      let block = ''
      while (block.length < Math.min(blockChars, minBytes - bytes)) {
        block += `${next()}\n`
        lines++
      }
      bytes += writeSync(file, block)
    }
  } finally {
    closeSync(file)
  }
  return { path, bytes, lines }
}
