import { expect, test } from 'vitest'
import { keepSearches, maxSearches, readSearches, withSearch } from '../../page/search/search-history.ts'

function storage(): { kept: Map<string, string>; get: () => Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> } {
  const kept = new Map<string, string>()
  return {
    kept,
    get: () => ({
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    }),
  }
}

test('the newest search stands first, once, and old ones go', () => {
  let searches: readonly string[] = []
  for (const text of ['a', 'b', ' a ', '', '  ', 'x'.repeat(1_001)]) searches = withSearch(searches, text)
  expect(searches).toEqual(['a', 'b'])
  for (let i = 0; i < 100; i++) searches = withSearch(searches, `search ${i}`)
  expect(searches).toHaveLength(maxSearches)
  expect(searches[0]).toBe('search 99')
})

test('searches are kept and read back', () => {
  const { kept, get } = storage()
  keepSearches(['level:error', '<b>'], get)
  expect(readSearches(get)).toEqual(['level:error', '<b>'])
  keepSearches([], get)
  expect(kept.size).toBe(0)
})

test('a storage that is forbidden, full, or holds something else is as good as an empty one', () => {
  const forbidden = (): never => {
    throw new Error('SecurityError')
  }
  expect(readSearches(forbidden)).toEqual([])
  expect(() => keepSearches(['a'], forbidden)).not.toThrow()
  for (const value of ['{', '5', 'null', '{"a":1}', '[1,null]'])
    expect(readSearches(() => ({ getItem: () => value }))).toEqual([])
})
