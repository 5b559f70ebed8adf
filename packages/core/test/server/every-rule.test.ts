/**
 * W25: what is configured is applied. Every rule is tried from outside, by real connections to real servers, and what
 * came of it is the table in docs/access-control.md: `ACCESS_TABLE=<file>` writes it there.
 */

import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request as requestHttp, type Server } from 'node:http'
import { type RequestOptions, request as requestHttps } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type AccessControlOptions,
  accessControl,
  guardConnections,
  hashPassword,
  hashToken,
  type Identity,
  identityOf,
  isRefusal,
  type Listener,
  type ListenOptions,
  listenHttp,
  type Right,
  replyJson,
  replyRefusal,
  serverTls,
} from '../../src/server.ts'
import { type Authority, authority, type Issued } from '../fixtures/authority.ts'

const page = new URL('../../../../docs/access-control.md', import.meta.url)

type Access = ReturnType<typeof accessControl>

const ending: (() => unknown)[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const end of ending.splice(0).reverse()) await end()
})

interface Row {
  readonly group: string
  readonly rule: string
  readonly answer: string
}
const rows: Row[] = []

/** Asserts what a rule leads to, and keeps it for the table. */
async function rule(group: string, name: string, answer: Promise<string>, expected: string): Promise<void> {
  expect(await answer, name).toBe(expected)
  rows.push({ group, rule: name, answer: expected })
}

afterAll(() => {
  const groups = [...new Set(rows.map(({ group }) => group))]
  const table = groups
    .map((group) => {
      const lines = rows.filter((row) => row.group === group).map(({ rule, answer }) => `| ${rule} | ${answer} |`)
      return `| ${group} | answer |\n|---|---|\n${lines.join('\n')}\n`
    })
    .join('\n')
  const target = process.env['ACCESS_TABLE']
  if (target !== undefined) writeFileSync(target, table)
  else expect(readFileSync(page, 'utf8'), 'docs/access-control.md has another table').toContain(table)
})

/** A server of LogWisp's own, which says who was let in. */
async function serve(options: AccessControlOptions, listen: Partial<ListenOptions> = {}, right: Right = 'ingest') {
  const access = accessControl(options)
  const guard = access.middleware(right)
  const listener: Listener = await listenHttp(
    (req, res) => guard(req, res, () => replyJson(req, res, 200, identityOf(req))),
    { port: 0, host: '127.0.0.1', maxConnections: 1000, access, ...listen },
  )
  ending.push(() => listener.destroy())
  const { port, address } = listener.address as AddressInfo
  return { access, port, host: address === '::' ? '127.0.0.1' : address }
}

type Place = RequestOptions & { readonly port: number; readonly secure?: boolean }

