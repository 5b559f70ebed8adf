/** `logwisp hash-password`, `token` and `cert`: what they make is good for what it is made for. */

import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { accessControl, isRefusal, listenHttp } from '@logwisp/core/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type CommandResult,
  command,
  removeDirectory,
  startAtTerminal,
  startProcess,
  temporaryDirectory,
} from './command-process.ts'

let cwd: string
beforeAll(async () => {
  cwd = await temporaryDirectory()
})
afterAll(() => removeDirectory(cwd))

const run = (...words: string[]): Promise<CommandResult> => command(words, { cwd })

/** Who a server takes a client for that shows this; the reason when it lets nobody in. */
async function asked(rules: Parameters<typeof accessControl>[0], authorization: string): Promise<string | undefined> {
  const access = accessControl(rules)
  const listener = await listenHttp(
    (req, res) => void access.request(req, 'stream').then((who) => res.end(isRefusal(who) ? who.reason : who.name)),
    { host: '127.0.0.1', port: 0, maxConnections: 10 },
  )
  const answer = await fetch(`http://127.0.0.1:${listener.address?.port}/`, { headers: { authorization } })
  const text = await answer.text()
  await listener.destroy()
  return text
}

describe('hash-password', () => {
  test('reads the password from standard input, without its line end, and makes a hash that lets it in', async () => {
    const { code, stdout, stderr } = await command(['hash-password'], { cwd, input: 'correct horse\n' })
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[\w+/]+\$[\w+/]+\n$/)
    const users = { ann: { hash: stdout.trimEnd() } }
    expect(await asked({ users }, `Basic ${Buffer.from('ann:correct horse').toString('base64')}`)).toBe('ann')
    expect(await asked({ users }, `Basic ${Buffer.from('ann:wrong horse').toString('base64')}`)).toBe(
      'credentials-wrong',
    )
  })

  test('with --user it is a line of a users file', async () => {
    const { stdout } = await command(['hash-password', '--user', 'ann'], { cwd, input: 'x' })
    expect(stdout).toMatch(/^ann:\$scrypt\$/)
  })

  test('takes no password from the command line, no empty one, and no two', async () => {
    const [argument, empty, two, colon] = await Promise.all([
      run('hash-password', 'hunter2'),
      command(['hash-password'], { cwd, input: '\n' }),
      command(['hash-password'], { cwd, input: 'a\nb\n' }),
      command(['hash-password', '--user', 'a:b'], { cwd, input: 'a' }),
    ])
    expect([argument.code, empty.code, two.code, colon.code]).toEqual([2, 2, 2, 2])
    expect(argument.stderr).not.toContain('hunter2')
    expect(empty.stderr).toContain('the password is empty')
    expect(two.stderr).toContain('several lines')
  })

  test('at a terminal it asks twice, shows nothing of it, and is interrupted by Ctrl-C', async () => {
    const asking = startAtTerminal(['hash-password'], { cwd })
    await asking.says(/Password: $/)
    asking.child.stdin?.write('hunteq\x7f2\r')
    await asking.says(/The same again: $/)
    asking.child.stdin?.write('hunte2\r')
    const { code, stdout } = await asking.result
    expect(code).toBe(0)
    expect(stdout).toMatch(/\$scrypt\$/)
    expect(stdout).not.toContain('hunte')
    const interrupted = startAtTerminal(['hash-password'], { cwd })
    await interrupted.says(/Password: $/)
    interrupted.child.stdin?.write('hun\x03')
    expect(await interrupted.result).toMatchObject({ code: 130, stdout: 'Password: \r\n' })
  })
})

describe('token', () => {
  test('256 random bits and the hash that lets them in; what to do with them is on standard error', async () => {
    const [first, second] = await Promise.all([run('token', '--name', 'ci'), run('token', '--json')])
    const [, token = '', hash = ''] = /^token {2}([\w-]{43})\nhash {3}sha256:([0-9a-f]{64})\n$/.exec(first.stdout) ?? []
    expect(await asked({ tokens: { ci: { hash } } }, `Bearer ${token}`)).toBe('ci')
    expect(first.stderr).toContain(`bearer_auth = { clients = [{ name = "ci", token = "sha256:${hash}" }] }`)
    expect(first.stderr).not.toContain(token)
    const other = JSON.parse(second.stdout) as { name: string; token: string }
    expect(other).toMatchObject({ name: 'client', token: expect.stringMatching(/^[\w-]{43}$/) })
    expect(other.token).not.toBe(token)
  })

  test('--output writes it for its owner only, shows it nowhere, and replaces no file', async () => {
    const made = await run('token', '--output', 'a.token')
    const token = (await readFile(join(cwd, 'a.token'), 'utf8')).trimEnd()
    expect(token).toMatch(/^[\w-]{43}$/)
    expect((await stat(join(cwd, 'a.token'))).mode & 0o777).toBe(0o600)
    expect(made.stdout + made.stderr).not.toContain(token)
    const again = await run('token', '--output', 'a.token')
    expect(again.code).toBe(2)
    expect(again.stderr).toContain('a.token is there already')
    expect((await readFile(join(cwd, 'a.token'), 'utf8')).trimEnd()).toBe(token)
  })

  test('what it prints for the server is a configuration', async () => {
    const { stderr } = await run('token')
    const [snippet] = /\[pipelines\.auth\][\s\S]*?\n(?=\n)/.exec(stderr) ?? []
    await mkdir(join(cwd, 'logs'), { recursive: true })
    await writeFile(
      join(cwd, 'token.toml'),
      `[[pipelines]]\nname = "app"\nsources = [{ type = "directory", options = { path = "logs" } }]\nsinks = [{ type = "http", options = { port = 0, host = "127.0.0.1" } }]\n${snippet}`,
      { mode: 0o600 },
    )
    const { code, stdout } = await run('check', '-c', 'token.toml')
    expect(code, stdout).toBe(0)
  })
})

