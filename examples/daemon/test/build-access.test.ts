/** Who may use the servers of a configuration, tried from outside: addresses, credentials, limits, TLS. */

import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { hashPassword, hashToken } from '@logwisp/core/server'
import { hash as bcryptHash } from 'bcryptjs'
import { SignJWT } from 'jose'
import { generate } from 'selfsigned'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { accessFor } from '../src/build/access.ts'
import { netLimit } from '../src/config/schema/servers.ts'
import {
  dial,
  give,
  Line,
  pipelineOf,
  sinkOf,
  sourceOf,
  Taken,
  temporaryDirectory,
  temporaryFile,
  testPorts,
} from './build-kit.ts'

const entry = { time: 0, source: 'app', message: 'hello' }

/** The status of a request for the stream, from any address of this machine. */
async function ask(
  port: number,
  headers: Record<string, string> = {},
  from = '127.0.0.1',
  path = '/stream',
): Promise<number> {
  const line = await dial(port, from)
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  line.socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more.join('')}\r\n`)
  await Promise.race([line.until((found) => found.includes('\r\n\r\n')), line.closed])
  const status = Number(/^HTTP\/1.1 (\d+)/.exec(line.text)?.[1] ?? 0)
  answers.set(status, line.text)
  line.socket.destroy()
  return status
}
const answers = new Map<number, string>()

const basic = (user: string, password: string): { Authorization: string } => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})
const bearer = (token: string): { Authorization: string } => ({ Authorization: `Bearer ${token}` })

const live = (options: object, auth: object = {}) =>
  sinkOf({ type: 'http', options: { port: 0, ...options } }, { auth })

describe('W25: what the configuration says of access is applied', () => {
  test('a blacklisted address is refused, and one that is not on the whitelist', async () => {
    const black = await live({}, { ip_blacklist: ['127.0.0.2'] })
    expect(await ask(black.port)).toBe(200)
    expect(await ask(black.port, {}, '127.0.0.2')).toBe(403)
    const white = await live({}, { ip_whitelist: ['127.0.0.2/31'] })
    expect(await ask(white.port)).toBe(403)
    expect(await ask(white.port, {}, '127.0.0.2')).toBe(200)
  })

  test('a TCP connection from such an address is closed before anything is said', async () => {
    const { stream, port } = await sinkOf(
      { type: 'tcp', options: { port: 0 } },
      { auth: { ip_blacklist: ['127.0.0.2'] } },
    )
    const refused = await dial(port, '127.0.0.2')
    await refused.closed
    const line = await dial(port)
    await expect.poll(() => stream.stats).toMatchObject({ viewers: { connected: 1 } })
    await give(stream, entry)
    await line.until((found) => found.includes('hello'))
    expect(refused.text).toBe('')
  })

  test('passwords: by our hash and by bcrypt, from the configuration and from a file', async () => {
    const users_file = await temporaryFile(`# who may look\n\nben:${await bcryptHash('bens password', 4)}\n`)
    const users = [{ username: 'ann', password_hash: await hashPassword('anns password') }]
    const { port } = await live({}, { type: 'basic', basic_auth: { users, users_file, realm: 'The logs' } })
    expect(await ask(port)).toBe(401)
    expect(answers.get(401)).toMatch(/WWW-Authenticate: Basic realm="The logs"/)
    expect(await ask(port, basic('ann', 'anns password'))).toBe(200)
    expect(await ask(port, basic('ben', 'bens password'))).toBe(200)
    expect(await ask(port, basic('ann', 'wrong'))).toBe(401)
    expect(await ask(port, basic('nobody', 'anns password'))).toBe(401)
  })

  test('rights of a user: who may only look may send nothing', async () => {
    const users = [{ username: 'ann', password_hash: await bcryptHash('pw', 4), rights: ['stream'] }]
    const auth = { type: 'basic', basic_auth: { users } }
    const ports = testPorts()
    const { port } = await sinkOf({ type: 'http', options: { port: 0 } }, { auth }, { ports })
    const source = await sourceOf({ type: 'http', options: { port: 0 } }, { auth }, { ports })
    new Taken(source.stream)
    expect(await ask(port, basic('ann', 'pw'))).toBe(200)
    const url = `http://127.0.0.1:${port}/ingest`
    expect((await fetch(url, { method: 'POST', body: 'x', headers: basic('ann', 'pw') })).status).toBe(403)
  })

  test('tokens: plain ones, hashes, 64 hexadecimal digits that are a token, and those of a file', async () => {
    const hex = 'ab'.repeat(32)
    const tokens_file = await temporaryFile(
      `shipper:of-the-shipper-file\nother:sha256:${hashToken('hashed-in-the-file')}\n`,
    )
    const tokens = ['plain-token-of-mine', `sha256:${hashToken('hashed-token-of-mine')}`, hex]
    const clients = [{ name: 'reader', token: 'token-of-the-reader', rights: ['status'] }]
    const { port } = await live({}, { type: 'bearer', bearer_auth: { tokens, tokens_file, clients } })
    for (const token of [
      'plain-token-of-mine',
      'hashed-token-of-mine',
      hex,
      'of-the-shipper-file',
      'hashed-in-the-file',
    ])
      expect([token, await ask(port, bearer(token))]).toEqual([token, 200])
    expect(await ask(port, bearer('token-of-the-reader'))).toBe(403)
    expect(await ask(port, bearer(hashToken('hashed-token-of-mine')))).toBe(401)
  })

  test('JSON Web Tokens by a signing key', async () => {
    const key = 'a signing key of more than 32 bytes'
    const jwt = { signing_key: key, issuer: 'https://login.example/', audience: 'logwisp' }
    const { port } = await live({}, { type: 'bearer', bearer_auth: { jwt } })
    const token = (claims: object, audience = 'logwisp'): Promise<string> =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject('ann')
        .setIssuer('https://login.example/')
        .setAudience(audience)
        .setExpirationTime('1m')
        .sign(Buffer.from(key))
    expect(await ask(port, bearer(await token({ scope: 'stream' })))).toBe(200)
    expect(await ask(port, bearer(await token({ scope: 'ingest' })))).toBe(403)
    expect(await ask(port, bearer(await token({ scope: 'stream' }, 'another')))).toBe(401)
  })

  test('somebody unknown may do what `anonymous` says', async () => {
    const { port } = await live(
      {},
      { type: 'bearer', bearer_auth: { tokens: ['plain-token-of-mine'] }, anonymous: ['stream'] },
    )
    expect(await ask(port)).toBe(200)
  })

  test('who guesses is made to wait, as `failures` says', async () => {
    const bearer_auth = { tokens: ['plain-token-of-mine'] }
    const { port } = await live({}, { type: 'bearer', bearer_auth, failures: { allowed: 1, first_delay_seconds: 60 } })
    const guesses = [await ask(port, bearer('guess-number-one-')), await ask(port, bearer('guess-number-two-'))]
    expect(guesses).toEqual([401, 401])
    expect(await ask(port, bearer('plain-token-of-mine'))).toBe(429)
    expect(await ask(port, bearer('plain-token-of-mine'), '127.0.0.9')).toBe(200)
  })

  test('behind a trusted proxy the client is who the proxy says', async () => {
    const { port } = await live({}, { ip_blacklist: ['10.1.1.1'], trusted_proxies: ['127.0.0.1'] })
    expect(await ask(port, { 'X-Forwarded-For': '10.1.1.1' })).toBe(403)
    expect(await ask(port, { 'X-Forwarded-For': '10.1.1.2' })).toBe(200)
  })

  test("a stage's own `auth` counts instead of its pipeline's", async () => {
    const own = { type: 'bearer', bearer_auth: { tokens: ['plain-token-of-mine'] } }
    const { port } = await live({ auth: own }, { ip_blacklist: ['127.0.0.1'] })
    expect(await ask(port, bearer('plain-token-of-mine'))).toBe(200)
  })
})

