import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RowScroll } from '../page/list/row-scroll.ts'

const view = 600
const usualPx = 20

function scrollOver(rows: number, heightOf: (row: number) => number | undefined = () => undefined): RowScroll {
  const scroll = new RowScroll({ maxSpacePx: 1_000_000, overscanPx: 100 })
  scroll.setView(view)
  scroll.setRows({ rows, usualPx, heightOf }, 0)
  scroll.settle(true)
  return scroll
}

describe('a list that fits the space', () => {
  test('is scrolled as if all rows were there', () => {
    const scroll = scrollOver(1000)
    expect(scroll.spacePx).toBe(20_000)
    for (const scrollTop of [0, 7, 400, 4321, 19_400]) {
      scroll.scrolledTo(scrollTop)
      expect(scroll.firstSeen).toBe(Math.floor(scrollTop / usualPx))
      const { first, end, top } = scroll.drawn()
      expect(top).toBe(first * usualPx)
      expect(top).toBeLessThanOrEqual(Math.max(0, scrollTop - 80))
      expect(end * usualPx).toBeGreaterThanOrEqual(Math.min(20_000, scrollTop + view + 80))
      expect(scroll.settle(true), 'the scrollbar is right').toBeUndefined()
    }
    expect(scroll.isAtEnd).toBe(true)
  })

  test('that is shorter than the view has nothing to scroll', () => {
    const scroll = scrollOver(5)
    expect(scroll.spacePx).toBe(view)
    expect(scroll.drawn()).toMatchObject({ first: 0, end: 5, top: 0 })
    expect(scroll.isAtEnd).toBe(true)
    expect(scroll.toEnd()).toBe(0)
  })

  test('that is empty draws nothing', () => {
    expect(scrollOver(0).drawn()).toMatchObject({ first: 0, end: 0 })
  })
})

describe('a million rows in a bounded space', () => {
  test('have a first and a last row at its ends', () => {
    const scroll = scrollOver(1_000_000)
    expect(scroll.spacePx).toBe(1_000_000)
    scroll.scrolledTo(1_000_000 - view)
    scroll.settle(true)
    expect(scroll.isAtEnd).toBe(true)
    expect(scroll.drawn()).toMatchObject({ end: 1_000_000, bottom: 1_000_000 })
    scroll.scrolledTo(0)
    scroll.settle(true)
    expect(scroll.drawn()).toMatchObject({ first: 0, top: 0 })
  })

  test('move by pixels with small steps, and by their share with large ones', () => {
    const scroll = scrollOver(1_000_000)
    scroll.scrolledTo(500_000)
    const middle = scroll.firstSeen
    expect(middle).toBeGreaterThan(499_000)
    expect(middle).toBeLessThan(501_000)
    for (let step = 1; step <= 10; step++) scroll.scrolledTo(scroll.scrollTop + 100)
    expect(scroll.firstSeen).toBe(middle + 50)
    const settled = scroll.settle(true)
    expect(settled, 'the scrollbar had gone too far').toBeLessThan(501_000)
    expect(scroll.firstSeen, 'and what is seen stays').toBe(middle + 50)
  })

  test('are all reached by small steps, either way', () => {
    const scroll = scrollOver(60_000)
    let seen = 0
    for (let step = 0; !scroll.isAtEnd; step++) {
      expect(step).toBeLessThan(3000)
      expect(scroll.firstSeen - seen).toBeLessThanOrEqual(25)
      seen = scroll.firstSeen
      scroll.scrolledTo(Math.min(scroll.scrollTop + 500, scroll.spacePx - view))
      scroll.settle(step % 50 === 0)
    }
    expect(scroll.drawn().end).toBe(60_000)
    for (let step = 0; scroll.scrollTop > 0; step++) {
      expect(step).toBeLessThan(3000)
      scroll.scrolledTo(Math.max(0, scroll.scrollTop - 500))
      scroll.settle(step % 50 === 0)
    }
    expect(scroll.drawn()).toMatchObject({ first: 0, top: 0 })
  })
})

