/** The level of a line: in lines that name it early, and in lines that name none and are looked at to the end of their head. */

import { findLevel } from '@logwisp/core'
import { microSuite } from '../harness/micro.ts'
import { sampleLines } from './fixtures.ts'

const count = 1000
const perCall = { lines: count }
const early = sampleLines(count)
const none = early.map((line) => line.replace(/(DEBUG|INFO|WARN|ERROR) +/, ''))
const json = early.map((line, number) => JSON.stringify({ time: number, pid: 1, level: 30, msg: line.slice(30) }))

const all = (lines: readonly string[]) => (): number => {
  let found = 0
  for (const line of lines) if (findLevel(line) !== undefined) found++
  return found
}

const word = /\b(?:DEBUG|INFO|WARN|ERROR)\b/
const bare = (): number => {
  let found = 0
  for (const line of early) if (word.test(line)) found++
  return found
}

await microSuite('find-level', [
  { name: 'behind the time', perCall, run: all(early) },
  { name: 'nowhere', perCall, run: all(none) },
  { name: "in JSON, as pino's number", perCall, run: all(json) },
  { name: 'one regular expression for four words, for comparison', perCall, run: bare },
])