describe('cert', () => {
  test('an authority, a server and a client that trust each other, with keys for their owner only', async () => {
    const [ca] = [await run('cert', 'ca', 'Our CA')]
    const [server, client] = await Promise.all([
      run('cert', 'server', 'localhost', '--alt', '127.0.0.1', '--alt', '::1', '--days', '30'),
      run('cert', 'client', 'host-a'),
    ])
    expect([ca?.code, server.code, client.code]).toEqual([0, 0, 0])
    expect(server.stdout).toMatch(
      /^localhost\.pem {2}the certificate, good until \d{4}-\d\d-\d\d\nlocalhost\.key {2}its key: keep it secret\n$/,
    )
    for (const key of ['ca.key', 'localhost.key', 'host-a.key']) {
      expect((await stat(join(cwd, key))).mode & 0o777, key).toBe(0o600)
    }
    const text = (name: string): Promise<string> => readFile(join(cwd, name), 'utf8')
    const made = new X509Certificate(await text('localhost.pem'))
    expect(made.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
    expect(made.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
    expect(new X509Certificate(await text('ca.pem')).subject).toBe('CN=Our CA')

    const [caPem, key, cert] = await Promise.all([text('ca.pem'), text('localhost.key'), text('localhost.pem')])
    const listener = createServer({ ca: caPem, key, cert, requestCert: true }, (req, res) => {
      res.end(
        (req.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate().subject
          .CN,
      )
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const shown = { ca: caPem, key: await text('host-a.key'), cert: await text('host-a.pem') }
    const { port } = listener.address() as AddressInfo
    const [answer] = await once(get({ host: '127.0.0.1', port, agent: false, ...shown }), 'response')
    expect(String((await answer.toArray())[0])).toBe('host-a')
    listener.close()
  })

  test('openssl finds them good, each for its own end', async () => {
    const openssl = promisify(execFile)
    if ((await openssl('openssl', ['version']).catch(() => undefined)) === undefined) {
      return console.warn('skipped: no openssl here')
    }
    const verify = (purpose: string, file: string): Promise<string> =>
      openssl('openssl', ['verify', '-x509_strict', '-CAfile', 'ca.pem', '-purpose', purpose, file], { cwd }).then(
        ({ stdout }) => stdout,
        ({ stderr }: { stderr: string }) => stderr,
      )
    expect(await verify('sslclient', 'localhost.pem')).toMatch(
      /unsuitable certificate purpose|unsupported certificate purpose/,
    )
    expect(await verify('sslserver', 'localhost.pem')).toBe('localhost.pem: OK\n')
    expect(await verify('sslclient', 'host-a.pem')).toBe('host-a.pem: OK\n')
  })

  test('replaces nothing without --force, and is good no longer than its authority', async () => {
    const before = await readFile(join(cwd, 'ca.key'), 'utf8')
    const [again, longer, wrongKey, noAuthority] = await Promise.all([
      run('cert', 'ca'),
      run('cert', 'server', 'x.example', '--days', '9999'),
      run('cert', 'server', 'x.example', '--ca-key', 'host-a.key'),
      run('cert', 'server', 'x.example', '--ca', 'nothing.pem'),
    ])
    expect([again.code, longer.code, wrongKey.code, noAuthority.code]).toEqual([2, 2, 2, 2])
    expect(again.stderr).toContain('ca.pem is there already, and is left as it is: --force replaces it')
    expect(longer.stderr).toMatch(
      /9999 days are more than the authority itself is good for: say --days 36\d\d or fewer/,
    )
    expect(wrongKey.stderr).toContain('host-a.key is not the key of ca.pem')
    expect(noAuthority.stderr).toContain('there is no nothing.pem: make an authority with `logwisp cert ca`')
    await expect(stat(join(cwd, 'x.example.pem'))).rejects.toThrow('ENOENT')
    expect(await readFile(join(cwd, 'ca.key'), 'utf8')).toBe(before)
    expect((await run('cert', 'server', 'localhost', '--force')).code).toBe(0)
  })

  test('a name with a comma, or of a path, makes no other certificate and no file elsewhere', async () => {
    const [comma, path] = await Promise.all([run('cert', 'client', 'a,O=Admins'), run('cert', 'client', '../../etc/x')])
    expect(comma.code).toBe(2)
    expect(path.code).toBe(0)
    expect(path.stdout).toMatch(/^_.*etc_x\.pem {2}/)
  })
})

test('an authority made with RSA by openssl signs too', async () => {
  const openssl = (...words: string[]): Promise<unknown> => startProcess(['openssl', ...words], { cwd }).result
  await openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/O=Us/CN=RSA CA',
    '-days',
    '30',
    '-keyout',
    'rsa.key',
    '-out',
    'rsa.pem',
  )
  const { code, stderr } = await run(
    'cert',
    'server',
    'rsa.example',
    '--days',
    '10',
    '--ca',
    'rsa.pem',
    '--ca-key',
    'rsa.key',
  )
  expect(code, stderr).toBe(0)
  expect(
    await startProcess(['openssl', 'verify', '-CAfile', 'rsa.pem', 'rsa.example.pem'], { cwd }).result,
  ).toMatchObject({
    stdout: 'rsa.example.pem: OK\n',
  })
})
