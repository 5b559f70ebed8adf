import { once } from 'node:events'
import { mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Listener, listenTcp, type ReloadableTls, type ServerTls, serverTls } from '../../src/server.ts'
import { type Authority, authority, type Issued } from '../fixtures/authority.ts'

let folder: string
let servers: Authority
let clients: Authority
let first: Issued
let second: Issued
let client: Issued
const listeners: Listener[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logwisp-tls-'))
  servers = await authority('servers')
  clients = await authority('clients')
  const names = [{ type: 'dns', value: 'localhost' }] as const
  first = await servers.issue('first', [...names])
  second = await servers.issue('second', [...names])
  client = await clients.issue('client')
})

afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.destroy()))
})

afterAll(() => rm(folder, { recursive: true }))

/** A server that says who asks, and then each line again. */
async function serve(tls: ServerTls): Promise<number> {
  const listener = await listenTcp(
    (socket) => {
      const { authorized, getPeerCertificate } = socket as TLSSocket
      const name = (getPeerCertificate.call(socket) as { subject?: { CN?: string } }).subject?.CN
      socket.on('error', () => {})
      socket.write(`${authorized} ${name}\n`)
      socket.pipe(socket)
    },
    { port: 0, host: '127.0.0.1', maxConnections: 100, tls },
  )
  listeners.push(listener)
  return listener.address?.port as number
}

interface Visit {
  readonly socket: TLSSocket
  readonly certificate: string
  readonly greeting: string
}

async function visit(port: number, options: ConnectionOptions = {}): Promise<Visit> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: servers.cert, ...options })
  socket.setEncoding('utf8')
  const [greeting] = (await Promise.race([
    once(socket, 'data'),
    // TLS 1.3 tells a client only after its handshake that it is not let in.
    once(socket, 'close').then(() => Promise.reject(new Error('closed'))),
  ])) as [string]
  return { socket, certificate: String(socket.getPeerCertificate().subject?.CN), greeting: greeting.trim() }
}

/** Who the server takes the visitor for, or why it does not let them in. */
async function outcome(port: number, options: ConnectionOptions = {}): Promise<string> {
  try {
    const { socket, greeting } = await visit(port, options)
    socket.destroy()
    return greeting
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code ?? message
  }
}

async function files(name: string, { cert, key }: Issued): Promise<{ cert: string; key: string }> {
  const paths = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
  await writeFile(paths.cert, cert)
  await writeFile(paths.key, key)
  return paths
}

describe('at the start', () => {
  const make = (options: object) => () => serverTls(options as never)

  test('a file that is not there is told at once, with its path', () => {
    expect(make({ cert: '/nowhere/server.pem', key: first.key })).toThrow(
      expect.objectContaining({
        code: 'BAD_CERTIFICATE',
        message: expect.stringContaining('cannot read /nowhere/server.pem'),
      }),
    )
  })

  test("another certificate's key is told at once", () => {
    expect(make({ cert: first.cert, key: second.key })).toThrow(
      expect.objectContaining({
        code: 'BAD_CERTIFICATE',
        message: expect.stringMatching(/cannot be used: .*mismatch/),
      }),
    )
  })

  test('what is no certificate, key or list is told at once, and no key is in the message', () => {
    for (const options of [
      { cert: '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----', key: first.key },
      { cert: first.cert, key: '-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----' },
      { cert: first.cert, key: first.key, ca: clients.cert, requestCertificate: 'ask', crl: clients.cert },
    ]) {
      try {
        serverTls(options as never)
        expect.unreachable()
      } catch (error) {
        expect(error).toMatchObject({ code: 'BAD_CERTIFICATE' })
        expect((error as Error).message).not.toContain('nonsense')
      }
    }
  })

  test('options that make no sense are refused', () => {
    const { cert, key } = first
    expect(make({ key })).toThrow('`cert` must be a path, or PEM text')
    expect(make({ cert, key, requestCertificate: 'require' })).toThrow('`ca` must be given with `requestCertificate`')
    expect(make({ cert, key, ca: clients.cert, crl: 'x' })).toThrow('`requestCertificate` must be')
    expect(make({ cert, key, minVersion: 'TLSv1.1' })).toThrow("`minVersion` must be 'TLSv1.2' or 'TLSv1.3'")
    const bare = key.replaceAll(/-----.*-----/g, '').trim()
    expect(make({ cert, key: bare })).toThrow(
      '`key` must be a path, or PEM text with its `-----BEGIN …` line, got another text of',
    )
    expect(make({ cert, key, rejectUnauthorized: false })).toThrow('`rejectUnauthorized` is no option')
  })

  test('one that has expired is served, with a warning', async () => {
    const { cert, key } = await servers.issue('old', [], [-2, -1])
    const tls = serverTls({ cert, key })
    const warned = once(tls, 'warning')
    const port = await serve(tls)
    expect((await warned)[0]).toMatchObject({
      code: 'BAD_CERTIFICATE',
      message: expect.stringContaining('has expired'),
    })
    expect(await outcome(port)).toBe('CERT_HAS_EXPIRED')
  })
})

