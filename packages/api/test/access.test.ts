/** Who may ask the API for what, and from which pages. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { accessControl, hashToken } from '@logwisp/core/server'
import { describe, expect, test } from 'vitest'
import { logsApi } from '../src/index.ts'
import { ask, serving, sharedStore } from './serving.ts'

const store = sharedStore()

const tokens = { ship: 'a-token-of-the-shipper', read: 'a-token-of-the-reader', watch: 'a-token-of-the-watcher' }

describe('who may ask', () => {
  const access = (): ReturnType<typeof accessControl> =>
    accessControl({
      tokens: {
        shipper: { hash: hashToken(tokens.ship), rights: ['ingest'] },
        reader: { hash: hashToken(tokens.read), rights: ['stream'] },
        watcher: { hash: hashToken(tokens.watch), rights: ['status'] },
      },
    })

  test('each thing needs its right', async () => {
    const { ask } = await serving(store(), { access: access() })
    const reads = ['/logs', '/logs/entries/a-0', '/logs/histogram', '/logs/completions?of=source', '/logs/export']
    const status = async (path: string, token?: keyof typeof tokens, method = 'GET'): Promise<number> => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${tokens[token]}` }
      return (await ask(path, { method, headers, ...(method === 'POST' ? { body: '{"message":"a"}' } : {}) })).status
    }
    for (const path of [...reads, '/logs/stream']) {
      expect(await status(path), path).toBe(401)
      expect(await status(path, 'ship'), path).toBe(403)
      expect(await status(path, 'watch'), path).toBe(403)
    }
    for (const path of reads) expect([200, 404], path).toContain(await status(path, 'read'))
    expect(await status('/logs', 'read', 'POST')).toBe(403)
    expect(await status('/logs', 'ship', 'POST')).toBe(200)
    expect(await status('/logs', undefined, 'POST')).toBe(401)
    expect([await status('/metrics', 'read'), await status('/metrics', 'watch')]).toEqual([403, 200])
    expect([await status('/healthz'), await status('/openapi.json')]).toEqual([200, 200])
  })

  test('pages of other origins only when they are named', async () => {
    const { ask, api } = await serving(store(), { allowOrigin: ['https://app.example'], access: access() })
    expect(api.stats.viewers).toBe(0)
    const headers = { origin: 'https://app.example', authorization: `Bearer ${tokens.read}` }
    expect((await ask('/logs', { headers })).headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'Link, Retry-After',
      vary: 'Origin, Accept',
    })
    const stranger = await ask('/logs', { headers: { ...headers, origin: 'https://evil.example' } })
    expect(stranger.headers['access-control-allow-origin']).toBeUndefined()
    const before = await ask('/logs', { method: 'OPTIONS', headers: { origin: 'https://app.example' } })
    expect(before).toMatchObject({
      status: 204,
      headers: { allow: 'GET, HEAD, POST, OPTIONS', 'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS' },
    })
    const post = { method: 'POST', body: '{"message":"a"}' }
    const shipper = { authorization: `Bearer ${tokens.ship}` }
    expect((await ask('/logs', { ...post, headers: { ...shipper, origin: 'https://evil.example' } })).status).toBe(403)
    const allowed = await ask('/logs', { ...post, headers: { ...shipper, origin: 'https://app.example' } })
    expect(allowed).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': 'https://app.example' } })
  })

  test('no page of another origin by default, nor under a name that is not this machine’s', async () => {
    const { ask } = await serving(store())
    const post = { method: 'POST', body: '{"message":"a"}' }
    expect((await ask('/logs', { ...post, headers: { origin: 'https://evil.example' } })).status).toBe(403)
    const answer = await ask('/logs', { headers: { origin: 'https://evil.example' } })
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    for (const path of ['/logs', '/healthz', '/metrics', '/openapi.json', '/logs/stream']) {
      expect((await ask(path, { headers: { host: 'rebound.example' } })).status, path).toBe(403)
    }
    expect((await ask('/logs', { ...post, headers: { host: 'rebound.example' } })).status).toBe(403)
    const named = await serving(store(), { allowedHosts: ['logs.example'] })
    expect((await named.ask('/logs', { headers: { host: 'logs.example' } })).status).toBe(200)
    expect((await named.ask('/logs', { ...post, headers: { host: 'logs.example' } })).status).toBe(200)
  })
})

describe('what is not there', () => {
  test('is a 404 with a hint, another method a 405', async () => {
    const { ask } = await serving(store())
    expect(await ask('/log')).toMatchObject({ status: 404, json: { message: expect.stringContaining('/logs') } })
    expect((await ask('/logs/')).status).toBe(404)
    expect((await ask('/LOGS')).status).toBe(404)
    expect((await ask('/logs/entries/{id}')).status).toBe(400)
    const deleted = await ask('/logs', { method: 'DELETE' })
    expect(deleted).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, POST, OPTIONS' } })
    expect((await ask('/logs/export', { method: 'POST', body: 'x' })).status).toBe(405)
  })

  test('is handed on when there is somebody', async () => {
    const api = logsApi(store(), { path: '/api/logs' })
    const passed: (string | undefined)[] = []
    const server = createServer((req, res) =>
      api.handler(req, res, () => {
        passed.push(req.url)
        res.end('mine')
      }),
    ).listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    for (const path of ['/', '/logs', '/healthz', '/api', '/api/']) expect((await ask(port, path)).text).toBe('mine')
    for (const path of ['/api/logs', '/api/healthz', '/api/metrics', '/api/openapi.json']) {
      expect((await ask(port, path)).status, path).toBe(200)
    }
    expect(passed).toEqual(['/', '/logs', '/healthz', '/api', '/api/'])
    await api.close()
    server.close()
  })
})

describe('options', () => {
  test.each([
    [{ prot: 1 }, 'prot'],
    [{ path: '/' }, 'path'],
    [{ path: 'logs' }, 'path'],
    [{ path: '/logs/' }, 'path'],
    [{ path: '/{id}' }, 'path'],
    [{ ingest: { port: 1 } }, 'port'],
    [{ ingest: { maxBodyBites: 1 } }, 'maxBodyBites'],
    [{ maxExports: 0 }, 'maxExports'],
    [{ stuckTimeoutMs: 1 }, 'stuckTimeoutMs'],
  ])('%j is refused', async (options, name) => {
    expect(() => logsApi(store(), options as never)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', option: name }),
    )
  })

  test('a store is one', () => {
    expect(() => logsApi('./logs.db' as never)).toThrow('openStore')
  })
})
