/** The inputs of the bench are the same in every run, and are what the scenarios take them for. */

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { logLines, wanted, writeLog } from '../harness/log-text.ts'
import { seededRandom } from '../harness/seeded-random.ts'
import { sampleBlock, sampleLines } from '../micro/fixtures.ts'
import { rareWord, storeEntries, twoWords } from '../store/store-entries.ts'

const directory = mkdtempSync(join(tmpdir(), 'logwisp-bench-test-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('the random numbers', () => {
  it('are the same for the same seed, others for another, and spread over 0 to 1', () => {
    const some = (seed: number): number[] => Array.from({ length: 10_000 }, seededRandom(seed))
    expect(some(1)).toEqual(some(1))
    expect(some(1)).not.toEqual(some(2))
    const mean = some(1).reduce((sum, value) => sum + value, 0) / 10_000
    expect(mean).toBeGreaterThan(0.48)
    expect(mean).toBeLessThan(0.52)
    expect(some(1).every((value) => value >= 0 && value < 1)).toBe(true)
  })
})

describe('the log', () => {
  const lines = sampleLines(20_000)

  it('never changes, as results of different days are compared', () => {
    expect(createHash('sha256').update(lines.join('\n')).digest('hex')).toMatchInlineSnapshot(
      `"150a8b9efe6a152c4e5beeb1301b6ec4494ab42f3380fa8b5dc8199fd4fc1479"`,
    )
  })

  it('has one line in five that is wanted', () => {
    const share = lines.filter((line) => wanted.test(line)).length / lines.length
    expect(share).toBeGreaterThan(0.19)
    expect(share).toBeLessThan(0.21)
  })

  it('has lines of the length that services write, without control characters', () => {
    const mean = lines.join('').length / lines.length
    expect(mean).toBeGreaterThan(90)
    expect(mean).toBeLessThan(130)
    expect(lines.every((line) => /^[\x20-\x7e]+$/.test(line))).toBe(true)
  })

  it('is written whole: no less than was asked for, whole lines, and counted right', () => {
    const log = writeLog(join(directory, 'app.log'), 3_000_000, 5, 'utf8')
    const bytes = readFileSync(log.path)
    expect(bytes.length).toBe(log.bytes)
    expect(log.bytes).toBeGreaterThanOrEqual(3_000_000)
    const text = bytes.toString()
    expect(text.endsWith('\n')).toBe(true)
    expect(text.split('\n').length - 1).toBe(log.lines)
    const next = logLines(5, 'utf8')
    expect(text.slice(0, 10_000)).toBe(
      Array.from({ length: 200 }, () => `${next()}\n`)
        .join('')
        .slice(0, 10_000),
    )
  })

  it('as UTF-8 has characters beyond ASCII in every 64 KiB', () => {
    const bytes = readFileSync(join(directory, 'app.log'))
    for (let at = 0; at + 65_536 <= bytes.length; at += 65_536) {
      expect(bytes.subarray(at, at + 65_536).some((byte) => byte > 0x7f)).toBe(true)
    }
  })
})

describe('the block of the micro benches', () => {
  it.each(['ascii', 'utf8'] as const)('is whole lines that just fit into 64 KiB (%s)', (charset) => {
    const { bytes, lines } = sampleBlock(charset)
    expect(bytes.length).toBeLessThanOrEqual(65_536)
    expect(bytes.length).toBeGreaterThan(65_536 - 300)
    expect(bytes.toString().split('\n').length - 1).toBe(lines)
    expect(bytes.at(-1)).toBe(10)
  })
})

describe('the entries of the store', () => {
  const count = 50_000
  const entries = Array.from({ length: count }, (_, number) => storeEntries(count)(number))
  const having = (word: string): number => entries.filter(({ message }) => message.split(' ').includes(word)).length

  it('never change', () => {
    const text = JSON.stringify(entries.map(({ origin, ...rest }) => [rest, origin?.id]))
    expect(createHash('sha256').update(text).digest('hex')).toMatchInlineSnapshot(
      `"66f6daea08df0b1db5249d4c5eed2eaf5c71500122bbc1fe065f5e2c247e27f7"`,
    )
  })

  it('have a rare word ten times, and two words in a hundredth each, seldom both', () => {
    expect(having(rareWord)).toBe(10)
    for (const word of twoWords) {
      expect(having(word) / count).toBeGreaterThan(0.008)
      expect(having(word) / count).toBeLessThan(0.012)
    }
    const both = entries.filter(({ message }) => twoWords.every((word) => message.includes(word))).length
    expect(both / count).toBeGreaterThan(0.0001)
    expect(both / count).toBeLessThan(0.0006)
  })

  it('have every level as often as is said, and half of them fields', () => {
    const share = (level: string): number => entries.filter((entry) => entry.level === level).length / count
    expect(share('info')).toBeCloseTo(0.699, 1)
    expect(share('error')).toBeCloseTo(0.03, 2)
    expect(share('fatal')).toBeCloseTo(0.001, 2)
    expect(entries.filter(({ fields }) => fields !== undefined).length).toBe(count / 2)
  })
})