describe('versions', () => {
  test.each([
    ['TLSv1.1', undefined, 'refused'],
    ['TLSv1.2', undefined, 'false undefined'],
    ['TLSv1.3', undefined, 'false undefined'],
    ['TLSv1.2', 'TLSv1.3', 'refused'],
    ['TLSv1.3', 'TLSv1.3', 'false undefined'],
  ] as const)('a client with %s, where the least is %s: %s', async (version, minVersion, expected) => {
    const port = await serve(serverTls({ cert: first.cert, key: first.key, minVersion }))
    // OpenSSL's default security level refuses TLS 1.1 on the client's side already.
    const ciphers = 'DEFAULT@SECLEVEL=0'
    const result = await outcome(port, { minVersion: version, maxVersion: version, ciphers })
    if (expected === 'refused') expect(result).toMatch(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/)
    else expect(result).toBe(expected)
  })
})

describe("clients' certificates", () => {
  const requiring = (more: object = {}): ReloadableTls =>
    serverTls({ cert: first.cert, key: first.key, ca: clients.cert, requestCertificate: 'require', ...more })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('are required: %s', async (maxVersion) => {
    const port = await serve(requiring())
    const stranger = await (await authority('clients')).issue('client')
    const old = await clients.issue('client', [], [-2, -1])
    expect(await outcome(port, { maxVersion, cert: client.cert, key: client.key })).toBe('true client')
    expect(await outcome(port, { maxVersion })).toMatch(/closed|ECONNRESET|CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/)
    for (const { cert, key } of [stranger, old, first]) {
      expect(await outcome(port, { maxVersion, cert, key })).toMatch(/closed|ECONNRESET|ALERT|EPIPE/)
    }
  })

  test('are asked for: whoever has no good one is let in as nobody', async () => {
    const port = await serve(requiring({ requestCertificate: 'ask' }))
    const { cert, key } = await (await authority('others')).issue('client')
    expect(await outcome(port, { cert: client.cert, key: client.key })).toBe('true client')
    expect(await outcome(port)).toBe('false undefined')
    expect(await outcome(port, { cert, key })).toMatch(/^false/)
  })

  test('that are revoked are refused, once the list has come even to those who resume a session', async () => {
    const revoked = await clients.issue('revoked')
    const crl = join(folder, 'clients.crl')
    await writeFile(crl, await clients.revoke())
    const tls = requiring({ crl })
    const port = await serve(tls)
    const { cert, key } = revoked
    const { socket } = await visit(port, { cert, key })
    const [session] = (await once(socket, 'session')) as [Buffer]
    const again = await visit(port, { cert, key, session })
    expect(again.socket.isSessionReused()).toBe(true)
    expect(again.greeting).toBe('true revoked')
    again.socket.destroy()

    await writeFile(crl, await clients.revoke(revoked))
    await tls.reload()
    expect(await outcome(port, { cert, key })).toMatch(/closed|ECONNRESET|ALERT|EPIPE/)
    expect(await outcome(port, { cert, key, session })).toMatch(/closed|ECONNRESET|ALERT|EPIPE/)
    expect(await outcome(port, { cert: client.cert, key: client.key })).toBe('true client')
    socket.destroy()
  })
})

