import { describe, expect, test } from 'vitest'
import type { LogLevel } from '../src/entry.ts'
import { findLevel } from '../src/find-level.ts'
import { findTime, type TimeOptions } from '../src/find-time.ts'
import { messages, type Parts, type RealFormat, realFormats, testNow } from './fixtures/real-formats.ts'

const utc = { zone: 'utc' } as const

function level(line: string): LogLevel | undefined {
  return findLevel(line)
}

function time(line: string, options: TimeOptions = utc): string | undefined {
  const found = findTime(line, 0, line.length, testNow, options)
  return Number.isNaN(found) ? undefined : new Date(found).toISOString()
}

function parts(epochMs: number, offset: number): Parts {
  const shown = new Date(epochMs + offset * 60_000)
  return {
    epochMs,
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
    ms: shown.getUTCMilliseconds(),
    weekday: shown.getUTCDay(),
    offset,
  }
}

/** A dozen lines and more of the format: each of its words for a level, each message, at instants of this and other years. */
function* made(
  format: RealFormat,
): Generator<readonly [line: string, level: LogLevel | undefined, time: string | undefined]> {
  const { write, levels = {}, keeps = 'none' } = format
  if (write === undefined) return
  const words = Object.entries(levels)
  const instants =
    format.hasNoYear === true
      ? [Date.UTC(2026, 0, 1), Date.UTC(2026, 8, 9, 9, 5, 7, 8), testNow - 1, Date.UTC(2025, 11, 31, 23, 59, 59, 999)]
      : [Date.UTC(2024, 1, 29, 12, 0, 0, 1), Date.UTC(2009, 11, 31, 23, 59, 59, 999), testNow - 1, 1_000_000_000_000]
  for (let i = 0; i < messages.length * Math.max(1, words.length); i++) {
    const message = messages[i % messages.length] as string
    const [word, expected] = words[i % Math.max(1, words.length)] ?? ['', undefined]
    const instant = instants[i % instants.length] as number
    const told =
      keeps === 'none'
        ? undefined
        : new Date(keeps === 'second' ? Math.floor(instant / 1000) * 1000 : instant).toISOString()
    yield [write(parts(instant, 0), word, message), expected, told]
  }
}

// Lines that tell every level and a time, which must not show through from before or after.
const neighbours = [
  '2001-01-01T00:00:00Z FATAL {"level":"fatal","time":"2001-01-01T00:00:00Z"} <8>',
  '1234:M 01 Jan 2001 00:00:00.000 # level=fatal ts=978307200 "',
]

describe.each(realFormats)('$name', (format) => {
  test.each(format.samples)('finds what is told by %s', (line, expectedLevel, expectedTime) => {
    expect(level(line)).toBe(expectedLevel)
    expect(time(line)).toBe(expectedTime)
  })

  test('finds what is told whatever the level, the message and the instant', () => {
    const wrong: unknown[] = []
    for (const [line, expectedLevel, expectedTime] of made(format)) {
      const found = [level(line), time(line)]
      if (found[0] !== expectedLevel || found[1] !== expectedTime)
        wrong.push({ line, found, expected: [expectedLevel, expectedTime] })
    }
    expect(wrong).toEqual([])
  })

  test('finds the same within a larger text, and nothing of its neighbours', () => {
    const lines = [...format.samples, ...made(format)].map(([line]) => line)
    for (const line of lines) {
      for (const [before, after] of [
        ['', neighbours[0]],
        [neighbours[0], neighbours[1]],
        [neighbours[1], ''],
      ]) {
        // No line ending between them: even a neighbour that touches must not matter.
        const text = `${before}${line}${after}`
        const start = before?.length ?? 0
        const end = start + line.length
        expect(findLevel(text, start, end), line).toBe(findLevel(line))
        expect(findTime(text, start, end, testNow, utc), line).toBe(findTime(line, 0, line.length, testNow, utc))
      }
    }
  })

  test('reads a time without a zone in the zone it is given, and one with a zone in its own', () => {
    if (format.write === undefined || format.keeps === undefined || format.keeps === 'none') return
    const instant = Date.UTC(2026, 5, 7, 8, 9, 10)
    const word = Object.keys(format.levels ?? {})[0] ?? ''
    const line = format.write(parts(instant, 0), word, 'x')
    const shift = format.hasZone === true ? 0 : 330
    expect(time(line, { zone: 330 })).toBe(new Date(instant - shift * 60_000).toISOString())
    const inLocal = findTime(line, 0, line.length, testNow)
    expect(inLocal).toBe(format.hasZone === true ? instant : new Date(2026, 5, 7, 8, 9, 10).getTime())
  })
})

test('knows the formats of at least 40 systems, each by its own name', () => {
  const names = realFormats.map((format) => format.name)
  expect(new Set(names).size).toBe(names.length)
  expect(names.length).toBeGreaterThanOrEqual(40)
})
