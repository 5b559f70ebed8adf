import type { IncomingMessage } from 'node:http'
import { hash as bcryptHash, compare } from 'bcryptjs'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type AccessControl,
  type AccessControlOptions,
  accessControl,
  hashPassword,
  isRefusal,
  type PasswordVerifier,
} from '../../src/server.ts'

let hash: string
beforeAll(async () => {
  hash = await hashPassword('correct horse')
})
afterEach(() => {
  vi.useRealTimers()
})

function login(user: string, password: string, address = '192.0.2.1'): IncomingMessage {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  return { socket: { remoteAddress: address }, headers: { authorization } } as unknown as IncomingMessage
}

async function outcome(access: AccessControl, req: IncomingMessage): Promise<string> {
  const answer = await access.request(req, 'ingest')
  return isRefusal(answer) ? answer.reason : String(answer.name)
}

/** A kind of hash that is checked when the test says so. */
function slow(options: AccessControlOptions['passwords'] = {}) {
  const calls: { password: string; answer: (isRight: boolean) => void }[] = []
  const verify: PasswordVerifier = (password) =>
    new Promise<boolean>((resolve) => calls.push({ password, answer: resolve }))
  const users = { ann: { hash: '$slow$1' }, bob: { hash: '$slow$2' } }
  const access = accessControl({ users, passwords: { verifiers: { slow: verify }, ...options } })
  const answerNext = async (): Promise<void> => {
    await expect.poll(() => calls.length).toBeGreaterThan(0)
    const { password, answer } = calls.shift() as (typeof calls)[number]
    answer(password === 'right')
  }
  return { access, calls, answerNext }
}

describe('hashes', () => {
  test('are PHC strings, each with a salt of its own', async () => {
    expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(await hashPassword('correct horse')).not.toBe(hash)
    await expect(hashPassword('')).rejects.toThrow('`password` must be a non-empty string')
  })

  test('by others are understood: the third vector of RFC 7914', async () => {
    const derived =
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887'
    const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
    const salt = base64(Buffer.from('SodiumChloride'))
    const phc = `$scrypt$ln=14,r=8,p=1$${salt}$${base64(Buffer.from(derived, 'hex'))}`
    const access = accessControl({ users: { ann: { hash: phc } } })
    expect(await outcome(access, login('ann', 'pleaseletmein'))).toBe('ann')
    expect(await outcome(access, login('ann', 'pleaseletmeout'))).toBe('credentials-wrong')
  })

  test('are the same for the same letters, however they are written', async () => {
    const users = { ann: { hash: await hashPassword('Zo\u00eb') } }
    expect(await outcome(accessControl({ users }), login('ann', 'Zoe\u0308'))).toBe('ann')
  })

  test.each([
    ['$scrypt$ln=30,r=8,p=1$c29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf045w', 'more memory than a login may take'],
    ['$scrypt$ln=4,r=8,p=1$c29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf045w', 'too cheap'],
    ['$scrypt$ln=15,r=8,p=1$c29k$cCO9yzr9c0hGHAbNgf045w', 'too little salt'],
    ['$scrypt$ln=15,r=8,p=1$c29kaXVtQ2hsb3JpZGU$cCO9', 'too short'],
    ['$argon2id$v=19$m=65536,t=3,p=4$c29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf045w', 'a kind that nothing checks'],
    ['correct horse', 'no hash at all'],
  ])('are refused when the rules are made: %s (%s)', (bad) => {
    expect(() => accessControl({ users: { ann: { hash: bad } } })).toThrow(
      '`users.ann.hash` must be a hash by hashPassword',
    )
  })

  test('by bcrypt are refused with what to do, and taken once that is done', async () => {
    const users = { ann: { hash: await bcryptHash('correct horse', 4) }, bob: { hash } }
    expect(() => accessControl({ users })).toThrow('{ bcrypt: compare } with compare of bcryptjs')
    const access = accessControl({ users, passwords: { verifiers: { bcrypt: compare } } })
    expect(await outcome(access, login('ann', 'correct horse'))).toBe('ann')
    expect(await outcome(access, login('ann', 'wrong'))).toBe('credentials-wrong')
    expect(await outcome(access, login('bob', 'correct horse'))).toBe('bob')
  })
})

