import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LineWindow, lineWindow } from '../page/data/line-window.ts'
import type { ShownEntry } from '../page/data/shown-entry.ts'

const start = Date.UTC(2026, 5, 26, 9, 47)

/** The entry of one place in time; everything of it can be told from the place. */
function entryAt(place: number): ShownEntry {
  const time = start + Math.floor(place / 4)
  return {
    id: `${time.toString(36)}-${(place % 4).toString(36)}`,
    time,
    source: `source ${place % 3}`,
    ...(place % 2 === 0 && { level: 'info' as const }),
    message: `line ${place}`,
    ...(place % 5 === 0 && { fields: { place, nested: { list: [place, 'ü'] } } }),
  }
}

function entriesFrom(from: number, to: number): ShownEntry[] {
  return Array.from({ length: to - from }, (_, index) => entryAt(from + index))
}

function textsOf(lines: LineWindow): string[] {
  return Array.from({ length: lines.length }, (_, index) => {
    const row = lines.row(index)
    if (row === undefined) return 'NOTHING'
    return row.kind === 'gap' ? `gap of ${row.gap.entries ?? 'some'}` : row.entry.message
  })
}

describe('entries', () => {
  test('stand in the order of their ids, whatever order they come in', () => {
    const lines = lineWindow()
    expect(lines.add([entryAt(5), entryAt(1), entryAt(3)])).toBe(3)
    expect(lines.add([entryAt(4), entryAt(0)])).toBe(2)
    expect(textsOf(lines)).toEqual(['line 0', 'line 1', 'line 3', 'line 4', 'line 5'])
  })

  test('that are here already are left out, those that come twice at once too', () => {
    const lines = lineWindow()
    lines.add(entriesFrom(0, 10))
    const { version } = lines
    expect(lines.add(entriesFrom(3, 7))).toBe(0)
    expect(lines.version, 'nothing changed').toBe(version)
    expect(lines.add([entryAt(9), entryAt(10), entryAt(10)])).toBe(1)
    expect(lines.entries).toBe(11)
  })

  test('come out of packed blocks as they went in, every digit of their fields included', () => {
    const lines = lineWindow({ blockEntries: 4 })
    const entries = entriesFrom(0, 200)
    entries[100] = { ...entryAt(100), fields: { big: 123456789012345678901n, deep: { none: null, empty: '' } } }
    lines.add(entries)
    for (const [index, entry] of entries.entries()) expect(lines.row(index)).toMatchObject({ kind: 'entry', entry })
  })

  test('are as in a sorted list without repeats, whatever is added and dropped', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            { weight: 8, arbitrary: fc.array(fc.nat(400), { maxLength: 40 }) },
            { weight: 1, arbitrary: fc.constantFrom('oldest' as const, 'newest' as const) },
          ),
        ),
        (actions) => {
          const lines = lineWindow({ blockEntries: 4, maxEntries: 100 })
          let model: number[] = []
          for (const action of actions) {
            if (typeof action === 'string') {
              const dropped = lines.trim(action)
              model = action === 'oldest' ? model.slice(dropped) : model.slice(0, model.length - dropped)
              expect(lines.entries).toBeLessThanOrEqual(100)
            } else {
              const before = model.length
              model = [...new Set([...model, ...action])].sort((a, b) => a - b)
              expect(lines.add(action.map(entryAt))).toBe(model.length - before)
            }
            expect(textsOf(lines)).toEqual(model.map((place) => `line ${place}`))
            for (const place of [0, 13, 250, 401]) {
              expect(lines.rowOf(entryAt(place).id)).toBe(model.filter((other) => other < place).length)
              expect(lines.has(entryAt(place).id)).toBe(model.includes(place))
            }
          }
        },
      ),
      { seed: 6, numRuns: 150 },
    )
  })

  test('are found by their time', () => {
    const lines = lineWindow({ blockEntries: 4 })
    lines.add(entriesFrom(0, 100))
    expect(lines.rowAtTime(start + 10)).toBe(40)
    expect(lines.rowAtTime(start - 1)).toBe(0)
    expect(lines.rowAtTime(start + 1000)).toBe(100)
  })
})

