import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type AccessControl, accessControl, hashToken, isRefusal, type Standing, standings } from '../../src/server.ts'

/** A request as far as it is looked at. */
function requestWith(authorization?: string): IncomingMessage {
  return { headers: { authorization }, socket: { remoteAddress: '127.0.0.1' } } as unknown as IncomingMessage
}

const tokens = { ours: 'ours-0123456789abcdef', theirs: 'theirs-0123456789abcdef', other: 'other-0123456789abcdef' }

const failures = { allowed: 2, firstDelayMs: 60_000 }

function knowing(token: string, more: object = {}): AccessControl {
  return accessControl({ tokens: { somebody: { hash: hashToken(token) } }, failures, ...more })
}

const rights = ({ may }: Standing): string[] =>
  (['ingest', 'stream', 'status'] as const).filter((right) => !isRefusal(may(right)))

describe('standings', () => {
  test('tell what whoever asks may do at each', async () => {
    const ours = knowing(tokens.ours)
    const open = accessControl()
    const half = knowing(tokens.other, { anonymous: ['stream'] })
    const nobody = await standings(requestWith(), [ours, open, half])
    expect(nobody.map(rights)).toEqual([[], ['ingest', 'stream', 'status'], ['stream']])
    expect(nobody.map(({ isKnown }) => isKnown)).toEqual([false, false, false])
    expect(nobody[0]?.may('status')).toMatchObject({ status: 401, challenge: 'Bearer realm="logwisp"' })
    const known = await standings(requestWith(`Bearer ${tokens.ours}`), [ours, open, half])
    // A wrong token gets less than none, as ever.
    expect(known.map(rights)).toEqual([['ingest', 'stream', 'status'], ['ingest', 'stream', 'status'], []])
    expect(known[0]?.may('status')).toMatchObject({ name: 'somebody', provedBy: 'token' })
  })

  test('what is good at one of them is no wrong guess at the others', async () => {
    const ours = knowing(tokens.ours)
    const theirs = knowing(tokens.theirs)
    for (let times = 0; times < 20; times++) await standings(requestWith(`Bearer ${tokens.ours}`), [ours, theirs])
    expect(await theirs.request(requestWith(`Bearer ${tokens.theirs}`), 'status')).toMatchObject({ name: 'somebody' })
    expect(theirs.stats.failingAddresses).toBeLessThanOrEqual(1)
  })

  test('what is good nowhere is a wrong guess everywhere', async () => {
    const ours = knowing(tokens.ours)
    const theirs = knowing(tokens.theirs)
    for (let times = 0; times < 3; times++) await standings(requestWith(`Bearer ${times}`), [ours, theirs])
    for (const [control, token] of [
      [ours, tokens.ours],
      [theirs, tokens.theirs],
    ] as const) {
      expect(await control.request(requestWith(`Bearer ${token}`), 'status')).toMatchObject({
        reason: 'too-many-failures',
      })
    }
  })

  test('forgive no guess that was made before', async () => {
    const ours = knowing(tokens.ours)
    const theirs = knowing(tokens.theirs)
    for (let times = 0; times < 3; times++) await theirs.request(requestWith(`Bearer ${times}`), 'status')
    for (let times = 0; times < 5; times++) await standings(requestWith(`Bearer ${tokens.ours}`), [ours, theirs])
    expect(await theirs.request(requestWith(`Bearer ${tokens.theirs}`), 'status')).toMatchObject({
      reason: 'too-many-failures',
    })
  })

  test('take from the request rates, and tell who is over them', async () => {
    const control = accessControl({ requestRate: { perAddress: { ratePerSecond: 0.001, burst: 2 } } })
    const reasons = []
    for (let times = 0; times < 3; times++) {
      const [standing] = await standings(requestWith(), [control])
      reasons.push(standing?.may('status'))
    }
    expect(reasons).toMatchObject([{ provedBy: 'none' }, { provedBy: 'none' }, { reason: 'too-many-requests' }])
  })
})