describe('checking', () => {
  test('an unknown user costs as much work as a known one', async () => {
    const { access, calls, answerNext } = slow()
    const known = outcome(access, login('ann', 'wrong'))
    await answerNext()
    expect(await known).toBe('credentials-wrong')
    const unknown = outcome(access, login('eve', 'right'))
    await expect.poll(() => calls).toHaveLength(1)
    await answerNext()
    expect(await unknown, 'a right password of somebody else opens nothing').toBe('credentials-wrong')
  })

  test('an unknown user takes as long as a known one', async () => {
    const access = accessControl({ users: { ann: { hash } }, failures: { allowed: 1000 } })
    const timeOf = async (user: string): Promise<number> => {
      const started = performance.now()
      await outcome(access, login(user, 'wrong'))
      return performance.now() - started
    }
    await timeOf('ann')
    const known: number[] = []
    const unknown: number[] = []
    for (let n = 0; n < 3; n++) {
      known.push(await timeOf('ann'))
      unknown.push(await timeOf('eve'))
    }
    // The least of each: whatever else the machine did comes on top.
    const ratio = Math.min(...unknown) / Math.min(...known)
    expect(ratio).toBeGreaterThan(0.3)
    expect(ratio).toBeLessThan(3)
  })

  test('a password that was right is not hashed again while it is used, and a wrong one always is', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { access, calls, answerNext } = slow({ rememberMs: 60_000 })
    const first = outcome(access, login('ann', 'right'))
    await answerNext()
    expect(await first).toBe('ann')
    for (let n = 0; n < 5; n++) {
      vi.advanceTimersByTime(59_000)
      expect(await outcome(access, login('ann', 'right', '192.0.2.77'))).toBe('ann')
    }
    const wrong = outcome(access, login('ann', 'wrong'))
    await answerNext()
    expect(await wrong).toBe('credentials-wrong')
    vi.advanceTimersByTime(61_000)
    const later = outcome(access, login('ann', 'right'))
    await expect.poll(() => calls).toHaveLength(1)
    await answerNext()
    expect(await later).toBe('ann')
  })

  test('nothing is remembered where nothing shall be', async () => {
    const { access, answerNext } = slow({ rememberMs: 0 })
    for (let n = 0; n < 3; n++) {
      const again = outcome(access, login('ann', 'right'))
      await answerNext()
      expect(await again).toBe('ann')
    }
  })

  test('no more than a few run at once, some wait, and beyond that it is a 503', async () => {
    const { access, calls, answerNext } = slow({ maxChecks: 2, maxWaiting: 3 })
    const logins = Array.from({ length: 10 }, (_, n) => access.request(login('ann', `${n}`, `192.0.2.${n}`), 'ingest'))
    const refused = await Promise.all(logins.slice(5))
    for (const answer of refused) {
      expect(answer).toMatchObject({ reason: 'credentials-unchecked', status: 503, retryAfterMs: 2000 })
    }
    expect(calls).toHaveLength(2)
    for (let n = 0; n < 5; n++) await answerNext()
    for (const answer of await Promise.all(logins.slice(0, 5))) {
      expect(answer).toMatchObject({ reason: 'credentials-wrong' })
    }
    expect(calls).toHaveLength(0)
    const next = outcome(access, login('ann', 'right'))
    await answerNext()
    expect(await next).toBe('ann')
  })

  test('a client that begins with many requests at once is one login', async () => {
    const { access, calls, answerNext } = slow({ maxChecks: 1, maxWaiting: 0 })
    const requests = Array.from({ length: 50 }, () => outcome(access, login('ann', 'right')))
    await answerNext()
    expect(new Set(await Promise.all(requests))).toEqual(new Set(['ann']))
    expect(calls).toHaveLength(0)
  })

  test('guesses that are sent all at once are looked at no more than others', async () => {
    let looked = 0
    const verify: PasswordVerifier = async () => {
      looked++
      return false
    }
    const access = accessControl({
      users: { ann: { hash: '$slow$1' } },
      passwords: { verifiers: { slow: verify }, maxChecks: 2 },
      failures: { allowed: 5 },
    })
    const guesses = Array.from({ length: 60 }, (_, n) => outcome(access, login('ann', `${n}`)))
    const answers = await Promise.all(guesses)
    // The sixth failure blocks; what runs beside it has begun already.
    expect(looked).toBeLessThanOrEqual(5 + 2)
    expect(answers.filter((reason) => reason === 'too-many-failures')).toHaveLength(60 - looked)
  })

  test('a verifier that throws is a warning and a 503, and holds nobody up', async () => {
    const verify: PasswordVerifier = () => {
      throw new Error('no such library')
    }
    const users = { ann: { hash: '$slow$1' } }
    const access = accessControl({ users, passwords: { verifiers: { slow: verify }, maxChecks: 1 } })
    const warnings: unknown[] = []
    access.on('warning', (error) => warnings.push(error))
    for (let n = 0; n < 5; n++) expect(await outcome(access, login('ann', `${n}`))).toBe('credentials-unchecked')
    expect(warnings).toEqual([expect.objectContaining({ code: 'ACCESS_UNCHECKED' })])
    expect(access.stats.failingAddresses).toBe(0)
  })
})