/** What is answered, in the words of the table. */
async function ask(place: Place): Promise<string> {
  const request = (place.secure === true ? requestHttps : requestHttp)({ agent: false, host: '127.0.0.1', ...place })
  request.end()
  const [res] = await (once(request, 'response') as Promise<[IncomingMessage]>).catch(() => [undefined])
  if (res === undefined) return 'connection closed'
  const chunks: Buffer[] = await res.toArray()
  const body = JSON.parse(Buffer.concat(chunks).toString()) as { reason?: string } & Identity
  const { status, retry, challenge } = {
    status: res.statusCode,
    retry: res.headers['retry-after'],
    challenge: res.headers['www-authenticate'],
  }
  expect(res.headers['access-control-allow-origin']).toBeUndefined()
  expect(status === 401, 'a 401 says how to do better, and nothing else does').toBe(challenge !== undefined)
  if (body.reason === undefined) return `${status} as ${body.name ?? 'nobody'}`
  return `${status} ${body.reason}${retry === undefined ? '' : `, Retry-After: ${retry}`}`
}

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('W25: what is configured is applied: addresses', () => {
  const group = 'address'

  test('allow and deny', async () => {
    const inside = await serve({ allow: ['127.0.0.0/8'], deny: ['127.0.0.2', '127.1.0.0/16'] })
    // Refused before a byte is read: the server does not even answer.
    await rule(group, '127.0.0.1, `allow: 127.0.0.0/8`', ask(inside), '200 as nobody')
    await rule(
      group,
      '127.0.0.2, `deny: 127.0.0.2`',
      ask({ ...inside, localAddress: '127.0.0.2' }),
      'connection closed',
    )
    const inDenied = ask({ ...inside, localAddress: '127.1.9.9' })
    await rule(group, '127.1.9.9, `deny: 127.1.0.0/16`', inDenied, 'connection closed')
    await rule(
      group,
      '127.0.0.1, `allow: 10.0.0.0/8`',
      ask(await serve({ allow: ['10.0.0.0/8'] })),
      'connection closed',
    )
    expect(inside.access.stats.refused).toEqual({ 'address-denied': 2 })
  })

  test('IPv6', async () => {
    const denied = await serve({ deny: ['::1'] }, { host: '::1' })
    await rule(group, '::1, `deny: ::1`', ask(denied), 'connection closed')
    const allowed = await serve({ allow: ['::/64'] }, { host: '::1' })
    await rule(group, '::1, `allow: ::/64`', ask(allowed), '200 as nobody')
    const both = await serve({ deny: ['127.0.0.1'] }, { host: '::' })
    await rule(group, '::ffff:127.0.0.1 (IPv4 on an IPv6 socket), `deny: 127.0.0.1`', ask(both), 'connection closed')
    const ipv4 = await serve({ deny: ['::/0'] }, { host: '::' })
    await rule(group, '::ffff:127.0.0.1, `deny: ::/0`', ask(ipv4), '200 as nobody')
    await rule(group, '::1, `deny: ::/0`', ask({ ...ipv4, host: '::1' }), 'connection closed')
  })

  test('forwarded addresses', async () => {
    const spoofed = { headers: { 'x-forwarded-for': '198.51.100.1' } }
    const alone = await serve({ deny: ['198.51.100.0/24'], anonymous: ['ingest'] })
    await rule(
      group,
      'an untrusted peer tells another address that is denied',
      ask({ ...alone, ...spoofed }),
      '200 as nobody',
    )
    const closed = await serve({ allow: ['198.51.100.1'] })
    const spoof = ask({ ...closed, ...spoofed })
    await rule(group, 'an untrusted peer tells another address that is allowed', spoof, 'connection closed')
    const proxied = await serve({ trustedProxies: ['loopback'], allow: ['198.51.100.0/24'] })
    const tell = (chain: string) => ask({ ...proxied, headers: { 'x-forwarded-for': chain } })
    await rule(group, 'a trusted proxy tells an allowed address', tell('198.51.100.1'), '200 as nobody')
    await rule(group, 'a trusted proxy tells another one', tell('203.0.113.1'), '403 address-denied')
    const behindTwo = tell('198.51.100.1, 127.0.0.9')
    await rule(group, 'a chain of trusted proxies behind an allowed address', behindTwo, '200 as nobody')
    const own = tell('198.51.100.1, 203.0.113.1')
    await rule(group, 'a client that is not allowed put an allowed address before its own', own, '403 address-denied')
    await rule(group, 'a trusted proxy tells nothing', ask(proxied), '403 address-denied')
  })
})

