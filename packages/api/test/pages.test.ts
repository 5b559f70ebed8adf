/** Pages and look-ups of the API, over real sockets and a real store. */

import { encodeEntry, type LogEntry } from '@logwisp/core'
import type { Store } from '@logwisp/store'
import { describe, expect, test } from 'vitest'
import { serving, sharedStore, someEntries, startMs, storeWith } from './serving.ts'

const entriesType = 'application/vnd.logwisp.entries+json'

/** A second each; every fifth is an error, and the others say what they are: nothing. */
const store = sharedStore(
  someEntries(
    1005,
    (at): Partial<LogEntry> => ({
      source: `s${at % 2}.log`,
      fields: { user: { id: at % 3 } },
      ...(at % 5 === 0 ? { level: 'error' } : {}),
      ...(at === 7 ? { fields: { code: 28, big: 2n ** 64n } } : {}),
    }),
  ),
)
const empty = sharedStore()

const timeOf = (at: number): string => new Date(startMs + at * 1000).toISOString()
const lines = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `line ${from + at}`)

describe('pages', () => {
  test('are the messages of the newest 1000, oldest first, by default', async () => {
    const { ask } = await serving(store())
    const answer = await ask('/logs')
    expect(answer.json).toEqual(lines(5, 1005))
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
  })

  test('of an empty store are empty', async () => {
    const { ask } = await serving(empty())
    expect(await ask('/logs')).toMatchObject({ status: 200, text: '[]\n' })
    expect((await ask('/logs?format=ndjson')).text).toBe('')
    expect((await ask('/logs?format=entries')).json).toEqual({
      entries: [],
      isComplete: true,
      live: expect.stringMatching(/^\d+\.\d+$/),
    })
  })

  test('lead to each other by their Link, both ways, with every entry once', async () => {
    const { ask } = await serving(store())
    const linked = (link: string | string[] | undefined, relation: string): string | undefined => {
      const match = [link ?? '']
        .flat()
        .join()
        .match(new RegExp(`<([^>]*)>; rel="${relation}"`))
      return match === null ? undefined : new URL(match[1] as string, 'http://localhost/logs').search
    }
    const seen: string[] = []
    let query: string | undefined = `?limit=10&q=line&from=${startMs}&to=${startMs + 25_000}`
    let oldest = ''
    for (let pages = 0; query !== undefined; pages++) {
      expect(pages).toBeLessThan(4)
      const { json, headers } = await ask(`/logs${query}`)
      seen.unshift(...json)
      oldest = query
      query = linked(headers['link'], 'prev')
    }
    expect(seen).toEqual(lines(0, 25))
    const first = await ask(`/logs${oldest}`)
    const second = await ask(`/logs${linked(first.headers['link'], 'next')}`)
    expect(second.json).toEqual(lines(5, 15))
  })

  test('have whole entries by parameter or by Accept', async () => {
    const { ask } = await serving(store())
    const query = `/logs?from=${timeOf(7)}&to=${timeOf(8)}`
    const answer = await ask(`${query}&format=entries`)
    expect(answer.headers['content-type']).toBe(entriesType)
    expect(answer.text).toContain('"big":18446744073709551616')
    expect(answer.json.entries).toMatchObject([
      { time: '2026-01-31T12:00:07.000Z', source: 's1.log', message: 'line 7', fields: { code: 28 } },
    ])
    const accepted = await ask(query, { headers: { accept: `text/html, ${entriesType};q=0.9` } })
    expect(accepted.text).toBe(answer.text)
    expect(accepted.headers.vary).toBe('Accept')
    const ndjson = await ask(`${query}&format=ndjson`)
    const fields = { code: 28, big: 2n ** 64n }
    expect(ndjson).toMatchObject({
      text: `${encodeEntry({ time: startMs + 7000, source: 's1.log', message: 'line 7', fields })}\n`,
      headers: { 'content-type': 'application/x-ndjson; charset=utf-8' },
    })
    expect((await ask(query, { headers: { accept: 'application/x-ndjson' } })).text).toBe(ndjson.text)
  })

  test('are of the time, the words and the place that are asked for', async () => {
    const { ask } = await serving(store())
    const messages = async (query: string): Promise<string[]> => (await ask(`/logs?${query}`)).json
    expect(await messages('q=level:error&limit=2')).toEqual(['line 995', 'line 1000'])
    expect(await messages('q=-level:none%20source:s1.log&limit=2')).toEqual(['line 985', 'line 995'])
    expect(await messages(`from=${startMs + 3000}&to=${startMs + 5000}`)).toEqual(lines(3, 5))
    expect(await messages(`from=${timeOf(1003)}`)).toEqual(lines(1003, 1005))
    expect(await messages(`q=${encodeURIComponent('"line 77"')}`)).toEqual(['line 77'])
    expect(await messages(`q=${encodeURIComponent('/e 9[0-1]$/')}`)).toEqual(['line 90', 'line 91'])
    expect(await messages(`around=${timeOf(10)}&limit=4`)).toEqual(lines(8, 12))
    const [entry] = (await ask(`/logs?format=entries&from=${timeOf(10)}&to=${timeOf(11)}`)).json.entries
    expect(await messages(`before=${entry.id}&limit=2`)).toEqual(lines(8, 10))
    expect(await messages(`after=${entry.id}&limit=2`)).toEqual(lines(11, 13))
    expect(await messages(`around=${entry.id}&limit=2`)).toEqual(lines(9, 11))
  })

  test('are for one place only', async () => {
    const { ask } = await serving(store())
    expect(await ask('/logs?before=a-0&around=1')).toMatchObject({ status: 400, json: { parameter: 'around' } })
  })

  test('of which the time was up say so', async () => {
    const deadlines: unknown[] = []
    const page: Store['page'] = async (_, options) => {
      deadlines.push(options?.deadlineMs)
      return { entries: [], older: 'a-0', isComplete: false, searchedTo: startMs, live: '1.0' }
    }
    const { ask } = await serving(storeWith(store(), { page }), { queryDeadlineMs: 250 })
    const { json, headers } = await ask('/logs?format=entries&limit=7')
    expect(json).toEqual({
      entries: [],
      older: 'a-0',
      isComplete: false,
      searchedTo: '2026-01-31T12:00:00.000Z',
      live: '1.0',
    })
    expect(headers['link']).toBe('<?format=entries&limit=7&before=a-0>; rel="prev"')
    expect(deadlines).toEqual([250])
  })
})

