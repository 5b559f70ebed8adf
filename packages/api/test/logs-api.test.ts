/** What an API does in trouble, when clients leave and when it ends; and what it says of itself. */

import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LogwispError } from '@logwisp/core'
import type { Store } from '@logwisp/store'
import { describe, expect, test } from 'vitest'
import { logsApi } from '../src/index.ts'
import { ask, serving, sharedStore, someEntries, storeWith, temporaryStore } from './serving.ts'

const store = sharedStore(someEntries(3))

describe('trouble', () => {
  test('of the store is a 500 that tells nothing of this machine, and a warning that does', async () => {
    const page = (): Promise<never> => Promise.reject(new LogwispError('STORE_FAILED', 'cannot read /secret/logs.db'))
    const { ask, api } = await serving(storeWith(store(), { page }), {})
    const warned = once(api, 'warning')
    expect(await ask('/logs')).toMatchObject({ status: 500, text: expect.not.stringContaining('secret') })
    expect((await warned)[0]).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('secret') })
  })

  test('a store that has too many queries is a 503 to come again for', async () => {
    const page = (): Promise<never> => Promise.reject(new LogwispError('STORE_BUSY', 'too many'))
    const { ask } = await serving(storeWith(store(), { page }), {})
    expect(await ask('/logs')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  })

  test('a closed store is a 503, and healthz says so', async () => {
    const closing = await temporaryStore()
    const { ask } = await serving(closing)
    expect(await ask('/healthz')).toMatchObject({ status: 200, json: { status: 'ok' } })
    await closing.close()
    expect(await ask('/healthz')).toMatchObject({ status: 503, json: { status: 'failing' } })
    expect((await ask('/logs')).status).toBe(503)
  })

  test('a port that is taken is an error event', async () => {
    const { port } = await serving(store())
    const api = logsApi(store(), { port })
    const [error] = await once(api, 'error')
    expect(error).toMatchObject({ code: 'LISTEN_FAILED' })
    await api.close()
  })
})