describe('W25: what is configured is applied: passwords and tokens', () => {
  const token = 'a-token-of-some-length'
  let options: AccessControlOptions

  beforeAll(async () => {
    options = {
      users: { ann: { hash: await hashPassword('correct horse'), rights: ['ingest', 'stream'] } },
      tokens: { shipper: { hash: hashToken(token), rights: ['ingest'] } },
      anonymous: ['status'],
      failures: { allowed: 100 },
    }
  })

  test('passwords', async () => {
    const group = 'password'
    const server = await serve(options)
    const login = (user: string, password: string) => ask({ ...server, headers: basic(user, password) })
    await rule(group, 'none', ask(server), '401 credentials-missing')
    await rule(group, 'the right one', login('ann', 'correct horse'), '200 as ann')
    await rule(group, 'the right one, known from the login before', login('ann', 'correct horse'), '200 as ann')
    await rule(group, 'a wrong one', login('ann', 'wrong'), '401 credentials-wrong')
    await rule(group, 'an unknown user', login('bob', 'correct horse'), '401 credentials-wrong')
    await rule(group, "an object's own name as user", login('__proto__', 'x'), '401 credentials-wrong')
    const junk = ask({ ...server, headers: { authorization: 'Basic ???' } })
    await rule(group, 'a header that is none', junk, '401 credentials-wrong')
    const digest = ask({ ...server, headers: { authorization: 'Digest username="ann"' } })
    await rule(group, 'another scheme', digest, '401 credentials-wrong')
    const status = await serve(options, {}, 'status')
    await rule(group, 'none, for what anonymous ones may', ask(status), '200 as nobody')
    const inStatus = ask({ ...status, headers: basic('ann', 'correct horse') })
    await rule(group, 'the right one, for what anonymous ones may', inStatus, '200 as ann')
  })

  test('static tokens', async () => {
    const group = 'token'
    const server = await serve(options)
    const show = (text: string) => ask({ ...server, headers: bearer(text) })
    await rule(group, 'the right one', show(token), '200 as shipper')
    await rule(group, 'a wrong one', show('a-token-of-some-lengtH'), '401 credentials-wrong')
    await rule(group, 'its hash instead of itself', show(hashToken(token)), '401 credentials-wrong')
    await rule(group, 'none', show(''), '401 credentials-wrong')
    const stream = await serve(options, {}, 'stream')
    const inStream = ask({ ...stream, headers: bearer(token) })
    await rule(group, 'the right one, for what it is not good for', inStream, '403 right-missing')
  })
})

