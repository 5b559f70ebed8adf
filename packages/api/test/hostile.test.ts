/** Whatever is sent is data: in every parameter, in every field of an entry, of any size and depth. */

import { describe, expect, test } from 'vitest'
import { messagesOf, readEvents } from './event-client.ts'
import { serving, sharedStore } from './serving.ts'

const store = sharedStore()
const json = { 'content-type': 'application/json' }

const texts = [
  "'; DROP TABLE entries; --",
  '1 OR 1=1',
  "' UNION SELECT name, sql FROM sqlite_master --",
  '"); DELETE FROM commits; --',
  'NEAR(a b, 5)',
  'a OR b NOT c',
  'text:a* ^b',
  '"unclosed',
  'words MATCH "*"',
  '***',
  '{col}: a',
  '\u0000',
  '\ue000lerror',
  '\ud800',
  '%',
  '_',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'javascript:alert(1)',
  '</pre><svg/onload=alert(1)>',
  '\u202egnp.exe',
  '\r\nSet-Cookie: a=b\r\n\r\n<html>',
  'data: x\n\nevent: end\ndata: {}\n\n',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '${7*7}{{7*7}}',
  '=cmd|"/C calc"!A0',
  '𝕊𝕢𝕝 ﷽ é',
  'a'.repeat(900),
]

/** A text as UTF-8 can hold it. */
const whole = (text: string): string => Buffer.from(text).toString()

/** What a query must be for a text to be one word or phrase of it. */
const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

describe('in parameters', () => {
  test.each(texts)('%j is looked for, or a 400 that names the parameter', async (text) => {
    const { ask, api } = await serving(store())
    const warnings: unknown[] = []
    api.on('warning', (warning) => warnings.push(warning))
    const value = encodeURIComponent(whole(text))
    const places = [
      ...['q', 'from', 'to', 'before', 'after', 'around', 'limit', 'format'].map((name) => ['/logs', name]),
      ...['q', 'from', 'to', 'buckets'].map((name) => ['/logs/histogram', name]),
      ...['q', 'from', 'to', 'format'].map((name) => ['/logs/export', name]),
      ...['of', 'prefix', 'limit'].map((name) => ['/logs/completions', name]),
      ['/logs/stream', 'after'],
      ['/logs/stream', 'batch'],
    ] as const
    for (const [path, name] of places) {
      const of = path === '/logs/completions' && name !== 'of' ? 'of=source&' : ''
      const answer = await ask(`${path}?${of}${name}=${value}`)
      const what = `${path}?${name}`
      if (answer.status === 400) expect(answer.json, what).toMatchObject({ parameter: name })
      else expect(answer.status, what).toBe(200)
      expect(answer.headers['set-cookie'], what).toBeUndefined()
      expect(answer.headers['content-type'], what).not.toContain('html')
    }
    const path = encodeURIComponent(whole(text))
    expect([400, 404]).toContain((await ask(`/logs/entries/${path}`)).status)
    expect(
      (await ask(`/logs/completions?of=value&path=${value}&prefix=${value.slice(0, 60).replace(/%.?$/, '')}`)).status,
    ).toBeLessThan(500)
    const unknown = await ask(`/logs?${value}=1`)
    expect(unknown.status).toBe(400)
    expect(warnings).toEqual([])
  })

  test('a query that is no UTF-8 is a 400, one that is too long a 414', async () => {
    const { ask } = await serving(store())
    expect((await ask('/logs?q=%ff')).status).toBe(400)
    expect((await ask('/logs?q=%')).status).toBe(400)
    expect((await ask(`/logs?q=${'a'.repeat(10_000)}`)).status).toBe(414)
    expect((await ask('/%ff')).status).toBe(404)
  })
})