describe('look-ups', () => {
  test('one entry by its id, or a 404', async () => {
    const { ask } = await serving(store())
    const { entries } = (await ask('/logs?format=entries&limit=3')).json
    expect((await ask(`/logs/entries/${entries[1].id}`)).json).toEqual(entries[1])
    expect(await ask('/logs/entries/zzz-0')).toMatchObject({ status: 404, json: { error: 'Not Found' } })
    expect(await ask('/logs/entries/nonsense')).toMatchObject({ status: 400, json: { parameter: 'id' } })
    expect((await ask('/logs/entries/a-0/b')).status).toBe(404)
  })

  test('counts by time and level', async () => {
    const { ask } = await serving(store())
    const { json } = await ask(`/logs/histogram?from=${startMs}&to=${startMs + 120_000}&buckets=2`)
    expect(json).toMatchObject({
      from: startMs,
      bucketMs: 60_000,
      buckets: [
        { time: startMs, counts: { none: 48, error: 12 } },
        { time: startMs + 60_000, counts: { none: 48, error: 12 } },
      ],
      counts: { none: 96, error: 24 },
      isComplete: true,
    })
    const found = await ask(`/logs/histogram?q=${encodeURIComponent('"line 77"')}&from=${startMs}&to=${timeOf(120)}`)
    expect(found.json.counts).toEqual({ none: 1 })
  })

  test('counts of an empty store are numbers', async () => {
    const { ask } = await serving(empty())
    const { json } = await ask('/logs/histogram')
    expect(json).toMatchObject({ buckets: [], counts: {}, isComplete: true })
    expect([json.from, json.to, json.bucketMs].every(Number.isFinite)).toBe(true)
  })

  test('what could be written next', async () => {
    const { ask } = await serving(store())
    const texts = async (query: string): Promise<string[]> =>
      (await ask(`/logs/completions?${query}`)).json.completions.map(({ text }: { text: string }) => text).sort()
    expect(await texts('of=source')).toEqual(['s0.log', 's1.log'])
    expect(await texts('of=source&prefix=s1')).toEqual(['s1.log'])
    expect(await texts('of=source&limit=1')).toHaveLength(1)
    expect(await texts('of=field&prefix=us')).toContain('user.id')
    expect(await texts('of=value&path=user.id')).toEqual(['0', '1', '2'])
    expect(await ask('/logs/completions?of=value')).toMatchObject({ status: 400, json: { parameter: 'path' } })
    expect(await ask('/logs/completions?of=field&path=a')).toMatchObject({ status: 400, json: { parameter: 'path' } })
    expect(await ask('/logs/completions')).toMatchObject({ status: 400, json: { parameter: 'of' } })
  })
})

test('HEAD has the head alone', async () => {
  const { ask, api } = await serving(store())
  for (const path of ['/logs', '/logs/export', '/logs/stream', '/logs/histogram', '/metrics', '/healthz']) {
    expect(await ask(path, { method: 'HEAD' }), path).toMatchObject({ status: 200, text: '' })
  }
  expect((await ask('/logs', { method: 'HEAD' })).headers['link']).toContain('rel="prev"')
  expect(api.stats).toMatchObject({ viewers: 0, exports: 0 })
})