describe('W25: what is configured is applied: JSON Web Tokens', () => {
  const group = 'JWT'
  const issuer = 'https://issuer.example/'
  const audience = 'logwisp'
  type Pair = Awaited<ReturnType<typeof generateKeyPair>>
  let old: Pair
  let fresh: Pair
  let published: { kid: string; pair: Pair }[]
  let keyServer: Server
  let asked = 0

  beforeAll(async () => {
    old = await generateKeyPair('ES256', { extractable: true })
    fresh = await generateKeyPair('ES256', { extractable: true })
    published = [{ kid: 'old', pair: old }]
    keyServer = createServer(async (req, res) => {
      asked++
      const keys = published.map(async ({ kid, pair }) => ({ ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256' }))
      replyJson(req, res, 200, { keys: await Promise.all(keys) })
    })
    keyServer.listen(0, '127.0.0.1')
    await once(keyServer, 'listening')
  })
  afterAll(() => {
    keyServer.close()
    keyServer.closeAllConnections()
  })

  const url = () => `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/jwks.json?secret=of-ours`
  const seconds = () => Math.floor(Date.now() / 1000)

  function sign(claims: JWTPayload, { kid = 'old', pair = old } = {}): Promise<string> {
    const good = { sub: 'host-a', iss: issuer, aud: audience, exp: seconds() + 60, scope: 'openid ingest' }
    return new SignJWT({ ...good, ...claims }).setProtectedHeader({ alg: 'ES256', kid }).sign(pair.privateKey)
  }

  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

  test('what is in a token, and who signed it', async () => {
    const server = await serve({ jwt: { keys: { url: url() }, issuer, audience }, failures: { allowed: 100 } })
    const show = async (token: Promise<string> | string) => ask({ ...server, headers: bearer(await token) })
    await rule(group, 'a good one', show(sign({})), '200 as host-a')
    await rule(group, 'for several audiences, ours among them', show(sign({ aud: ['x', audience] })), '200 as host-a')
    await rule(group, 'expired', show(sign({ exp: seconds() - 10 })), '401 credentials-wrong')
    await rule(group, 'expired, within `clockToleranceMs`', show(sign({ exp: seconds() - 2 })), '200 as host-a')
    await rule(group, 'without `exp`', show(sign({ exp: undefined as never })), '401 credentials-wrong')
    await rule(group, 'not good before later', show(sign({ nbf: seconds() + 60 })), '401 credentials-wrong')
    await rule(group, 'for another audience', show(sign({ aud: 'billing' })), '401 credentials-wrong')
    await rule(group, 'by another issuer', show(sign({ iss: 'https://evil.example/' })), '401 credentials-wrong')
    await rule(group, 'without a name', show(sign({ sub: undefined as never })), '401 credentials-wrong')
    await rule(group, 'without the scope', show(sign({ scope: 'openid stream' })), '403 right-missing')
    const claims = { sub: 'host-a', iss: issuer, aud: audience, exp: seconds() + 60, scope: 'ingest' }
    for (const alg of ['none', 'None', 'NONE']) {
      const unsigned = `${encode({ alg })}.${encode(claims)}.`
      await rule(group, `\`alg: ${alg}\``, show(unsigned), '401 credentials-wrong')
    }
    const [head = '', , signature = ''] = (await sign({ scope: 'stream' })).split('.')
    await rule(
      group,
      'changed after it was signed',
      show(`${head}.${encode(claims)}.${signature}`),
      '401 credentials-wrong',
    )
    const forged = sign({}, { pair: fresh })
    await rule(group, 'signed by another key under a known id', forged.then(show), '401 credentials-wrong')
    const unknown = sign({}, { kid: 'mine', pair: fresh })
    await rule(group, 'signed by a key that the issuer does not have', unknown.then(show), '401 credentials-wrong')
    // The classic: the public key, which everybody has, taken for a shared secret.
    const signed = `${encode({ alg: 'HS256', kid: 'old' })}.${encode(claims)}`
    const mac = createHmac('sha256', await exportSPKI(old.publicKey))
      .update(signed)
      .digest('base64url')
    await rule(
      group,
      '`alg: HS256` with the public key as the secret',
      show(`${signed}.${mac}`),
      '401 credentials-wrong',
    )
    await rule(group, 'junk', show('a.b.c'), '401 credentials-wrong')
    expect(asked, 'the keys are fetched once, and an unknown key makes us ask only after a while').toBe(1)
  })

  test("the issuer's keys change", async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const server = await serve({ jwt: { keys: { url: url() }, issuer, audience } })
    const show = async (token: Promise<string>) => ask({ ...server, headers: bearer(await token) })
    expect(await show(sign({}))).toBe('200 as host-a')
    published = [{ kid: 'new', pair: fresh }]
    const before = asked
    for (let n = 0; n < 20; n++) expect(await show(sign({}, { kid: 'new', pair: fresh }))).toBe('401 credentials-wrong')
    expect(asked).toBe(before)
    expect(server.access.stats.failingAddresses, 'a key that is too new is no guess').toBe(0)
    vi.setSystemTime(Date.now() + 11_000)
    await rule(group, 'signed by a new key of the issuer', show(sign({}, { kid: 'new', pair: fresh })), '200 as host-a')
    expect(asked).toBe(before + 1)
    await rule(group, 'signed by a key that the issuer took back', show(sign({})), '401 credentials-wrong')
    published = [{ kid: 'old', pair: old }]
  })

  test('the key server is down: nobody is let in, nor called wrong, and it is told without the secret in its URL', async () => {
    const dead = createServer().listen(0, '127.0.0.1')
    await once(dead, 'listening')
    const { port } = dead.address() as AddressInfo
    await new Promise((resolve) => dead.close(resolve))
    const keys = { url: `http://127.0.0.1:${port}/jwks.json?secret=of-ours` }
    const server = await serve({ jwt: { keys, issuer, audience } })
    const warnings: Error[] = []
    server.access.on('warning', (error) => warnings.push(error))
    const good = { ...server, headers: bearer(await sign({})) }
    await rule(group, 'the key server is down', ask(good), '503 credentials-unchecked, Retry-After: 5')
    expect(await ask(good)).toBe('503 credentials-unchecked, Retry-After: 5')
    expect(warnings).toEqual([expect.objectContaining({ code: 'ACCESS_UNCHECKED' })])
    expect(warnings[0]?.message).toContain(`http://127.0.0.1:${port}/jwks.json`)
    expect(warnings[0]?.message).not.toContain('of-ours')
  })

  test('without the package jose a server does not even begin to listen', async () => {
    vi.doMock('jose', () => {
      throw new Error("Cannot find package 'jose'")
    })
    const access = accessControl({ jwt: { keys: { url: url() }, issuer, audience } })
    const listening = listenHttp(() => {}, { port: 0, host: '127.0.0.1', maxConnections: 1, access })
    await expect(listening).rejects.toMatchObject({
      code: 'PACKAGE_MISSING',
      message: 'accessControl: `jwt` needs the package jose: npm install jose',
    })
    expect(await access.request({ socket: {}, headers: bearer(await sign({})) } as never, 'ingest')).toMatchObject({
      reason: 'credentials-unchecked',
    })
    vi.doUnmock('jose')
    // It may be installed meanwhile.
    await access.ready?.()
  })

  test('keys that are given: a JWKS, a PEM, a secret', async () => {
    const jwk = { ...(await exportJWK(old.publicKey)), kid: 'old' }
    const pem = await exportSPKI(old.publicKey)
    for (const keys of [{ jwks: [jwk as never] }, { pem }]) {
      const server = await serve({ jwt: { keys, issuer, audience } })
      expect(await ask({ ...server, headers: bearer(await sign({})) })).toBe('200 as host-a')
      expect(await ask({ ...server, headers: bearer(await sign({}, { pair: fresh })) })).toBe('401 credentials-wrong')
    }
    const secret = 'a secret that is shared by the two of us'
    const mac = (key: string) =>
      new SignJWT({ sub: 'host-a', iss: issuer, aud: audience, exp: seconds() + 60, scope: 'ingest' })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(Buffer.from(key))
    const server = await serve({ jwt: { keys: { secret }, issuer, audience } })
    expect(await ask({ ...server, headers: bearer(await mac(secret)) })).toBe('200 as host-a')
    expect(await ask({ ...server, headers: bearer(await mac(`${secret}!`)) })).toBe('401 credentials-wrong')
  })

  test('rights can be the same for all, or found by a function; what that throws is told', async () => {
    const jwt = { keys: { url: url() }, issuer, audience, nameClaim: 'host' } as const
    const token = await sign({ host: 'host-b', scope: '', groups: ['ops'] })
    const same = await serve({ jwt: { ...jwt, rights: ['ingest'] } })
    expect(await ask({ ...same, headers: bearer(token) })).toBe('200 as host-b')
    const found = await serve({
      jwt: { ...jwt, rights: ({ groups }) => ((groups as string[]).includes('ops') ? ['ingest'] : []) },
    })
    expect(await ask({ ...found, headers: bearer(token) })).toBe('200 as host-b')
    expect(await ask({ ...found, headers: bearer(await sign({ host: 'x', groups: [] })) })).toBe('403 right-missing')
    const warned = once(found.access, 'warning')
    expect(await ask({ ...found, headers: bearer(await sign({ host: 'x' })) })).toMatch(/^503 credentials-unchecked/)
    expect((await warned)[0]).toMatchObject({ code: 'ACCESS_UNCHECKED', cause: expect.any(TypeError) })
  })

  test('rules that let too much in are refused when they are made', () => {
    const make = (jwt: object) => () =>
      accessControl({ jwt: { issuer, audience, keys: { url: url() }, ...jwt } as never })
    expect(make({ audience: undefined })).toThrow('`jwt.audience` must be a non-empty string')
    expect(make({ issuer: undefined })).toThrow('`jwt.issuer` must be')
    expect(make({ algorithms: ['none'] })).toThrow('`jwt.algorithms` must be')
    expect(make({ keys: { url: 'http://keys.example/' } })).toThrow('`jwt.keys.url` must be an https: URL')
    expect(make({ keys: { secret: 'short' } })).toThrow('`jwt.keys.secret` must be a secret of at least 32 bytes')
    expect(make({ keys: {} })).toThrow('`jwt.keys` must be an object with exactly one of')
    expect(make({ keys: { pem: 'x', secret: 'y' } })).toThrow('`jwt.keys` must be an object with exactly one of')
    expect(make({ keys: { pem: 'x' } })).toThrow('`jwt.keys.pem` must be a public key as PEM')
  })

  test('no message of what is refused has a secret in it', () => {
    const secret = 'hunter2'
    for (const options of [
      { jwt: { issuer, audience, keys: { secret } } },
      { jwt: { issuer, audience, keys: { pem: secret } } },
      { users: { ann: { hash: secret } } },
      { users: { ann: secret } },
      { users: secret },
      { tokens: { ci: { hash: secret } } },
    ]) {
      expect(() => accessControl(options as never)).toThrow(/must be .*got another text of 7 characters$/)
    }
    expect(() => hashToken(secret)).toThrow(/got another text of 7 characters$/)
  })
})

describe('W25: what is configured is applied: certificates', () => {
  const group = 'certificate'
  let servers: Authority
  let clients: Authority
  let own: Issued
  beforeAll(async () => {
    servers = await authority('servers')
    clients = await authority('clients')
    own = await servers.issue('localhost', [{ type: 'dns', value: 'localhost' }])
  })

  test('who they are of', async () => {
    const revoked = await clients.issue('host-a')
    const rules = {
      certificates: {
        'host-a': { rights: ['ingest'] },
        'host-b': { subject: 'DNS:b.example', rights: ['ingest'] },
        reader: { subject: 'URI:spiffe://example/reader', rights: ['stream'] },
      },
    } as const
    const make = async (requestCertificate: 'ask' | 'require') =>
      serve(rules, {
        tls: serverTls({
          cert: own.cert,
          key: own.key,
          ca: clients.cert,
          crl: await clients.revoke(revoked),
          requestCertificate,
        }),
      })
    const requiring = await make('require')
    const asking = await make('ask')
    const show = (server: typeof asking, issued?: Issued) =>
      ask({
        ...server,
        secure: true,
        host: 'localhost',
        ca: servers.cert,
        ...(issued && { cert: issued.cert, key: issued.key }),
      })
    const dns = await clients.issue('x', [{ type: 'dns', value: 'b.example' }])
    const uri = await clients.issue('x', [{ type: 'url', value: 'spiffe://example/reader' }])
    const sly = await clients.issue('x', [
      { type: 'url', value: 'https://x/,DNS:b.example' },
      { type: 'dns', value: 'x, DNS:b.example' },
    ])
    const stranger = await (await authority('clients')).issue('host-a')
    await rule(group, 'its CN is known', show(requiring, await clients.issue('host-a')), '200 as host-a')
    await rule(group, 'its DNS name is known', show(requiring, dns), '200 as host-b')
    await rule(group, 'its URI is known, for what it is not good for', show(requiring, uri), '403 right-missing')
    await rule(
      group,
      'none of its names is known',
      show(requiring, await clients.issue('host-c')),
      '403 credentials-wrong',
    )
    await rule(group, 'a name within a name', show(requiring, sly), '403 credentials-wrong')
    await rule(group, 'by another authority, `require`', show(requiring, stranger), 'connection closed')
    await rule(group, 'by another authority, `ask`', show(asking, stranger), '403 credentials-missing')
    await rule(group, 'revoked, `require`', show(requiring, revoked), 'connection closed')
    await rule(group, 'revoked, `ask`', show(asking, revoked), '403 credentials-missing')
    await rule(group, 'expired', show(requiring, await clients.issue('host-a', [], [-2, -1])), 'connection closed')
    await rule(group, 'none, `require`', show(requiring), 'connection closed')
    await rule(group, 'none, `ask`', show(asking), '403 credentials-missing')
    const plain = ask({ ...requiring })
    await rule(group, 'no TLS at all', plain, 'connection closed')
  })

  test('by its fingerprint, by any name, and where anonymous ones may as much', async () => {
    const one = await clients.issue('host-a')
    const { X509Certificate } = await import('node:crypto')
    const subject = `SHA256:${new X509Certificate(one.cert).fingerprint256}`
    const tls = serverTls({ cert: own.cert, key: own.key, ca: clients.cert, requestCertificate: 'require' })
    const show = async (certificates: AccessControlOptions['certificates'], more: AccessControlOptions = {}) => {
      const server = await serve({ certificates, ...more }, { tls })
      return ask({ ...server, secure: true, host: 'localhost', ca: servers.cert, cert: one.cert, key: one.key })
    }
    expect(await show({ this: { subject } })).toBe('200 as this')
    expect(await show({ this: { subject }, all: { subject: '*' } })).toBe('200 as this')
    expect(await show({ all: { subject: '*' } })).toBe('200 as all')
    expect(await show({ other: {} }, { anonymous: ['ingest'] })).toBe('200 as nobody')
    expect(() => accessControl({ certificates: { a: { subject: 'host-a' } } })).toThrow(
      '`certificates.a.subject` must be',
    )
  })
})

describe('W25: what is configured is applied: limits', () => {
  const group = 'limit'
  // What is told to wait is exact then; sockets go on as ever.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  const token = 'a-token-of-some-length'
  const tokens = { shipper: { hash: hashToken(token) } }

  test('rates of requests', async () => {
    const server = await serve({ requestRate: { perAddress: { ratePerSecond: 0.1, burst: 2 } } })
    const from = (localAddress: string) => ask({ ...server, localAddress })
    expect(await from('127.0.0.1')).toBe('200 as nobody')
    expect(await from('127.0.0.1')).toBe('200 as nobody')
    await rule(
      group,
      'the third request, `requestRate.perAddress.burst: 2`',
      from('127.0.0.1'),
      '429 too-many-requests, Retry-After: 10',
    )
    await rule(group, 'a request from another address', from('127.0.0.2'), '200 as nobody')
    const total = await serve({ requestRate: { total: { ratePerSecond: 0.1, burst: 1 } } })
    expect(await ask(total)).toBe('200 as nobody')
    const second = ask({ ...total, localAddress: '127.0.0.2' })
    await rule(group, 'a request beyond `requestRate.total`', second, '503 too-many-requests, Retry-After: 10')
  })

  test('rates of entries', async () => {
    const access = accessControl({ tokens, entryRate: { perAddress: { ratePerSecond: 100, burst: 100 } } })
    const listener = await listenHttp(
      async (req, res) => {
        const who = await access.request(req, 'ingest')
        const refusal = isRefusal(who) ? who : access.overEntryRate(who)
        if (refusal !== undefined) return replyRefusal(req, res, refusal)
        access.entries(who as Identity, 1100)
        replyJson(req, res, 200, who)
      },
      { port: 0, host: '127.0.0.1', maxConnections: 10, access },
    )
    ending.push(() => listener.destroy())
    const place = { port: (listener.address as AddressInfo).port, headers: bearer(token) }
    expect(await ask(place)).toBe('200 as shipper')
    await rule(
      group,
      'entries after 1,100 with `entryRate.perAddress: 100/s`',
      ask(place),
      '429 too-many-entries, Retry-After: 10',
    )
  })

  test('connections', async () => {
    const server = await serve({ maxConnectionsPerAddress: 2 })
    const open = await Promise.all([openTo(server.port), openTo(server.port)])
    await rule(group, 'the third connection, `maxConnectionsPerAddress: 2`', ask(server), 'connection closed')
    expect(await ask(server)).toBe('connection closed')
    await rule(
      group,
      'a connection from another address',
      ask({ ...server, localAddress: '127.0.0.2' }),
      '200 as nobody',
    )
    open[0]?.destroy()
    await expect.poll(() => server.access.stats.connections).toBe(1)
    await rule(group, 'after one of the two has closed', ask(server), '200 as nobody')
    open[1]?.destroy()
    const few = await serve({ maxConnections: 1 })
    const only = await openTo(few.port)
    const other = ask({ ...few, localAddress: '127.0.0.2' })
    await rule(group, 'a connection beyond `maxConnections`', other, 'connection closed')
    only.destroy()
    const slow = await serve({ connectionRate: { perAddress: { ratePerSecond: 0.1, burst: 1 } } })
    expect(await ask(slow)).toBe('200 as nobody')
    await rule(group, 'a connection beyond `connectionRate`', ask(slow), 'connection closed')
  })

  test('failures', async () => {
    const server = await serve({ tokens, failures: { allowed: 3, firstDelayMs: 60_000 } })
    const show = (text: string, localAddress = '127.0.0.1') => ask({ ...server, localAddress, headers: bearer(text) })
    for (let n = 0; n < 4; n++) expect(await show('guess')).toBe('401 credentials-wrong')
    await rule(
      group,
      'a guess after four wrong ones, `failures.allowed: 3`',
      show('guess'),
      '429 too-many-failures, Retry-After: 60',
    )
    await rule(group, 'the right token from the same address', show(token), '429 too-many-failures, Retry-After: 60')
    await rule(group, 'the right token from another address', show(token, '127.0.0.2'), '200 as shipper')
  })

  async function openTo(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.on('error', () => {})
    return socket
  }
})

describe('in frameworks', () => {
  const token = 'a-token-of-some-length'
  const access = (): Access => accessControl({ tokens: { shipper: { hash: hashToken(token), rights: ['stream'] } } })

  async function askAll(port: number): Promise<string[]> {
    return Promise.all([
      ask({ port, path: '/logs', headers: bearer(token) }),
      ask({ port, path: '/logs', headers: bearer('wrong') }),
      ask({ port, path: '/logs' }),
    ])
  }
  const expected = ['200 as shipper', '401 credentials-wrong', '401 credentials-missing']

  test('Express: as middleware', async () => {
    const app = express()
    app.use('/logs', access().middleware('stream'), (req, res) => {
      res.json(identityOf(req))
    })
    app.use((error: Error, _req: unknown, res: express.Response, _next: unknown) => {
      res.status(500).json({ reason: error.message })
    })
    const server = app.listen(0, '127.0.0.1')
    ending.push(() => server.close())
    await once(server, 'listening')
    expect(await askAll((server.address() as AddressInfo).port)).toEqual(expected)
  })

  test('Fastify: as a hook', async () => {
    const app = fastify()
    const guard = access().middleware('stream')
    app.addHook('onRequest', (request, reply, done) => guard(request.raw, reply.raw, () => done()))
    app.get('/logs', async (request) => identityOf(request.raw))
    ending.push(() => app.close())
    await app.listen({ port: 0, host: '127.0.0.1' })
    expect(await askAll((app.server.address() as AddressInfo).port)).toEqual(expected)
  })

  test('node:http: as a function, with connections guarded', async () => {
    const rules = accessControl({ deny: ['127.0.0.2'], maxConnectionsPerAddress: 5 })
    const server = createServer((req, res) => {
      rules.middleware('stream')(req, res, () => replyJson(req, res, 200, identityOf(req)))
    })
    guardConnections(server, rules)
    ending.push(() => server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await ask({ port })).toBe('200 as nobody')
    expect(await ask({ port, localAddress: '127.0.0.2' })).toBe('connection closed')
  })

  test("what a handler throws behind the middleware is the framework's, not an unhandled rejection", async () => {
    const app = express()
    app.use(accessControl().middleware('status'), () => {
      throw new Error('of the handler')
    })
    app.use((error: Error, _req: unknown, res: express.Response, _next: unknown) => {
      res.status(500).json({ reason: error.message })
    })
    const server = app.listen(0, '127.0.0.1')
    ending.push(() => server.close())
    await once(server, 'listening')
    expect(await ask({ port: (server.address() as AddressInfo).port })).toBe('500 of the handler')
  })
})