describe('the client that leaves', () => {
  test('ends its query', async () => {
    let asked = (_signal: AbortSignal): void => {}
    const signalled = new Promise<AbortSignal>((resolve) => {
      asked = resolve
    })
    const page: Store['page'] = (_, options) => {
      const signal = options?.signal as AbortSignal
      asked(signal)
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    const { port, api, ask } = await serving(storeWith(store(), { page }), {})
    const warnings: unknown[] = []
    api.on('warning', (warning) => warnings.push(warning))
    const left = request({ port, path: '/logs', agent: false }).on('error', () => {})
    left.end()
    const signal = await signalled
    expect(signal.aborted).toBe(false)
    left.destroy()
    await once(signal, 'abort')
    expect((await ask('/healthz')).status).toBe(200)
    expect(api.stats.requests['page']).toEqual({ 499: 1 })
    expect(warnings).toEqual([])
  })

  test('in the midst of a regular expression over everything frees the reader', async () => {
    const large = await temporaryStore()
    for (let at = 0; at < 20; at++) await large.append(someEntries(5000, () => ({ message: 'a'.repeat(200) })))
    let asked = 0
    let allAsked = (): void => {}
    const begun = new Promise<void>((resolve) => {
      allAsked = resolve
    })
    const outcomes: Promise<unknown>[] = []
    const page: Store['page'] = (...args) => {
      const answer = large.page(...args)
      outcomes.push(answer.catch((error: Error) => error))
      if (++asked === 8) allAsked()
      return answer
    }
    const { port, ask } = await serving(storeWith(large, { page }), { queryDeadlineMs: Infinity })
    const path = `/logs?q=${encodeURIComponent('/(a|aa)+[bc]+$/')}`
    const slow = Array.from({ length: 8 }, () => request({ port, path, agent: false }).on('error', () => {}))
    for (const one of slow) one.end()
    await begun
    for (const one of slow) one.destroy()
    // Two of them were being looked for, six waited: none of them goes on to its end.
    expect(await Promise.all(outcomes)).toEqual(
      Array(8).fill(expect.objectContaining({ message: 'the client has left' })),
    )
    expect((await ask('/logs/histogram')).json.counts).toEqual({ none: 100_000 })
  })
})

describe('what it says of itself', () => {
  test('metrics that promtool finds nothing wrong with', async () => {
    const { ask } = await serving(store())
    await ask('/logs')
    await ask('/logs?nonsense=1')
    const { text, headers } = await ask('/metrics')
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(text).toContain('logwisp_store_entries 3\n')
    expect(text).toContain('logwisp_api_requests_total{operation="page",status="400"} 1\n')
    expect(text).toContain('logwisp_store_removed_entries_total{reason="age"} 0\n')
    if (spawnSync('promtool', ['--version']).error !== undefined) {
      return console.warn('SKIPPED: no promtool, which checks the metrics; apt-get install prometheus')
    }
    expect(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('')
  })

  test('books of what was asked', async () => {
    const { ask, api } = await serving(store())
    await ask('/logs', { method: 'POST', body: '{"message":"a"}' })
    await ask('/logs')
    await ask('/logs')
    await ask('/logs/export')
    expect(api.stats).toMatchObject({
      requests: { ingest: { 200: 1 }, page: { 200: 2 }, export: { 200: 1 } },
      viewers: 0,
      exports: 0,
      entriesExported: 4,
      ingest: { entriesIn: 1 },
    })
  })
})

describe('the end', () => {
  test('answers what is under way, and takes nothing more', async () => {
    let go = (): void => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    let underWay = (): void => {}
    const asked = new Promise<void>((resolve) => {
      underWay = resolve
    })
    const page: Store['page'] = async (...args) => {
      underWay()
      await gate
      return store().page(...args)
    }
    const { port, ask, api } = await serving(storeWith(store(), { page }), {})
    const answer = ask('/logs?q=line')
    await asked
    const closed = api.close()
    go()
    expect((await answer).json).toEqual(['line 0', 'line 1', 'line 2'])
    await closed
    await expect(ask('/logs')).rejects.toThrow('ECONNREFUSED')
    expect(api.address).toBeUndefined()
    expect(port).toBeGreaterThan(0)
  })

  test('cuts what takes longer than it may', async () => {
    let underWay = (): void => {}
    const asked = new Promise<void>((resolve) => {
      underWay = resolve
    })
    const page: Store['page'] = (_, options) => {
      underWay()
      return new Promise((_, reject) =>
        options?.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error)),
      )
    }
    const { ask, api } = await serving(storeWith(store(), { page }), { drainTimeoutMs: 50 })
    const answer = ask('/logs')
    await asked
    await api.close()
    expect(await answer).toMatchObject({ status: 503, json: { message: 'the service is stopping' } })
  })

  test('does not wait for a store that takes nothing: whoever sent entries is told', async () => {
    let asked = (): void => {}
    const appending = new Promise<void>((resolve) => {
      asked = resolve
    })
    const append: Store['append'] = () => {
      asked()
      return new Promise(() => {})
    }
    const { ask, api } = await serving(storeWith(store(), { append }), { drainTimeoutMs: 50 })
    const warned = once(api, 'warning')
    const answer = ask('/logs', { method: 'POST', body: '{"message":"a"}' })
    await appending
    await api.close()
    expect(await answer).toMatchObject({ status: 503 })
    expect((await warned)[0]).toMatchObject({ code: 'UNDELIVERED' })
  })

  test('of an API that is mounted is a 503 for whoever asks later', async () => {
    const api = logsApi(store())
    const server = createServer(api.handler).listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await api.close()
    expect((await ask(port, '/logs')).status).toBe(503)
    expect((await ask(port, '/logs', { method: 'POST', body: '{"message":"a"}' })).status).toBe(503)
    server.close()
  })
})