describe('the bound', () => {
  test('of entries is kept by dropping those at the far end', () => {
    const lines = lineWindow({ maxEntries: 100, blockEntries: 10 })
    lines.add(entriesFrom(0, 100))
    expect(lines.trim('oldest')).toBe(0)
    lines.add(entriesFrom(100, 125))
    const dropped = lines.trim('oldest')
    expect(dropped).toBeGreaterThanOrEqual(25)
    expect(lines.entries).toBe(125 - dropped)
    expect(lines.lastId).toBe(entryAt(124).id)

    lines.add(entriesFrom(0, dropped))
    lines.trim('newest')
    expect(lines.entries).toBeLessThanOrEqual(100)
    expect(lines.firstId).toBe(entryAt(0).id)
  })

  test('of texts is kept too, so that few long lines cannot take all memory', () => {
    const lines = lineWindow({ maxChars: 1_000_000, blockEntries: 4 })
    for (let place = 0; place < 100; place++) {
      lines.add([{ ...entryAt(place), message: 'x'.repeat(100_000) }])
      lines.trim('oldest')
    }
    expect(lines.entries).toBeLessThanOrEqual(10)
    expect(lines.entries).toBeGreaterThan(2)
    expect(lines.lastId).toBe(entryAt(99).id)
  })

  test('lets a million entries in, at a fraction of what as many objects take', () => {
    const lines = lineWindow()
    const memory = (): number => {
      ;(globalThis as { gc?: () => void }).gc?.()
      return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
    }
    const before = memory()
    for (let from = 0; from < 1_000_000; from += 10_000) lines.add(entriesFrom(from, from + 10_000))
    expect(lines.trim('oldest')).toBe(0)
    expect(lines.entries).toBe(1_000_000)
    expect(lines.row(777_777)).toMatchObject({ entry: entryAt(777_777) })
    const bytes = (memory() - before) / 1_000_000
    console.log(`a million lines: ${bytes.toFixed(0)} bytes of heap a line`)
    expect(bytes).toBeLessThan(300)
    lines.add(entriesFrom(1_000_000, 1_000_001))
    expect(lines.trim('oldest')).toBeGreaterThan(0)
    expect(lines.entries).toBeLessThanOrEqual(1_000_000)
  })
})

describe('a gap', () => {
  test('stands where its entries are missing', () => {
    const lines = lineWindow()
    lines.add([...entriesFrom(0, 4), ...entriesFrom(40, 44)])
    lines.addGap({ entries: 36, from: start + 1, to: start + 10 })
    expect(textsOf(lines)).toEqual([
      'line 0',
      'line 1',
      'line 2',
      'line 3',
      'gap of 36',
      'line 40',
      'line 41',
      'line 42',
      'line 43',
    ])
    expect(lines.rowOf(entryAt(3).id)).toBe(3)
    expect(lines.rowOf(entryAt(40).id)).toBe(5)
    const row = lines.row(4)
    expect(row?.kind === 'gap' && lines.rowOfGap(row.key)).toBe(4)
  })

  test('of nobody knows when stands at the end, and later entries come after it', () => {
    const lines = lineWindow()
    lines.add(entriesFrom(0, 2))
    lines.addGap({})
    lines.add(entriesFrom(8, 10))
    expect(textsOf(lines)).toEqual(['line 0', 'line 1', 'gap of some', 'line 8', 'line 9'])
  })

  test('shrinks and goes as its entries are loaded', () => {
    const lines = lineWindow()
    lines.add([entryAt(0), entryAt(20)])
    lines.addGap({ entries: 3, from: start + 1 })
    const { key } = lines.row(1) as { key: string }
    lines.add([entryAt(12)])
    lines.replaceGap(key, { entries: 2, from: start + 1 })
    expect(textsOf(lines)).toEqual(['line 0', 'gap of 2', 'line 12', 'line 20'])
    lines.replaceGap(key)
    expect(textsOf(lines)).toEqual(['line 0', 'line 12', 'line 20'])
  })

  test('goes with the entries around it, since then it is part of what is not loaded', () => {
    const lines = lineWindow({ maxEntries: 20, blockEntries: 4 })
    lines.add(entriesFrom(0, 8))
    lines.addGap({ entries: 4, from: start + 1, to: start + 1 })
    lines.add(entriesFrom(8, 60))
    lines.trim('oldest')
    expect(textsOf(lines)).not.toContain('gap of 4')
    expect(lines.length).toBe(lines.entries)
  })

  test('is joined with the next older one beyond the bound', () => {
    const lines = lineWindow({ maxGaps: 2 })
    for (let place = 0; place < 4; place++) {
      lines.add([entryAt(place * 4)])
      lines.addGap({ entries: 1 })
    }
    expect(textsOf(lines)).toEqual(['line 0', 'gap of 3', 'line 4', 'line 8', 'line 12', 'gap of 1'])
  })
})

test('clearing leaves nothing', () => {
  const lines = lineWindow()
  lines.add(entriesFrom(0, 10))
  lines.addGap({})
  lines.clear()
  expect(lines.length).toBe(0)
  expect(lines.row(0)).toBeUndefined()
  expect(lines.firstId).toBeUndefined()
  expect(lines.lastId).toBeUndefined()
})
