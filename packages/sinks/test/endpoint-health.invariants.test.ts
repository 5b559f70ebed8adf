/**
 * The circuit breaker against a model: after a failure an endpoint is left alone for its pause, then asked by one attempt
 * only; an answer to a question from before the failure changes nothing; a success ends it.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EndpointChoice } from '../src/internal/http-client/endpoint-choice.ts'
import { type Attempt, EndpointHealth } from '../src/internal/http-client/endpoint-health.ts'

const limits = { minRetryDelayMs: 100, maxRetryDelayMs: 3000, maxRetryAfterMs: 10_000 }

type Action =
  | { readonly does: 'begin' | 'wait' | 'succeed' | 'cancel' | 'alive'; readonly n: number }
  | { readonly does: 'fail'; readonly n: number; readonly retryAfterMs: number | undefined }

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ does: fc.constantFrom('begin' as const, 'wait', 'succeed', 'cancel', 'alive'), n: fc.nat(4000) }),
  fc.record({
    does: fc.constant('fail' as const),
    n: fc.nat(4000),
    retryAfterMs: fc.option(fc.nat(20_000), { nil: undefined }),
  }),
)

/** What is expected, written down as plainly as can be. */
interface Model {
  failures: number
  pausedUntil: number
  prober: number | undefined
  /** Attempts under way, each with how many failures had been when it began. */
  readonly underWay: { readonly attempt: Attempt; readonly number: number; readonly failuresBefore: number }[]
  failuresEver: number
}

test('any order of attempts, answers and waiting is as the model says', () => {
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 60 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (actions, random) => {
        const health = new EndpointHealth(limits, () => random)
        const model: Model = { failures: 0, pausedUntil: 0, prober: undefined, underWay: [], failuresEver: 0 }
        let now = 0
        let number = 0
        for (const step of actions) {
          const isReady = model.failures === 0 || (model.prober === undefined && now >= model.pausedUntil)
          expect(health.readyAt <= now).toBe(isReady)
          expect(health.state).toBe(
            model.failures === 0 ? 'healthy' : model.prober === undefined ? 'failing' : 'probing',
          )
          if (step.does === 'wait') now += step.n
          if (step.does === 'begin' && isReady) {
            if (model.failures > 0) model.prober = number
            model.underWay.push({ attempt: health.begin(), number, failuresBefore: model.failuresEver })
            number++
          }
          if (step.does === 'wait' || step.does === 'begin' || model.underWay.length === 0) continue
          const [one] = model.underWay.splice(step.n % model.underWay.length, 1)
          if (one === undefined) continue
          const isCurrent = one.failuresBefore === model.failuresEver
          const isProbe = one.number === model.prober
          if (isProbe) model.prober = undefined
          if (step.does === 'succeed') {
            expect(health.succeeded(one.attempt)).toBe(isCurrent && model.failures > 0)
            if (isCurrent) model.failures = 0
          } else if (step.does === 'cancel') {
            health.cancelled(one.attempt)
          } else if (step.does === 'alive') {
            health.seenAlive(one.attempt, now)
            if (isProbe) model.pausedUntil = now
          } else if (step.does === 'fail') {
            const pause = health.failed(one.attempt, now, step.retryAfterMs)
            if (isCurrent) {
              model.failures++
              model.failuresEver++
              model.pausedUntil = now + random * Math.min(3000, 100 * 2 ** (model.failures - 1))
            }
            if (step.retryAfterMs !== undefined) {
              const asked = now + Math.min(step.retryAfterMs, 10_000) + random * 100
              model.pausedUntil = Math.max(model.pausedUntil, asked)
            }
            expect(pause).toBeCloseTo(Math.max(0, model.pausedUntil - now), 6)
            expect(pause).toBeLessThanOrEqual(10_100)
          }
        }
      },
    ),
    { seed: 20261121, numRuns: 2000 },
  )
})

test('pauses grow to their bound and no further, after however many failures', () => {
  const health = new EndpointHealth(limits, () => 1)
  const pauses = Array.from({ length: 2000 }, () => health.failed(health.begin(), 0))
  expect(pauses.slice(0, 7)).toEqual([100, 200, 400, 800, 1600, 3000, 3000])
  expect(new Set(pauses.slice(5))).toEqual(new Set([3000]))
})

describe('the choice', () => {
  const endpoints = (count: number): EndpointHealth[] =>
    Array.from({ length: count }, () => new EndpointHealth(limits, () => 1))
  const fail = (health: EndpointHealth, now = 0): void => void health.failed(health.begin(), now)

  test('failover is the first that is healthy, and the wait is for the first that comes back', () => {
    const [a, b] = endpoints(2) as [EndpointHealth, EndpointHealth]
    const choice = new EndpointChoice('failover', [a, b])
    expect(choice.choose(0)).toMatchObject({ use: 0 })
    fail(a)
    expect(choice.choose(0)).toEqual({ use: 1, at: 0, probe: undefined })
    fail(b, 50)
    expect(choice.choose(50)).toEqual({ use: undefined, at: 100, probe: undefined })
    expect(choice.readyAt).toBe(100)
    expect(choice.choose(100)).toMatchObject({ use: 0, probe: undefined })
  })

  test('while another works, one whose pause is over is found out about first, and then tried in earnest', () => {
    const [a, b] = endpoints(2) as [EndpointHealth, EndpointHealth]
    const choice = new EndpointChoice('failover', [a, b])
    fail(a)
    expect(choice.choose(200)).toEqual({ use: 1, at: 0, probe: 0 })
    const probe = a.begin()
    expect(choice.choose(200)).toEqual({ use: 1, at: 0, probe: undefined })
    a.seenAlive(probe, 210)
    choice.seenAlive(0)
    expect(choice.choose(210)).toMatchObject({ use: 0 })
    const attempt = a.begin()
    expect(choice.choose(210)).toMatchObject({ use: 1 })
    a.succeeded(attempt)
    expect(choice.choose(210)).toMatchObject({ use: 0 })
  })

  test('round-robin uses each in turn', () => {
    const all = endpoints(3)
    const choice = new EndpointChoice('round-robin', all)
    fail(all[1] as EndpointHealth)
    expect(Array.from({ length: 5 }, () => choice.choose(0).use)).toEqual([0, 2, 0, 2, 0])
  })
})
