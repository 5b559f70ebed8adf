/** docs/search.md tells the query language by examples: all of them are true. */

import { readFileSync } from 'node:fs'
import { type LogEntry, parseExact } from '@logwisp/core'
import { parseQuery, queryMatcher } from '@logwisp/store'
import { describe, expect, test } from 'vitest'

const page = readFileSync(new URL('../../../docs/search.md', import.meta.url), 'utf8')

/** The rows of all tables, as the texts of their cells. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  )

function codes(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string)
}

/** An entry as the page writes it: its message, or parts of it as JSON. */
function entryOf(code: string): LogEntry {
  const parts = code.startsWith('{') ? (parseExact(code) as Partial<LogEntry>) : { message: code }
  return { time: 0, source: 'some', message: 'some text', ...parts }
}

describe('docs/search.md is right that', () => {
  for (const [written = '', finds = '', misses = ''] of rows.filter((row) => row.length === 3)) {
    const [query = ''] = codes(written)
    test(`${query} finds what stands beside it`, () => {
      const { terms, problems } = parseQuery(query)
      expect(problems).toEqual([])
      const fits = queryMatcher({ terms })
      const [found, missed] = [codes(finds), codes(misses)]
      expect(found.length * missed.length).toBeGreaterThan(0)
      expect(found.filter((code) => !fits(entryOf(code)))).toEqual([])
      expect(missed.filter((code) => fits(entryOf(code)))).toEqual([])
    })
  }

  for (const [written = '', says = ''] of rows.filter((row) => row.length === 2)) {
    const [query = ''] = codes(written)
    test(`${query} is told what to write instead`, () => {
      expect(parseQuery(query).problems.map(({ problem }) => problem)).toEqual([expect.stringContaining(says)])
    })
  }

  test('there are examples of every kind of term', () => {
    const kinds = rows.flatMap(([written = '']) => parseQuery(codes(written)[0] ?? '').terms.map(({ kind }) => kind))
    expect([...new Set(kinds)].sort()).toEqual(['field', 'level', 'pattern', 'phrase', 'source', 'word'])
    expect(rows.length).toBeGreaterThan(40)
  })

  test('the query at its beginning has no problem', () => {
    const [query = ''] = page.split('```')[1]?.trim().split('\n') ?? []
    expect(parseQuery(query)).toMatchObject({ problems: [], terms: { length: 6 } })
  })
})
