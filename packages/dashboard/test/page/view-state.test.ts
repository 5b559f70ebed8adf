import { describe, expect, test } from 'vitest'
import { placeFromSearch, searchFromPlace, type View, viewReducer } from '../../page/view-state.ts'

const now = Date.UTC(2026, 5, 26, 12)
const view: View = { query: '', follow: true, wrap: false, theme: 'dark' }

describe('the address', () => {
  test('has the search, the stretch of time and the line, and gives them back', () => {
    const place = { query: 'level:error "a b" /x+/ field.a=1&2', from: now - 5, to: now, selected: 'm3k2x1a0-0' }
    expect(placeFromSearch(searchFromPlace(place), now)).toEqual(place)
  })

  test('of everything is empty', () => {
    expect(searchFromPlace({ query: '' })).toBe('')
    expect(placeFromSearch('', now)).toEqual({ query: '', from: undefined, to: undefined, selected: undefined })
  })

  test.each([
    ['2026-06-26T11:00:00Z', now - 3_600_000],
    [`${now - 7}`, now - 7],
    ['-15m', now - 900_000],
    ['-30s', now - 30_000],
    ['-2h', now - 7_200_000],
    ['-7d', now - 604_800_000],
    ['yesterday', undefined],
    ['', undefined],
    ['99999999999999999999', undefined],
  ])('takes the time %j', (text, time) => {
    expect(placeFromSearch(`?from=${encodeURIComponent(text)}`, now).from).toBe(time)
  })
})

describe('the view', () => {
  test('stops following at a stretch that has ended, and at a line', () => {
    expect(viewReducer(view, { kind: 'zoom', from: 1, to: 2 })).toEqual({ ...view, from: 1, to: 2, follow: false })
    expect(viewReducer(view, { kind: 'zoom', from: 1 }).follow).toBe(true)
    expect(viewReducer(view, { kind: 'select', id: 'a-0' })).toEqual({ ...view, selected: 'a-0', follow: false })
    expect(viewReducer({ ...view, selected: 'a-0', follow: false }, { kind: 'select' })).toEqual({
      ...view,
      selected: undefined,
      follow: false,
    })
  })

  test('zooms out no further than times go', () => {
    const zoomed = viewReducer(view, { kind: 'zoom', from: -1e16, to: 1e16 })
    expect(placeFromSearch(searchFromPlace(zoomed), now)).toEqual({
      query: '',
      from: -8.64e15,
      to: 8.64e15,
      selected: undefined,
    })
  })

  test('keeps its other parts with each change', () => {
    expect(viewReducer(view, { kind: 'search', query: 'x' })).toEqual({ ...view, query: 'x' })
    expect(viewReducer(view, { kind: 'wrap', wrap: true })).toEqual({ ...view, wrap: true })
    expect(viewReducer(view, { kind: 'theme', theme: 'light' })).toEqual({ ...view, theme: 'light' })
    expect(viewReducer(view, { kind: 'follow', follow: false })).toEqual({ ...view, follow: false })
  })

  test('is what the address says when the browser goes back', () => {
    const place = { query: 'x', from: undefined, to: undefined, selected: undefined }
    expect(viewReducer({ ...view, follow: false, wrap: true }, { kind: 'visit', place })).toEqual({
      ...view,
      ...place,
      wrap: true,
    })
  })
})
