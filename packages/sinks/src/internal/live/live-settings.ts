/** Options of the sinks for live viewers: checked, and with their defaults. */

import { checkOptions, type OptionRule, option } from '@logwisp/core'
import type { WithDefaults } from '@logwisp/core/with-defaults'
import type { HeartbeatOptions, LiveSinkOptions } from '../../live-sink.ts'
import { budgetRule } from '../budget-rule.ts'

/** The rules of the options that all have. */
export const liveRules: Readonly<Record<keyof LiveSinkOptions, OptionRule>> = {
  port: option.integer({ min: 0, max: 65_535 }),
  host: option.text,
  access: option.having('what accessControl() returns', 'connect', 'request', 'present', 'addressOf'),
  tls: option.having('what serverTls() returns', 'attach'),
  ringEntries: option.integer({ min: 1 }),
  ringBytes: option.integer({ min: 65_536 }),
  budget: budgetRule,
  maxViewers: option.integer({ min: 1 }),
  maxViewersPerAddress: option.integer({ min: 1, orInfinity: true }),
  whenFull: option.oneOf('drop-oldest', 'drop-all', 'cut-off'),
  stuckTimeoutMs: option.integer({ min: 100, orInfinity: true }),
  idleTimeoutMs: option.integer({ min: 100, orInfinity: true }),
  drainTimeoutMs: option.integer({ min: 1, orInfinity: true }),
}

/** The defaults of the options that all have. */
export const liveDefaults = {
  host: '127.0.0.1',
  ringEntries: 100_000,
  ringBytes: 16 * 1024 * 1024,
  maxViewers: 100,
  maxViewersPerAddress: Infinity,
  whenFull: 'drop-oldest',
  stuckTimeoutMs: 30_000,
  idleTimeoutMs: Infinity,
  drainTimeoutMs: 5000,
} as const satisfies LiveSinkOptions

/** The settings that a live sink runs with, whatever its protocol. */
export type LiveSettings = WithDefaults<LiveSinkOptions, typeof liveDefaults>

/** A heartbeat with its defaults. */
export type HeartbeatSettings<Forms extends string = string> = Required<{
  readonly [Name in keyof HeartbeatOptions<Forms>]: NonNullable<HeartbeatOptions<Forms>[Name]>
}>

/** The time, when a heartbeat tells it. */
export function heartbeatTime({ includeTime }: HeartbeatSettings): { readonly time?: string } {
  return includeTime ? { time: new Date().toISOString() } : {}
}

/** The rule of the option `heartbeat`; its inner ones are those of {@link settleHeartbeat}. */
export const heartbeatRule: OptionRule = {
  expected: 'an object such as { intervalMs: 15000 }',
  accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
}

/** Checks `heartbeat`, whose forms are these, the first the default. */
export function settleHeartbeat<Forms extends string>(
  stage: string,
  given: HeartbeatOptions<Forms> | undefined,
  forms: readonly [Forms, ...Forms[]],
): HeartbeatSettings<Forms> {
  const named = Object.fromEntries(Object.entries(given ?? {}).map(([name, value]) => [`heartbeat.${name}`, value]))
  checkOptions(stage, named, {
    'heartbeat.format': option.oneOf(...forms),
    'heartbeat.intervalMs': option.integer({ min: 100, orInfinity: true }),
    'heartbeat.includeTime': option.boolean,
    'heartbeat.includeStats': option.boolean,
  })
  const { format = forms[0], intervalMs = 15_000, includeStats = false } = given ?? {}
  const { includeTime = format === 'event' } = given ?? {}
  return { format, intervalMs, includeTime, includeStats }
}

/** The rule of `allowedHosts`. */
export const allowedHostsRule: OptionRule = option.either(option.oneOf('any'), option.list(option.text, 1))

/** The rule of `allowOrigin`. */
export const allowOriginRule: OptionRule = option.either(option.text, option.list(option.text, 1))

/** The rule of a path to answer. */
export const pathRule: OptionRule = {
  expected: "a path that begins with '/', without '?', '#' and spaces",
  accepts: (value) => typeof value === 'string' && /^\/[^?#\s]*$/.test(value),
}

/** The rule of `format`. */
export const formatRule: OptionRule = option.either(option.oneOf('json', 'raw'), option.function)