describe('in entries', () => {
  test('every text comes back as it went in: on a page, by its id, in an export, in the stream, and is found', async () => {
    const { ask, port, api } = await serving(store())
    const warnings: unknown[] = []
    api.on('warning', (warning) => warnings.push(warning))
    const client = await readEvents(port, '/logs/stream?batch=1')
    const entries = texts.map((text, at) => ({
      time: new Date(Date.parse('2026-01-01T00:00:00Z') + at).toISOString(),
      source: text,
      message: text,
      fields: { [text]: { inner: [text] } },
    }))
    const posted = await ask('/logs', { method: 'POST', body: JSON.stringify(entries), headers: json })
    expect(posted.json).toEqual({ status: 'success', inserted: texts.length })
    // A lone surrogate is no text that UTF-8 can hold; in the JSON of fields it is an escape, and stays.
    const kept = entries.map((entry) => ({ ...entry, source: whole(entry.source), message: whole(entry.message) }))
    await client.until((events) => messagesOf(events).length >= texts.length)
    expect(messagesOf(client.events)).toEqual(kept.map(({ message }) => message))
    const page = await ask('/logs?format=entries')
    expect(page.json.entries).toMatchObject(kept)
    expect(page.headers).toMatchObject({ 'x-content-type-options': 'nosniff' })
    for (const [at, { id }] of page.json.entries.entries()) {
      expect((await ask(`/logs/entries/${id}`)).json).toMatchObject(kept[at] as object)
    }
    const lines = (await ask('/logs/export')).text.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(kept)
    const { text: csv } = await ask('/logs/export?format=csv')
    expect(csv).toContain(`,"'=cmd|""/C calc""!A0","'=cmd|""/C calc""!A0",`)
    for (const { message } of kept.filter(({ message }) => message.length < 200)) {
      const found = await ask(`/logs?q=${encodeURIComponent(quoted(message))}`)
      if (found.status === 200) expect(found.json, message).toContain(message)
      else expect(found.json, message).toMatchObject({ parameter: 'q' })
    }
    expect(warnings).toEqual([])
  })

  test('ten MB of message go in and come out whole; a page of many of them is no larger than memory may be', async () => {
    const { ask, port } = await serving(store(), { ingest: { maxEntryBytes: 16 * 2 ** 20, source: 'large' } })
    const message = `begin ${'x'.repeat(10_000_000)} end`
    const client = await readEvents(port, '/logs/stream?q=source:large&batch=1')
    for (let at = 0; at < 5; at++) {
      const body = JSON.stringify({ message: `${at} ${message}` })
      expect(await ask('/logs', { method: 'POST', body, headers: json })).toMatchObject({ status: 200 })
    }
    await client.until(({ length }) => length === 6)
    expect(messagesOf(client.events)[4]).toBe(`4 ${message}`)
    client.leave()
    const newest = await ask('/logs?q=source:large&limit=1')
    expect(newest.json).toEqual([`4 ${message}`])
    const page = await ask('/logs?q=source:large&limit=10000&format=entries')
    expect(page.json.entries.length).toBeLessThan(5)
    expect(page.json.older).toBeDefined()
    const { text } = await ask('/logs/export?q=source:large')
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).message),
    ).toEqual(Array.from({ length: 5 }, (_, at) => `${at} ${message}`))
  })

  test('fields as deep as they may be come back, deeper ones are refused', async () => {
    const { ask } = await serving(store(), { ingest: { source: 'deep' } })
    const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    const body = (depth: number): string => `{"message":"deep","fields":${nested(depth)}}`
    expect((await ask('/logs', { method: 'POST', body: body(98), headers: json })).status).toBe(200)
    expect((await ask('/logs', { method: 'POST', body: body(5000), headers: json })).status).toBe(400)
    const { entries } = (await ask('/logs?format=entries&q=source:deep')).json
    expect(JSON.stringify(entries[0].fields)).toBe(nested(98))
    expect((await ask(`/logs?q=${encodeURIComponent(`field.${'a.'.repeat(97)}a=1`)}`)).json).toEqual(['deep'])
  })

  test('a time far from ours is kept, and is no trouble for what looks at all', async () => {
    const { ask } = await serving(store(), { ingest: { source: 'far' } })
    const times = ['1969-12-31T23:59:59.999Z', '0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z']
    for (const time of times)
      await ask('/logs', { method: 'POST', body: JSON.stringify({ time, message: time }), headers: json })
    const { json: page } = await ask('/logs?format=entries&q=source:far')
    expect(page.entries.map(({ time }: { time: string }) => time)).toEqual([times[1], times[0], times[2]])
    for (const { id, time } of page.entries) {
      expect((await ask(`/logs/entries/${id}`)).json.time).toBe(time)
      expect((await ask(`/logs?q=source:far&around=${id}&limit=2`)).status).toBe(200)
    }
    expect(await ask('/logs/histogram')).toMatchObject({ status: 200, json: { isComplete: true } })
    expect((await ask('/metrics')).status).toBe(200)
  })
})
