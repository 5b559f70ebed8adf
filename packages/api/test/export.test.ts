/** Exports: everything, once, as fast as it is taken, and nothing that a spreadsheet would run. */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { decodeEntry, encodeEntry, type LogEntry, LogwispError } from '@logwisp/core'
import type { Store } from '@logwisp/store'
import { describe, expect, test } from 'vitest'
import { csvCell } from '../src/internal/csv-text.ts'
import { serving, sharedStore, someEntries, startMs, storeWith } from './serving.ts'

const many: LogEntry[] = someEntries(5000, (at) => ({
  ...(at % 10 === 0 ? { level: 'error' } : {}),
  ...(at === 1 ? { message: 'one, "two"\nthree', fields: { big: 2n ** 64n } } : {}),
}))
const store = sharedStore(many)

describe('an export', () => {
  test('has every entry as the wire has it, oldest first, so that it can be sent again', async () => {
    const { ask, api } = await serving(store())
    const { text, headers } = await ask('/logs/export')
    expect(headers['content-type']).toBe('application/x-ndjson; charset=utf-8')
    expect(headers['content-disposition']).toMatch(/^attachment; filename="logs-\d{8}T\d{6}Z\.ndjson"$/)
    expect(text).toBe(many.map((entry) => `${encodeEntry(entry)}\n`).join(''))
    expect(decodeEntry(text.split('\n')[1] as string, { time: 0, source: '' })).toEqual(many[1])
    expect(api.stats).toMatchObject({ entriesExported: 5000, exports: 0 })
  })

  test('has only what is asked for', async () => {
    const { ask } = await serving(store())
    const query = `q=level:error&from=${startMs}&to=${startMs + 100_000}`
    const { text } = await ask(`/logs/export?${query}&format=text`)
    expect(text.split('\n')).toHaveLength(11)
    expect(text).toMatch(/^\[2026-01-31T12:00:00\.000Z\] \[ERROR\] app\.log - line 0\n/)
  })

  test('as CSV has a line of names, and cells as RFC 4180 has them', async () => {
    const { ask } = await serving(store())
    const { text, headers } = await ask(`/logs/export?format=csv&to=${startMs + 2000}`)
    expect(headers['content-type']).toBe('text/csv; charset=utf-8; header=present')
    const [head, first] = text.split('\r\n')
    expect(head).toBe('id,time,level,source,message,fields')
    expect(first).toMatch(/^[0-9a-z]+-[0-9a-z]+,2026-01-31T12:00:00\.000Z,error,app\.log,line 0,$/)
    expect(text).toContain(',app.log,"one, ""two""\nthree","{""big"":18446744073709551616}"\r\n')
  })

  test.each([
    ['=HYPERLINK("http://evil.example")', '"\'=HYPERLINK(""http://evil.example"")"'],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', '"\'\r=1"'],
    ['a=1', 'a=1'],
    ['', ''],
  ])('as CSV is nothing that a spreadsheet would run: %j', (text, cell) => {
    expect(csvCell(text)).toBe(cell)
  })

  test('is packed for those who take it packed', async () => {
    const { port, ask } = await serving(store())
    const plain = await ask('/logs/export', { headers: { 'accept-encoding': 'gzip;q=0, br' } })
    expect(plain.headers['content-encoding']).toBeUndefined()
    const sent = request({ port, path: '/logs/export', headers: { 'accept-encoding': 'br, gzip;q=0.5' } })
    sent.end()
    const [res] = (await once(sent, 'response')) as [IncomingMessage]
    expect(res.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
    const pieces: Buffer[] = []
    for await (const piece of res) pieces.push(piece)
    expect(gunzipSync(Buffer.concat(pieces)).toString()).toBe(plain.text)
  })

  test('of nothing is empty', async () => {
    const { ask } = await serving(store())
    expect(await ask('/logs/export?from=-1s')).toMatchObject({ status: 200, text: '' })
    expect((await ask('/logs/export?from=-1s&format=csv')).text).toBe('id,time,level,source,message,fields\r\n')
  })

  test('that fails midway does not look whole', async () => {
    const scan: Store['scan'] = async function* () {
      yield [{ id: 'a-0', time: startMs, source: 's', message: 'x'.repeat(100_000) }]
      throw new LogwispError('STORE_FAILED', 'broken')
    }
    const { ask, api } = await serving(storeWith(store(), { scan }))
    const warned = once(api, 'warning')
    await expect(ask('/logs/export')).rejects.toThrow('aborted')
    expect((await warned)[0]).toMatchObject({ code: 'STORE_FAILED' })
    expect(api.stats.exports).toBe(0)
  })

  test('that fails before it begins has a status', async () => {
    // biome-ignore lint/correctness/useYield: it fails before it has anything
    const scan: Store['scan'] = async function* () {
      throw new LogwispError('STORE_BUSY', 'too many')
    }
    const { ask } = await serving(storeWith(store(), { scan }))
    expect((await ask('/logs/export')).status).toBe(503)
  })
})

/**
 * A store without end, that counts what is taken of it, and says when it is left. Packing makes its lines little shorter: of
 * others the sockets would hold gigabytes before they are full.
 */
function endless(): { readonly scan: Store['scan']; readonly facts: { batches: number; isLeft: boolean } } {
  const facts = { batches: 0, isLeft: false }
  const batch = Array.from({ length: 100 }, (_, at) => ({
    id: `a-${at}`,
    time: startMs,
    source: 's',
    message: randomBytes(7_500).toString('base64'),
  }))
  const scan: Store['scan'] = async function* () {
    try {
      for (;;) {
        facts.batches++
        yield batch
        await new Promise(setImmediate)
      }
    } finally {
      facts.isLeft = true
    }
  }
  return { scan, facts }
}

describe('back-pressure', () => {
  test('a client that does not read is not read for, and one that leaves ends the scan', async () => {
    const { scan, facts } = endless()
    const { port, api } = await serving(storeWith(store(), { scan }))
    const socket = connect(port, '127.0.0.1')
    socket.pause()
    socket.write('GET /logs/export HTTP/1.1\r\nHost: localhost\r\n\r\n')
    // As much as sockets hold, and then nothing: the number stands still over many turns of the event loop.
    let batches = -1
    while (batches !== facts.batches || batches < 1) {
      batches = facts.batches
      for (let turn = 0; turn < 500; turn++) await new Promise(setImmediate)
    }
    expect(batches).toBeLessThan(40)
    expect(api.stats.exports).toBe(1)
    socket.destroy()
    while (api.stats.exports > 0) await new Promise(setImmediate)
    expect(facts.isLeft).toBe(true)
    expect(api.stats.requests['export']).toEqual({ 200: 1 })
  })

  test.each(['gzip', 'identity'])('a client that takes nothing for too long is cut off: %s', async (coding) => {
    const { scan, facts } = endless()
    const { port, api } = await serving(storeWith(store(), { scan }), { stuckTimeoutMs: 200 })
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {}).pause()
    socket.write(`GET /logs/export HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: ${coding}\r\n\r\n`)
    while (api.stats.requests['export'] === undefined) await new Promise(setImmediate)
    while (api.stats.exports > 0) await new Promise(setImmediate)
    expect(facts.isLeft).toBe(true)
    socket.destroy()
  })

  test('a client that takes a large entry little by little is not cut off', async () => {
    const message = 'x'.repeat(24_000_000)
    const scan: Store['scan'] = async function* () {
      yield [{ id: 'a-0', time: startMs, source: 's', message }]
    }
    const { port, api } = await serving(storeWith(store(), { scan }), { stuckTimeoutMs: 1500 })
    const sent = request({ port, path: '/logs/export', agent: false })
    sent.end()
    const [res] = (await once(sent, 'response')) as [IncomingMessage]
    const begunMs = performance.now()
    let bytes = 0
    for await (const piece of res) {
      bytes += (piece as Buffer).length
      // As slow as to take longer than the timeout for the whole, and far less for any part, on a busy machine too.
      await new Promise((resolve) => setTimeout(resolve, 8))
    }
    expect(bytes).toBeGreaterThan(message.length)
    expect(performance.now() - begunMs).toBeGreaterThan(1500)
    expect(api.stats.entriesExported).toBe(1)
  })

  test('there are as many at once as there may be', async () => {
    const { scan } = endless()
    const { port, ask, api } = await serving(storeWith(store(), { scan }), { maxExports: 1 })
    const sent = request({ port, path: '/logs/export', agent: false }).on('error', () => {})
    sent.end()
    const [res] = (await once(sent, 'response')) as [IncomingMessage]
    expect(await ask('/logs/export')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    res.destroy()
    while (api.stats.exports > 0) await new Promise(setImmediate)
  })
})