describe('rows that come', () => {
  test('before what is seen move nothing of it', () => {
    const scroll = scrollOver(1000)
    scroll.scrolledTo(1010)
    const offset = scroll.drawn().top - scroll.scrollTop
    const { first } = scroll.drawn()
    scroll.setRows({ rows: 1500, usualPx, heightOf: () => undefined }, scroll.anchorRow + 500)
    scroll.settle(true)
    expect(scroll.scrollTop).toBe(11_010)
    expect(scroll.drawn().first).toBe(first + 500)
    expect(scroll.drawn().top - scroll.scrollTop).toBe(offset)
  })

  test('at the end are not seen, until it is asked for', () => {
    const scroll = scrollOver(1000)
    scroll.toEnd()
    scroll.setRows({ rows: 1010, usualPx, heightOf: () => undefined }, scroll.anchorRow)
    expect(scroll.settle(true)).toBeUndefined()
    expect(scroll.isAtEnd).toBe(false)
    expect(scroll.toEnd()).toBe(1010 * usualPx - view)
    expect(scroll.isAtEnd).toBe(true)
  })
})

describe('a row', () => {
  test('is put at the top, in the middle, or just into view', () => {
    const scroll = scrollOver(1000)
    scroll.toRow(500, 'start')
    expect(scroll.scrollTop).toBe(500 * usualPx)
    scroll.toRow(500, 'center')
    expect(scroll.scrollTop).toBe(500 * usualPx - (view - usualPx) / 2)
    const { scrollTop } = scroll
    scroll.toRow(505, 'nearest')
    expect(scroll.scrollTop, 'it was in view').toBe(scrollTop)
    scroll.toRow(520, 'nearest')
    expect(scroll.scrollTop).toBe(521 * usualPx - view)
    scroll.toRow(100, 'nearest')
    expect(scroll.scrollTop).toBe(100 * usualPx)
    scroll.toRow(900, 'nearest')
    expect(scroll.scrollTop).toBe(901 * usualPx - view)
    scroll.toRow(0, 'center')
    expect(scroll.scrollTop).toBe(0)
  })
})

test('rows of any height: none is skipped or covered, the ends meet, whatever is done', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.array(fc.integer({ min: 10, max: 700 }), { minLength: 7, maxLength: 7 }),
      fc.array(fc.oneof(fc.integer({ min: -900, max: 900 }), fc.constantFrom('end', 'start', 'jump', 'settle'))),
      (rows, heights, actions) => {
        const heightOf = (row: number): number => heights[row % 7] as number
        const scroll = scrollOver(rows, heightOf)
        for (const action of actions) {
          if (action === 'end') scroll.toEnd()
          else if (action === 'start') scroll.toRow(0, 'start')
          else if (action === 'jump') scroll.scrolledTo(Math.floor((scroll.spacePx - view) / 2))
          else if (action === 'settle') scroll.settle(true)
          else {
            scroll.scrolledTo(Math.max(0, Math.min(scroll.spacePx - view, scroll.scrollTop + (action as number))))
          }
          scroll.settle(false)
          const { first, end, top, bottom } = scroll.drawn()
          if (first === 0) expect(top).toBeCloseTo(0)
          if (end === rows && first > 0) expect(bottom).toBeCloseTo(scroll.spacePx)
          expect(first === 0 || top <= scroll.scrollTop, 'no blank above').toBe(true)
          expect(end === rows || bottom >= scroll.scrollTop + view, 'no blank below').toBe(true)
        }
        scroll.toEnd()
        expect(scroll.isAtEnd).toBe(true)
        scroll.toRow(0, 'start')
        expect(scroll.drawn()).toMatchObject({ first: 0 })
        expect(scroll.scrollTop).toBe(0)
      },
    ),
    { seed: 6, numRuns: 300 },
  )
})