describe('net_limit', () => {
  test('beyond the rate the answer is the one that the configuration has, with Retry-After', async () => {
    const net_limit = {
      enabled: true,
      requests_per_second: 0.1,
      burst_size: 2,
      response_code: 420,
      response_message: 'Enhance your calm',
    }
    const { port } = await live({ net_limit })
    expect([await ask(port), await ask(port), await ask(port)]).toEqual([200, 200, 420])
    expect(answers.get(420)).toMatch(/Retry-After: 10\r\n[\s\S]*"message": "Enhance your calm"/)
    expect(await ask(port, {}, '127.0.0.2')).toBe(200)
  })

  test('what is not enabled limits nothing', async () => {
    const { port } = await live({ net_limit: { requests_per_second: 0.1, burst_size: 1, max_total_connections: 1 } })
    expect([await ask(port), await ask(port)]).toEqual([200, 200])
  })

  test('`global`: all share the rate', async () => {
    const { port } = await live({
      net_limit: { enabled: true, requests_per_second: 0.1, burst_size: 1, limit_by: 'global' },
    })
    expect([await ask(port), await ask(port, {}, '127.0.0.2')]).toEqual([200, 429])
  })

  test('11.3: `user`: each user or token has a rate of its own, from wherever it comes', async () => {
    const net_limit = { enabled: true, requests_per_second: 0.1, burst_size: 1, limit_by: 'user' }
    const bearer_auth = { tokens: ['token-of-the-first', 'token-of-the-second'] }
    const { port } = await live({ net_limit }, { type: 'bearer', bearer_auth, anonymous: ['stream'] })
    expect(await ask(port, bearer('token-of-the-first'))).toBe(200)
    expect(await ask(port, bearer('token-of-the-first'), '127.0.0.2')).toBe(429)
    expect(await ask(port, bearer('token-of-the-second'))).toBe(200)
    // Who shows nothing counts by address.
    expect([await ask(port), await ask(port), await ask(port, {}, '127.0.0.3')]).toEqual([200, 429, 200])
  })

  test('stages of a pipeline whose rules are the same count together, and other pipelines for themselves', async () => {
    const net_limit = { enabled: true, requests_per_second: 0.1, burst_size: 2 }
    const ports = testPorts()
    const sink = { type: 'http', options: { port: 0, net_limit } }
    const one = await sinkOf(sink, {}, { ports })
    const two = await sinkOf({ type: 'http', options: { ...sink.options, stream_path: '/second' } }, {}, { ports })
    expect(await ask(one.port)).toBe(200)
    expect(await ask(two.port, {}, '127.0.0.1', '/second')).toBe(200)
    expect(await ask(one.port)).toBe(429)
    const other = { type: 'http', options: { ...sink.options, stream_path: '/other' } }
    const three = await sinkOf(other, { name: 'another' }, { ports })
    expect(await ask(three.port, {}, '127.0.0.1', '/other')).toBe(200)
  })

  test('what is shared is forgotten with the last that used it', async () => {
    const { auth } = pipelineOf({ auth: { ip_blacklist: ['10.0.0.1'] } })
    const net_limit = netLimit.parse({})
    const request = {
      auth,
      net_limit,
      protocol: 'http',
      pipeline: 'app',
      ports: testPorts(),
      place: 'app.auth',
    } as const
    const [first, second] = [await accessFor(request), await accessFor(request)]
    expect(second.access).toBe(first.access)
    first.release()
    first.release()
    expect((await accessFor(request)).access).toBe(first.access)
    second.release()
  })

  test('entries per second: who sends more has to wait', async () => {
    const net_limit = { enabled: true, entries_per_second: 10 }
    const { stream, port } = await sourceOf({ type: 'http', options: { port: 0, net_limit } })
    new Taken(stream)
    const send = (count: number): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/ingest`, { method: 'POST', body: 'line\n'.repeat(count) })
    expect((await send(100)).status).toBe(202)
    expect((await send(1)).status).toBe(429)
  })

  test('W19: max_connections_per_ip holds, and connections that were refused make no room', async () => {
    const net_limit = { enabled: true, max_connections_per_ip: 2 }
    const { stream, port } = await sinkOf({ type: 'tcp', options: { port: 0, net_limit } })
    const first = [await dial(port), await dial(port)]
    await expect.poll(() => stream.stats).toMatchObject({ viewers: { connected: 2 } })
    for (let n = 0; n < 6; n++) await (await dial(port)).closed
    expect(stream.stats).toMatchObject({ viewers: { connected: 2 } })
    const elsewhere = await dial(port, '127.0.0.2')
    await expect.poll(() => stream.stats).toMatchObject({ viewers: { connected: 3 } })
    first[0]?.socket.destroy()
    await expect.poll(() => stream.stats).toMatchObject({ viewers: { connected: 2 } })
    const again = await dial(port)
    await expect.poll(() => stream.stats).toMatchObject({ viewers: { connected: 3 } })
    expect([elsewhere.socket.destroyed, again.socket.destroyed]).toEqual([false, false])
  })

  test('W19: the same for HTTP', async () => {
    const { port } = await live({ net_limit: { enabled: true, max_connections_per_ip: 1 } })
    const open = await dial(port)
    open.socket.write('GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    await open.until((found) => found.includes('200'))
    expect(await ask(port)).toBe(0)
    expect(await ask(port, {}, '127.0.0.2')).toBe(200)
  })

  test('11.3: max_total_connections holds', async () => {
    const net_limit = { enabled: true, max_total_connections: 1 }
    const { stream, port } = await sourceOf({ type: 'tcp', options: { port: 0, net_limit } })
    const taken = new Taken(stream)
    const line = await dial(port)
    line.socket.write('{"message":"a"}\n')
    await taken.until(1)
    await (await dial(port, '127.0.0.2')).closed
  })

  test('a TCP connection costs one of the rate', async () => {
    const net_limit = { enabled: true, requests_per_second: 0.1, burst_size: 1 }
    const { stream, port } = await sinkOf({ type: 'tcp', options: { port: 0, net_limit } })
    await dial(port)
    await expect.poll(() => stream.stats).toMatchObject({ viewers: { connected: 1 } })
    await (await dial(port)).closed
  })
})

describe('W25: TLS', () => {
  let server: { cert_file: string; key_file: string; cert: string }
  let client: { cert_file: string; key_file: string; cert: string; key: string }
  beforeAll(async () => {
    const made = await Promise.all(
      ['localhost', 'host-a'].map((name) => generate([{ name: 'commonName', value: name }], { keySize: 2048 })),
    )
    const directory = await mkdtemp(join(tmpdir(), 'logwisp-build-tls-'))
    const written = await Promise.all(
      made.map(async ({ cert, private: key }, index) => {
        const cert_file = join(directory, `${index}.pem`)
        const key_file = join(directory, `${index}.key`)
        await writeFile(cert_file, cert)
        await writeFile(key_file, key, { mode: 0o600 })
        return { cert_file, key_file, cert, key }
      }),
    )
    ;[server, client] = written as [typeof client, typeof client]
    return () => rm(directory, { recursive: true, force: true })
  })

  const ssl = (more: object = {}): object => ({
    enabled: true,
    cert_file: server.cert_file,
    key_file: server.key_file,
    ...more,
  })

  async function status(port: number, more: object = {}): Promise<number> {
    const options = { host: '127.0.0.1', port, path: '/stream', ca: server.cert, checkServerIdentity: () => undefined }
    const request = get({ ...options, agent: false, ...more })
    const [response] = await once(request, 'response')
    response.destroy()
    return response.statusCode
  }

  test('is really spoken, and nothing else', async () => {
    const { port } = await live({ ssl: ssl() })
    expect(await status(port)).toBe(200)
    expect(await ask(port)).toBe(0)
  })

  test('TCP speaks it too', async () => {
    const { stream, port } = await sinkOf({ type: 'tcp', options: { port: 0, ssl: ssl() } })
    const socket = connectTls({ port, host: '127.0.0.1', ca: server.cert, checkServerIdentity: () => undefined })
    onTestFinished(() => void socket.destroy())
    const line = new Line(socket)
    await once(socket, 'secureConnect')
    await expect.poll(() => stream.stats).toMatchObject({ viewers: { connected: 1 } })
    await give(stream, entry)
    await line.until((found) => found.includes('hello'))
  })

  test('a client certificate is asked for, and whose it is decides', async () => {
    const mutual = ssl({ client_auth: true, client_ca_file: client.cert_file })
    const known = await live({ ssl: mutual }, { type: 'mtls', mtls: { names: ['host-a'] } })
    expect(await status(known.port, { cert: client.cert, key: client.key })).toBe(200)
    await expect(status(known.port)).rejects.toThrow()
    const other = await live({ ssl: mutual }, { type: 'mtls', mtls: { names: ['host-b'] } })
    expect(await status(other.port, { cert: client.cert, key: client.key })).toBe(403)
    const any = await live({ ssl: mutual }, { type: 'mtls' })
    expect(await status(any.port, { cert: client.cert, key: client.key })).toBe(200)
    const rights = { type: 'mtls', mtls: { clients: [{ name: 'a', subject: 'CN:host-a', rights: ['ingest'] }] } }
    const sender = await live({ ssl: mutual }, rights)
    expect(await status(sender.port, { cert: client.cert, key: client.key })).toBe(403)
  })

  test('with `verify_client_cert = false` another proof will do', async () => {
    const asked = ssl({ client_auth: true, client_ca_file: client.cert_file, verify_client_cert: false })
    const { port } = await live({ ssl: asked }, { type: 'bearer', bearer_auth: { tokens: ['plain-token-of-mine'] } })
    expect(await status(port)).toBe(401)
    expect(await status(port, { headers: bearer('plain-token-of-mine') })).toBe(200)
  })

  test('speaks the versions that it is told to, and none before 1.2', async () => {
    const spoken = async (port: number, more: object): Promise<string | null> => {
      const socket: TLSSocket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...more } as object)
      onTestFinished(() => void socket.destroy())
      await once(socket, 'secureConnect')
      return socket.getProtocol()
    }
    const old = await live({ ssl: ssl({ min_version: 'TLS1.0', max_version: 'TLS1.2' }) })
    expect(await spoken(old.port, {})).toBe('TLSv1.2')
    const weak = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
    await expect(spoken(old.port, weak)).rejects.toThrow()
    const fresh = await live({ ssl: ssl({ min_version: 'TLS1.3' }) })
    expect(await spoken(fresh.port, {})).toBe('TLSv1.3')
    await expect(spoken(fresh.port, { maxVersion: 'TLSv1.2' })).rejects.toThrow()
  })

  test('a client sink trusts whom the configuration names, and shows its certificate', async () => {
    const mutual = ssl({ client_auth: true, client_ca_file: client.cert_file })
    const source = await sourceOf({ type: 'tcp', options: { port: 0, ssl: mutual } }, { auth: { type: 'mtls' } })
    const taken = new Taken(source.stream)
    const { cert_file, key_file } = client
    const own = { enabled: true, ca_file: server.cert_file, server_name: 'localhost', cert_file, key_file }
    const options = { address: `127.0.0.1:${source.port}`, protocol: 'logwisp', ssl: own }
    const { stream } = await sinkOf({ type: 'tcp_client', options })
    await give(stream, entry)
    await taken.until(1)
    await new Promise<void>((resolve) => stream.end(resolve))
  })

  test('files that are missing, that others may read, or that do not belong together are named', async () => {
    await expect(live({ ssl: ssl({ cert_file: '/nowhere/cert.pem' }) })).rejects.toThrow(
      'app.sinks.0.options.ssl.cert_file: cannot read /nowhere/cert.pem: there is no such file',
    )
    const open = await temporaryFile('a key')
    await chmod(open, 0o644)
    await expect(live({ ssl: ssl({ key_file: open }) })).rejects.toThrow(
      /ssl\.key_file: anybody on this machine may read/,
    )
    await expect(live({ ssl: ssl({ key_file: client.key_file }) })).rejects.toThrow(
      /^app\.sinks\.0\.options\.ssl\.key_file: the key is not that of the first certificate/,
    )
    await expect(live({ ssl: ssl({ client_auth: true }) })).rejects.toThrow(/ssl\.client_ca_file: needed/)
    await expect(live({ ssl: { enabled: true } })).rejects.toThrow(/ssl\.cert_file: a server that speaks TLS/)
  })

  test('`mtls` without a server that asks for certificates lets nobody in by mistake', async () => {
    await expect(live({}, { type: 'mtls' })).rejects.toThrow(/app\.sinks\.0\.options\.ssl: .*client_auth/)
  })
})

describe('what cannot be right is refused, with its place and without its secret', () => {
  test.each([
    [{ type: 'basic' }, 'app.auth.basic_auth: nobody is known'],
    [{ type: 'bearer' }, 'app.auth.bearer_auth: nobody is known'],
    [{ type: 'bearer', bearer_auth: { tokens: ['short'] } }, 'app.auth.bearer_auth.tokens.0: hashToken'],
    [
      { type: 'bearer', bearer_auth: { jwt: { issuer: 'i', audience: 'a' } } },
      'give one of `jwks_url` and `signing_key`',
    ],
    [
      { type: 'bearer', bearer_auth: { jwt: { signing_key: 'x'.repeat(40), audience: 'a' } } },
      'bearer_auth.jwt.issuer: needed',
    ],
    [
      { type: 'bearer', bearer_auth: { jwt: { signing_key: 'little secret', issuer: 'i', audience: 'a' } } },
      'at least 32 bytes',
    ],
    [{ ip_blacklist: ['not an address'] }, 'app.auth: accessControl: `deny`'],
  ])('%j', async (auth, words) => {
    const made = live({}, auth)
    await expect(made).rejects.toThrow(words)
    await expect(made).rejects.not.toThrow(/little secret|short/)
  })

  test('files of users and tokens', async () => {
    const directory = await temporaryDirectory()
    const path = join(directory, 'users')
    const withFile = () => live({}, { type: 'basic', basic_auth: { users_file: path } })
    await expect(withFile()).rejects.toThrow(
      `app.auth.basic_auth.users_file: cannot read ${path}: there is no such file`,
    )
    await writeFile(path, 'ann:$2b$04$notaverylonghash\nhunter2-without-a-name\n', { mode: 0o600 })
    await expect(withFile()).rejects.toThrow(`${path}:2: must be`)
    await expect(withFile()).rejects.not.toThrow(/hunter2/)
    await writeFile(path, 'ann:a\nann:b\n')
    await expect(withFile()).rejects.toThrow(`${path}:2: "ann" is there a second time`)
    await chmod(path, 0o604)
    await expect(withFile()).rejects.toThrow(/anybody on this machine may read/)
  })
})
