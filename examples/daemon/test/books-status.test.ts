/** The books of a source as the status tells them. */

import type { SourceAccount } from '@logwisp/core'
import { expect, test } from 'vitest'
import { booksStatus, maxAccounts } from '../src/pipeline/books-status.ts'
import { ledger } from './http-status-fixture.ts'

const [withLosses, well] = ledger as [SourceAccount, SourceAccount]

test('a source that keeps no books has none', () => {
  expect(booksStatus(undefined, false)).toBeUndefined()
})

test('what a filter left out is told apart from what was dropped, each with its first and last place', () => {
  const books = booksStatus(ledger, false)
  expect(books).toMatchObject({ balanced: true, account_count: 2 })
  expect(books?.accounts[0]).toMatchObject({
    source: 'a.log',
    entries: 1000,
    filtered: 300,
    dropped: { 'rate-limited': { entries: 40, first: 'a:500', last: 'a:540' } },
    to_sinks: 650,
    in_flight: 10,
    left_over: 0,
    missing: 0,
    sinks: [
      { sink: 'file', entries: 650, delivered: 650 },
      { sink: 'http_client', delivered: 600, in_flight: 30, dropped: { 'branch-full': { entries: 20 } } },
    ],
  })
  expect(books?.total).toMatchObject({ entries: 1005, to_sinks: 655, filtered: 300 })
})

test('what is under way is left over once the source has stopped', () => {
  expect(booksStatus(ledger, true)?.total).toMatchObject({ in_flight: 0, left_over: 10 })
})

test('books that do not add up say so, on the way to the sinks and in a sink', () => {
  const missing = booksStatus([{ ...well, entries: 7 }], false)
  expect(missing).toMatchObject({ balanced: false, total: { missing: 2 } })
  const [file] = well.branches
  expect(booksStatus([{ ...well, branches: [{ ...file!, delivered: 4 }] }], false)?.balanced).toBe(false)
  expect(booksStatus([{ ...well, branches: [{ ...file!, delivered: 6, inFlight: -1 }] }], false)?.balanced).toBe(false)
})

test('two files under one name are one account, and of very many those with losses are told', () => {
  expect(booksStatus([well, well], false)?.accounts).toMatchObject([{ source: 'b.log', entries: 10 }])
  const many = Array.from({ length: 1000 }, (_, at) => ({ ...well, source: `${at}` }))
  const books = booksStatus([...many, withLosses], false)
  expect(books?.accounts).toHaveLength(maxAccounts)
  expect(books).toMatchObject({ account_count: 1001, total: { entries: 6000 } })
  expect(books?.accounts[0]?.source).toBe('a.log')
})
