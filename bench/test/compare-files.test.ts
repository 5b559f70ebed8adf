/** What a contestant wrote is looked at without mercy: a byte, a line, a repetition. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { areIdentical, countLines, countNumbered } from '../harness/compare-files.ts'

const directory = mkdtempSync(join(tmpdir(), 'logwisp-bench-test-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let files = 0
function file(content: string | Buffer): string {
  const path = join(directory, String(files++))
  writeFileSync(path, content)
  return path
}

describe('areIdentical', () => {
  const large = Buffer.alloc(2_500_000, 'some text\n')

  it('says yes to the same bytes, in files of any size', () => {
    expect(areIdentical(file(''), file(''))).toBe(true)
    expect(areIdentical(file(large), file(large))).toBe(true)
  })

  it('says no to a byte that differs, is missing or is too much', () => {
    const other = Buffer.from(large)
    other[2_400_000] = 0
    expect(areIdentical(file(large), file(other))).toBe(false)
    expect(areIdentical(file(large), file(large.subarray(1)))).toBe(false)
    expect(areIdentical(file(large.subarray(0, -1)), file(large))).toBe(false)
  })
})

describe('countLines', () => {
  it('counts line feeds and bytes', () => {
    expect(countLines(file('a\nb\nc'))).toEqual({ lines: 2, bytes: 5 })
    expect(countLines(file(Buffer.alloc(3_000_000, 'x\n')))).toEqual({ lines: 1_500_000, bytes: 3_000_000 })
  })

  it('finds nothing where there is no file: a contestant that never wrote delivered nothing', () => {
    expect(countLines(join(directory, 'missing'))).toEqual({ lines: 0, bytes: 0 })
  })
})

describe('countNumbered', () => {
  it('tells delivered, repeated and torn lines apart', () => {
    const output = file('a @1 #0\nb @1 #1\nb @1 #1\nb @1 #1\ntor\nn @1 #2\nno number\nbeyond #9\nlast @1 #4')
    expect(countNumbered(output, 5)).toEqual({ delivered: 4, repeated: 2, torn: 3 })
  })

  it('puts lines together that lie over the edge of two reads', () => {
    const lines = Array.from({ length: 60_000 }, (_, number) => `${'x'.repeat(40)} #${number}\n`)
    expect(countNumbered(file(lines.join('')), 60_000)).toEqual({ delivered: 60_000, repeated: 0, torn: 0 })
  })
})