describe('new files', () => {
  test('are used for new connections, and open ones go on', async () => {
    const paths = await files('live', first)
    const tls = serverTls({ ...paths, checkIntervalMs: 20 })
    const port = await serve(tls)
    const open = await visit(port)
    expect(open.certificate).toBe('first')
    const reloaded = once(tls, 'reload')
    await files('live', second)
    await reloaded
    expect((await visitOnce(port)).certificate).toBe('second')
    open.socket.write('still here\n')
    expect(await once(open.socket, 'data')).toEqual(['still here\n'])
    open.socket.destroy()
  })

  test('are found behind a link that leads elsewhere, as Kubernetes exchanges them', async () => {
    const link = join(folder, 'current')
    await files('link-a', first)
    await files('link-b', second)
    await symlink(join(folder, 'link-a.pem'), link)
    const tls = serverTls({ cert: link, key: first.key, checkIntervalMs: 20 })
    const port = await serve(tls)
    const warned = once(tls, 'warning')
    await symlink(join(folder, 'link-b.pem'), `${link}.new`)
    await rename(`${link}.new`, link)
    // The key is given as text and stays the same, so that the pair is no good.
    expect((await warned)[0]).toMatchObject({ code: 'BAD_CERTIFICATE' })
    expect((await visitOnce(port)).certificate).toBe('first')
  })

  test('that are no good are one warning, and the old ones stay until there are better ones', async () => {
    const paths = await files('bad', first)
    const tls = serverTls({ ...paths, checkIntervalMs: 20 })
    const port = await serve(tls)
    const warnings: unknown[] = []
    tls.on('warning', (error) => warnings.push(error))
    const warned = once(tls, 'warning')
    await writeFile(paths.cert, 'nonsense')
    expect((await warned)[0]).toMatchObject({ code: 'BAD_CERTIFICATE' })
    expect((await visitOnce(port)).certificate).toBe('first')
    await expect(tls.reload()).rejects.toMatchObject({ code: 'BAD_CERTIFICATE' })
    const reloaded = once(tls, 'reload')
    await files('bad', second)
    await reloaded
    expect((await visitOnce(port)).certificate).toBe('second')
    expect(warnings).toHaveLength(1)
  })

  test('that are empty, as while they are being written, are no good', async () => {
    const paths = await files('empty', first)
    const tls = serverTls({ ...paths, checkIntervalMs: Infinity })
    const port = await serve(tls)
    for (const path of [paths.cert, paths.key]) {
      const text = await readFile(path, 'utf8')
      await writeFile(path, '')
      await expect(tls.reload()).rejects.toMatchObject({ code: 'BAD_CERTIFICATE' })
      expect((await visitOnce(port)).certificate).toBe('first')
      await writeFile(path, text)
    }
    await tls.reload()
  })

  test('are looked for only while a server is attached', async () => {
    const tls = serverTls({ ...(await files('idle', first)), checkIntervalMs: 20 })
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const detach = [tls.attach(fakeServer()), tls.attach(fakeServer())]
    expect(timers()).toBe(before)
    detach[0]?.()
    detach[0]?.()
    const reloaded = once(tls, 'reload')
    await files('idle', second)
    await reloaded
    detach[1]?.()
  })

  async function visitOnce(port: number): Promise<Visit> {
    const result = await visit(port)
    result.socket.destroy()
    return result
  }
})

function fakeServer(): never {
  return { setSecureContext: () => {} } as never
}

test('no version beyond `maxVersion` is spoken, and it is not older than `minVersion`', async () => {
  const { cert, key } = first
  const port = await serve(serverTls({ cert, key, maxVersion: 'TLSv1.2' }))
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  expect(socket.getProtocol()).toBe('TLSv1.2')
  socket.destroy()
  const upsideDown = { cert, key, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' } as const
  expect(() => serverTls(upsideDown)).toThrow('`maxVersion` must be no older version than `minVersion`')
})

test('a peer that does not get on with its handshake is cut off', async () => {
  const port = await serve(serverTls({ cert: first.cert, key: first.key, handshakeTimeoutMs: 100 }))
  const socket = connectTcp(port, '127.0.0.1').resume()
  const started = performance.now()
  await once(socket, 'close')
  expect(performance.now() - started).toBeGreaterThan(90)
})
