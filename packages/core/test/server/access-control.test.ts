import type { IncomingMessage } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type AccessControl,
  type AccessControlOptions,
  type AdmittedConnection,
  accessControl,
  hashToken,
  identityOf,
  isRefusal,
  type Right,
} from '../../src/server.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const token = 'a-token-of-some-length'
const tokens = { shipper: { hash: hashToken(token), rights: ['ingest'] } } as const

function requestFrom(address: string | undefined, headers: Record<string, string> = {}): IncomingMessage {
  return { socket: { remoteAddress: address }, headers } as unknown as IncomingMessage
}

async function reasonFor(access: AccessControl, req: IncomingMessage, right: Right = 'ingest'): Promise<string> {
  const answer = await access.request(req, right)
  return isRefusal(answer) ? `${answer.status} ${answer.reason}` : `${answer.provedBy} ${answer.name}`
}

function admitted(access: AccessControl, address: string): AdmittedConnection {
  const answer = access.connect(address)
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

describe('address lists', () => {
  test.each([
    [{}, '203.0.113.9', true],
    [{ allow: ['10.0.0.0/8'] }, '10.255.0.1', true],
    [{ allow: ['10.0.0.0/8'] }, '11.0.0.1', false],
    [{ allow: ['10.0.0.0/8'] }, '::ffff:10.1.2.3', true],
    [{ allow: ['10.0.0.0/8'] }, '::ffff:a01:203', true],
    [{ allow: ['10.0.0.0/8'] }, '::1', false],
    [{ allow: ['::ffff:10.0.0.0/104'] }, '10.1.2.3', true],
    [{ allow: ['10.0.0.0/8'], deny: ['10.0.0.7'] }, '10.0.0.7', false],
    [{ allow: ['10.0.0.0/8'], deny: ['10.0.0.7'] }, '::ffff:10.0.0.7', false],
    [{ deny: ['::/0'] }, '203.0.113.9', true],
    [{ deny: ['::/0'] }, '2001:db8::1', false],
    [{ deny: ['0.0.0.0/0'] }, '2001:db8::1', true],
    [{ deny: ['0.0.0.0/0'] }, '203.0.113.9', false],
    [{ allow: ['2001:db8::/32'] }, '2001:0DB8:0:0::1', true],
    [{ allow: ['loopback'] }, '127.0.0.53', true],
    [{ allow: ['loopback'] }, '::1', true],
    [{ allow: ['loopback'] }, '10.0.0.1', false],
    [{ allow: ['private'] }, '172.31.255.255', true],
    [{ allow: ['private'] }, 'fe80::1%eth0', true],
    [{ allow: ['private'] }, '172.32.0.1', false],
    [{ allow: ['10.0.0.0/8'] }, undefined, false],
    [{ deny: ['10.0.0.0/8'] }, undefined, true],
  ] satisfies [AccessControlOptions, string | undefined, boolean][])(
    '%j lets %s in: %s',
    async (options, address, in_) => {
      const access = accessControl(options)
      expect(await reasonFor(access, requestFrom(address))).toBe(in_ ? 'none undefined' : '403 address-denied')
      expect(isRefusal(access.connect(address))).toBe(!in_)
    },
  )

  test.each(['10.0.0.0/33', '10.0.0', 'example.org', '::1/129', '::ffff:10.0.0.0/64', '10.0.0.0/8/8', '10.0.0.0/', ''])(
    'what is no network is refused when the rules are made: %j',
    (item) => {
      expect(() => accessControl({ deny: [item] })).toThrow(/accessControl: `deny` must be an array of an IPv4 or IPv6/)
    },
  )
})

describe('connections', () => {
  test('W19: a refused connection makes no room for another one', () => {
    const access = accessControl({ maxConnectionsPerAddress: 2 })
    const open = [admitted(access, '192.0.2.1'), admitted(access, '192.0.2.1')]
    for (let n = 0; n < 6; n++) {
      expect(access.connect('192.0.2.1')).toMatchObject({ reason: 'too-many-connections', status: 429 })
    }
    expect(access.stats).toMatchObject({ connections: 2, admitted: 2, refused: { 'too-many-connections': 6 } })
    open[0]?.release()
    open[0]?.release()
    expect(access.stats.connections).toBe(1)
    admitted(access, '192.0.2.1')
    expect(isRefusal(access.connect('192.0.2.1'))).toBe(true)
    admitted(access, '192.0.2.2')
  })

  test('an IPv6 network of 64 bits is one address, since one host has all of it', () => {
    const access = accessControl({ maxConnectionsPerAddress: 1 })
    admitted(access, '2001:db8:0:1::1')
    expect(isRefusal(access.connect('2001:db8:0:1:ffff::2'))).toBe(true)
    admitted(access, '2001:db8:0:2::1')
  })

  test('the total is counted over all addresses', () => {
    const access = accessControl({ maxConnections: 2 })
    admitted(access, '192.0.2.1')
    admitted(access, '192.0.2.2')
    expect(access.connect('192.0.2.3')).toMatchObject({ reason: 'too-many-connections', status: 503 })
  })

  test('a trusted proxy has as many as it needs, since its clients share it', () => {
    const access = accessControl({
      allow: ['203.0.113.0/24'],
      trustedProxies: ['loopback'],
      maxConnectionsPerAddress: 1,
    })
    admitted(access, '127.0.0.1')
    admitted(access, '127.0.0.1')
  })

  test('new ones have a rate', () => {
    const access = accessControl({ connectionRate: { perAddress: { ratePerSecond: 1, burst: 2 } } })
    admitted(access, '192.0.2.1').release()
    admitted(access, '192.0.2.1').release()
    expect(access.connect('192.0.2.1')).toMatchObject({ reason: 'too-many-connections', retryAfterMs: 1000 })
    vi.advanceTimersByTime(1000)
    admitted(access, '192.0.2.1')
  })
})

describe('rates', () => {
  test('requests beyond the rate of an address are told when to come again', async () => {
    const access = accessControl({ requestRate: { perAddress: { ratePerSecond: 2, burst: 1 } } })
    expect(await reasonFor(access, requestFrom('192.0.2.1'))).toBe('none undefined')
    expect(await access.request(requestFrom('192.0.2.1'), 'stream')).toEqual({
      reason: 'too-many-requests',
      status: 429,
      message: 'too many requests from this address; slow down, and put more into each',
      retryAfterMs: 500,
    })
    expect(await reasonFor(access, requestFrom('192.0.2.2'))).toBe('none undefined')
    vi.advanceTimersByTime(500)
    expect(await reasonFor(access, requestFrom('192.0.2.1'))).toBe('none undefined')
  })

  test('those beyond the rate of all cost an address nothing of its own', async () => {
    const access = accessControl({
      requestRate: { perAddress: { ratePerSecond: 0.001, burst: 2 }, total: { ratePerSecond: 1, burst: 1 } },
    })
    expect(await reasonFor(access, requestFrom('192.0.2.1'))).toBe('none undefined')
    for (let n = 0; n < 5; n++) expect(await reasonFor(access, requestFrom('192.0.2.1'))).toBe('503 too-many-requests')
    vi.advanceTimersByTime(1000)
    expect(await reasonFor(access, requestFrom('192.0.2.1'))).toBe('none undefined')
  })

  test('entries that have come are paid for with time, by whoever sent them', async () => {
    const access = accessControl({ entryRate: { perAddress: { ratePerSecond: 100, burst: 100 } } })
    const one = { name: undefined, provedBy: 'none', address: '192.0.2.1' } as const
    expect(access.entries(one, 100)).toBe(0)
    expect(access.overEntryRate(one)).toBeUndefined()
    expect(access.entries(one, 150)).toBe(1500)
    expect(access.overEntryRate(one)).toMatchObject({ reason: 'too-many-entries', status: 429, retryAfterMs: 1500 })
    expect(access.overEntryRate({ ...one, address: '192.0.2.2' })).toBeUndefined()
    vi.advanceTimersByTime(1499)
    expect(access.overEntryRate(one)?.retryAfterMs).toBe(1)
    vi.advanceTimersByTime(1)
    expect(access.overEntryRate(one)).toBeUndefined()
    expect(access.entries(one, 1)).toBe(10)
  })

  test('all entries together have a rate, too', () => {
    const access = accessControl({ entryRate: { total: { ratePerSecond: 10 } } })
    const from = (address: string) => ({ name: undefined, provedBy: 'none', address }) as const
    expect(access.entries(from('192.0.2.1'), 10)).toBe(0)
    expect(access.entries(from('192.0.2.2'), 10)).toBe(1000)
    expect(access.overEntryRate(from('192.0.2.3'))?.retryAfterMs).toBe(1000)
  })

  test('a name has one of its own, from wherever it comes; who shows none counts by address', async () => {
    const access = accessControl({
      tokens,
      anonymous: ['ingest'],
      requestRate: { perName: { ratePerSecond: 0.001, burst: 1 } },
    })
    const authorization = `Bearer ${token}`
    expect(await reasonFor(access, requestFrom('10.0.0.1', { authorization }))).toBe('token shipper')
    expect(await reasonFor(access, requestFrom('10.0.0.2', { authorization }))).toBe('429 too-many-requests')
    expect(await reasonFor(access, requestFrom('10.0.0.1'))).toBe('none undefined')
    expect(await reasonFor(access, requestFrom('10.0.0.1'))).toBe('429 too-many-requests')
    expect(await reasonFor(access, requestFrom('10.0.0.3'))).toBe('none undefined')
  })

  test('entries of a name are paid for by that name', () => {
    const access = accessControl({ entryRate: { perName: { ratePerSecond: 10, burst: 10 } } })
    const ann = { name: 'ann', provedBy: 'token', address: '10.0.0.1' } as const
    expect(access.entries(ann, 20)).toBe(1000)
    expect(access.overEntryRate({ ...ann, address: '10.0.0.2' })).toMatchObject({ reason: 'too-many-entries' })
    expect(access.overEntryRate({ ...ann, name: 'ben' })).toBeUndefined()
  })

  test('names are remembered up to `maxAddresses`', async () => {
    const perName = { ratePerSecond: 0.001, burst: 1 }
    const access = accessControl({ requestRate: { perName }, maxAddresses: 16 })
    const from = (n: number): IncomingMessage => requestFrom(`10.0.0.${n}`)
    for (let n = 1; n <= 17; n++) expect(await reasonFor(access, from(n))).toBe('none undefined')
    expect(await reasonFor(access, from(17))).toBe('429 too-many-requests')
    // The first was forgotten for the seventeenth.
    expect(await reasonFor(access, from(1))).toBe('none undefined')
  })

  test('beyond one the answer says what `refusedRate` says, with when to come again', async () => {
    const access = accessControl({
      requestRate: { perAddress: { ratePerSecond: 0.5, burst: 1 } },
      refusedRate: { status: 420, message: 'Enhance your calm' },
    })
    await access.request(requestFrom('10.0.0.1'), 'stream')
    expect(await access.request(requestFrom('10.0.0.1'), 'stream')).toMatchObject({
      reason: 'too-many-requests',
      status: 420,
      message: 'Enhance your calm',
      retryAfterMs: 2000,
    })
    expect(() => accessControl({ refusedRate: { status: 200 } })).toThrow('`refusedRate.status` must be')
  })

  test('connections have none by name', () => {
    const perName = { ratePerSecond: 1 }
    expect(() => accessControl({ connectionRate: { perName } })).toThrow('`connectionRate.perName` is no option')
  })

  test('a bad rate is refused when the rules are made, and named whole', () => {
    const make = (requestRate: object) => () => accessControl({ requestRate })
    expect(make({ perAddress: { burst: 1 } })).toThrow(
      '`requestRate.perAddress.ratePerSecond` must be a number above 0',
    )
    expect(make({ perAddress: { ratePerSecond: 0 } })).toThrow('`requestRate.perAddress.ratePerSecond` must be')
    expect(make({ perClient: {} })).toThrow('`requestRate.perClient` is no option')
    expect(make({ total: 5 })).toThrow('`requestRate.total` must be an object, got 5 (number)')
  })
})

test('a challenge has the realm that is given, which cannot end it', async () => {
  const users = { ann: { hash: '$scrypt$ln=15,r=8,p=3$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA' } }
  const access = accessControl({ users, tokens, realm: 'The logs' })
  expect(await access.request(requestFrom('10.0.0.1'), 'stream')).toMatchObject({
    challenge: 'Basic realm="The logs", charset="UTF-8", Bearer realm="The logs"',
  })
  for (const realm of ['a"b', 'a\\', 'a\r\nb', '']) expect(() => accessControl({ realm })).toThrow('`realm` must be')
})

describe('tokens', () => {
  const bearer = (shown: string) => requestFrom('192.0.2.1', { authorization: `Bearer ${shown}` })

  test('the right one opens what it is good for', async () => {
    const access = accessControl({ tokens })
    const req = bearer(token)
    expect(await access.request(req, 'ingest')).toEqual({ name: 'shipper', provedBy: 'token', address: '192.0.2.1' })
    expect(identityOf(req)?.name).toBe('shipper')
    expect(await reasonFor(access, bearer(token), 'stream')).toBe('403 right-missing')
  })

  test.each(['wrong', '', `${token} `.repeat(2), token.toUpperCase()])(
    'a wrong one opens nothing: %j',
    async (shown) => {
      expect(await access401(bearer(shown))).toBe('Bearer realm="logwisp"')
    },
  )

  async function access401(req: IncomingMessage): Promise<string | undefined> {
    const answer = await accessControl({ tokens }).request(req, 'ingest')
    expect(answer).toMatchObject({ status: 401, reason: 'credentials-wrong' })
    expect(identityOf(req)).toBeUndefined()
    return isRefusal(answer) ? answer.challenge : undefined
  }

  test('without one nothing goes, but what anonymous ones may', async () => {
    const access = accessControl({ tokens, anonymous: ['status'] })
    expect(await reasonFor(access, requestFrom('192.0.2.1'), 'status')).toBe('none undefined')
    expect(await access.request(requestFrom('192.0.2.1'), 'stream')).toMatchObject({
      status: 401,
      reason: 'credentials-missing',
      message: 'credentials are needed to read the stream',
    })
  })

  test('rules that know nobody ignore what is shown: it is meant for somebody else', async () => {
    expect(await reasonFor(accessControl(), bearer('for the application'))).toBe('none undefined')
  })

  test('a peer of a line protocol shows it, too', async () => {
    const access = accessControl({ tokens })
    const socket = { remoteAddress: '::ffff:192.0.2.1' }
    expect(await access.present(socket, { token }, 'ingest')).toMatchObject({ name: 'shipper', address: '192.0.2.1' })
    expect(await access.present(socket, {}, 'ingest')).toMatchObject({ reason: 'credentials-missing' })
    expect(await access.present(socket, { token: 'x' }, 'ingest')).toMatchObject({ reason: 'credentials-wrong' })
  })

  test('what can be guessed is no token', () => {
    expect(() => hashToken('secret')).toThrow('`token` must be a random text of at least 16 characters')
    expect(() => accessControl({ tokens: { ci: { hash: token } } })).toThrow('`tokens.ci.hash` must be a token')
  })
})

describe('failures', () => {
  const guess = () => requestFrom('192.0.2.1', { authorization: 'Bearer guessed' })
  const know = () => requestFrom('192.0.2.1', { authorization: `Bearer ${token}` })

  test('after some the address waits, twice as long each time, and even what is right is not looked at', async () => {
    const access = accessControl({ tokens, failures: { allowed: 2, firstDelayMs: 1000, maxDelayMs: 3_600_000 } })
    for (let n = 0; n < 3; n++) expect(await reasonFor(access, guess())).toBe('401 credentials-wrong')
    for (const delayMs of [1000, 2000, 4000, 8000]) {
      expect(await access.request(know(), 'ingest')).toMatchObject({
        reason: 'too-many-failures',
        status: 429,
        retryAfterMs: delayMs,
      })
      expect(await reasonFor(access, requestFrom('192.0.2.2', { authorization: `Bearer ${token}` }))).toBe(
        'token shipper',
      )
      vi.advanceTimersByTime(delayMs)
      expect(await reasonFor(access, guess())).toBe('401 credentials-wrong')
    }
    vi.advanceTimersByTime(16_000)
    expect(await reasonFor(access, know())).toBe('token shipper')
    expect(access.stats.failingAddresses).toBe(1)
  })

  test('whoever guesses on as fast as it may gets hardly more than one guess in the longest wait', async () => {
    const access = accessControl({ tokens, failures: { allowed: 5, firstDelayMs: 10, maxDelayMs: 1000 } })
    let guesses = 0
    const longestWaits = 100
    for (const end = performance.now() + longestWaits * 1000; performance.now() < end; ) {
      const answer = await access.request(guess(), 'ingest')
      if (!isRefusal(answer)) throw new Error('the guess was right')
      if (answer.reason === 'credentials-wrong') guesses++
      else vi.advanceTimersByTime(answer.retryAfterMs ?? Number.NaN)
    }
    expect(guesses).toBeGreaterThan(longestWaits)
    expect(guesses).toBeLessThan(1.5 * longestWaits)
  })

  test('in time all is forgiven', async () => {
    const access = accessControl({ tokens, failures: { allowed: 1, firstDelayMs: 100, maxDelayMs: 1000 } })
    await access.request(guess(), 'ingest')
    await access.request(guess(), 'ingest')
    expect(await access.request(know(), 'ingest')).toMatchObject({ retryAfterMs: 100 })
    vi.advanceTimersByTime(2000)
    await access.request(guess(), 'ingest')
    expect(await reasonFor(access, know())).toBe('token shipper')
  })
})

describe('behind proxies', () => {
  const from = (peer: string, headers: Record<string, string>, options: AccessControlOptions = {}) =>
    accessControl({ trustedProxies: ['10.0.0.0/8', 'loopback'], ...options }).addressOf(requestFrom(peer, headers))

  test.each([
    ['203.0.113.9', '198.51.100.1', '203.0.113.9', 'a stranger tells what it likes'],
    ['10.0.0.1', '198.51.100.1', '198.51.100.1', 'a proxy is believed'],
    ['::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1', 'a proxy is believed in IPv6 dress'],
    ['10.0.0.1', '1.1.1.1, 198.51.100.1', '198.51.100.1', 'what the client wrote itself stands further left'],
    ['10.0.0.1', '1.1.1.1, 198.51.100.1, 10.0.0.2', '198.51.100.1', 'a chain of proxies'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3', 'a client within the trusted network'],
    ['10.0.0.1', 'unknown', '10.0.0.1', 'a proxy that does not tell'],
    ['10.0.0.1', '1.1.1.1, nonsense', '10.0.0.1', 'a proxy that tells nonsense'],
    ['10.0.0.1', '', '10.0.0.1', 'an empty header'],
    ['10.0.0.1', '198.51.100.1:4711', '198.51.100.1', 'with a port'],
    ['10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1', 'IPv6 with a port'],
    ['10.0.0.1', '::ffff:198.51.100.1', '198.51.100.1', 'IPv4 as IPv6'],
  ])('from %s with X-Forwarded-For %j it is %s: %s', (peer, header, expected) => {
    expect(from(peer, { 'x-forwarded-for': header })).toBe(expected)
  })

  test.each([
    ['for=198.51.100.1', '198.51.100.1'],
    ['for=1.1.1.1, For="[2001:db8::1]:4711";proto=https', '2001:db8::1'],
    ['proto=https;for=198.51.100.1;by=10.0.0.1, for=10.0.0.2', '198.51.100.1'],
    ['host="a,for=1.1.1.1;for=1.1.1.1";for=198.51.100.1', '198.51.100.1'],
    ['for=198.51.100.1;host="\\",for=1.1.1.1"', '198.51.100.1'],
    ['for=_hidden', '10.0.0.1'],
    ['for="198.51.100.1', '10.0.0.1'],
    ['proto=https', '10.0.0.1'],
  ])('with Forwarded %j it is %s', (header, expected) => {
    expect(from('10.0.0.1', { forwarded: header }, { forwardedHeader: 'forwarded' })).toBe(expected)
  })

  test('the header that the proxy does not write is not read: a client may have', () => {
    const both = { forwarded: 'for=1.1.1.1', 'x-forwarded-for': '198.51.100.1' }
    expect(from('10.0.0.1', both)).toBe('198.51.100.1')
    expect(from('10.0.0.1', both, { forwardedHeader: 'forwarded' })).toBe('1.1.1.1')
  })

  test('quotes that are not closed cost no more than any other header', () => {
    const started = process.hrtime.bigint()
    from('10.0.0.1', { forwarded: '"\\'.repeat(8000) }, { forwardedHeader: 'forwarded' })
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(50)
  })

  test('rules hold for the client, not for the proxy', async () => {
    const access = accessControl({ trustedProxies: ['10.0.0.1'], deny: ['198.51.100.0/24'] })
    const through = (client: string) => requestFrom('10.0.0.1', { 'x-forwarded-for': client })
    expect(await reasonFor(access, through('198.51.100.1'))).toBe('403 address-denied')
    expect(await reasonFor(access, through('203.0.113.1'))).toBe('none undefined')
  })
})
