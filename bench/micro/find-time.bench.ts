/** The time of a line, in the forms that programs write. */

import { findTime } from '@logwisp/core'
import { microSuite } from '../harness/micro.ts'
import { sampleLines } from './fixtures.ts'

const count = 1000
const perCall = { lines: count }
const now = Date.UTC(2026, 10, 21, 12)
const lines = sampleLines(count)
const stamps = lines.map((line) => line.slice(0, 24))

const rewritten = (stamp: (iso: string) => string): string[] =>
  lines.map((line, index) => stamp(stamps[index] as string) + line.slice(24))

const all = (some: readonly string[]) => (): number => {
  let sum = 0
  for (const line of some) sum += findTime(line, 0, line.length, now)
  return sum
}

await microSuite('find-time', [
  { name: 'RFC 3339', perCall, run: all(lines) },
  {
    name: 'local, with a comma',
    perCall,
    run: all(rewritten((iso) => `${iso.slice(0, 10)} ${iso.slice(11, 19)},123`)),
  },
  { name: 'syslog, without a year', perCall, run: all(rewritten((iso) => `Nov 21 ${iso.slice(11, 19)}`)) },
  { name: 'none', perCall, run: all(rewritten(() => 'a line without one')) },
  {
    name: 'Date.parse of the stamp alone, for comparison',
    perCall,
    run: () => {
      let sum = 0
      for (const stamp of stamps) sum += Date.parse(stamp)
      return sum
    },
  },
])
