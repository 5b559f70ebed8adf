/** The addresses and options of `tcpClientSink`, checked and with their defaults. */

import { hostname } from 'node:os'
import type { ConnectionOptions } from 'node:tls'
import { checkArgument, checkOptions, OptionError, type OptionRule, option } from '@logwisp/core'
import { withDefaults } from '@logwisp/core/with-defaults'
import type { TcpClientSinkOptions } from '../../tcp-client-sink.ts'
import { budgetRule } from '../budget-rule.ts'
import type { TcpAddress, TcpLinkSettings } from './tcp-link.ts'

const defaults = {
  protocol: 'logwisp',
  maxBufferEntries: 100_000,
  maxBufferBytes: 32 * 1024 * 1024,
  connectTimeoutMs: 10_000,
  writeTimeoutMs: 30_000,
  ackTimeoutMs: 30_000,
  keepAliveMs: 30_000,
  retryDelayMs: 200,
  maxRetryDelayMs: 30_000,
  failbackIntervalMs: 30_000,
  giveUpAfterMs: Infinity,
  drainTimeoutMs: 10_000,
} as const satisfies TcpClientSinkOptions

/** The longest time that Node's timers hold. */
const maxMs = 2 ** 31 - 1
const milliseconds = option.integer({ min: 1, max: maxMs })
const boundedOrNot = option.integer({ min: 1, max: maxMs, orInfinity: true })

const authRule: OptionRule = {
  expected: '{ token } or { user, password }, texts',
  isSecret: true,
  accepts: (value) => {
    if (typeof value !== 'object' || value === null) return false
    const names = Object.keys(value).sort().join()
    return (names === 'token' || names === 'password,user') && Object.values(value).every(option.text.accepts)
  },
}

const tlsNames: ReadonlySet<string> = new Set(['ca', 'cert', 'key', 'passphrase', 'servername'])

const tlsRule: OptionRule = {
  expected: 'true or an object of ca, cert, key, passphrase and servername',
  isSecret: true,
  accepts: (value) =>
    value === true ||
    (typeof value === 'object' && value !== null && Object.keys(value).every((name) => tlsNames.has(name))),
}

const rules: Readonly<Record<keyof TcpClientSinkOptions, OptionRule>> = {
  protocol: option.oneOf('logwisp', 'plain'),
  acknowledge: option.oneOf('peer', 'written'),
  format: option.either(option.oneOf('json', 'raw'), option.function),
  auth: authRule,
  name: option.text,
  tls: tlsRule,
  maxBufferEntries: option.integer({ min: 1 }),
  maxBufferBytes: option.integer({ min: 65_536 }),
  budget: budgetRule,
  connectTimeoutMs: milliseconds,
  writeTimeoutMs: boundedOrNot,
  ackTimeoutMs: option.integer({ min: 300, max: maxMs, orInfinity: true }),
  keepAliveMs: milliseconds,
  retryDelayMs: milliseconds,
  maxRetryDelayMs: milliseconds,
  failbackIntervalMs: milliseconds,
  giveUpAfterMs: boundedOrNot,
  drainTimeoutMs: boundedOrNot,
}

/** The options with their defaults. */
export type TcpClientSettings = Omit<TcpClientSinkOptions, keyof typeof defaults> & {
  readonly [Name in keyof typeof defaults]: NonNullable<TcpClientSinkOptions[Name]>
}

/** Checks addresses and options. */
export function tcpClientSettings(
  addresses: string | readonly string[],
  options: TcpClientSinkOptions,
): { places: TcpAddress[]; settings: TcpClientSettings; link: TcpLinkSettings } {
  const names = typeof addresses === 'string' ? [addresses] : addresses
  checkArgument('tcpClientSink', 'addresses', names, option.list(addressRule, 1))
  checkOptions('tcpClientSink', options, rules)
  const settings: TcpClientSettings = withDefaults(defaults, options)
  const { protocol, format, auth, name, tls } = settings
  const isLogwisp = protocol === 'logwisp'
  const { acknowledge = isLogwisp ? 'peer' : 'written' } = settings
  if (!isLogwisp && acknowledge === 'peer') refuse('acknowledge', "'written', since a plain peer acknowledges nothing")
  if (isLogwisp && format !== undefined) refuse('format', "omitted, or used with `protocol: 'plain'`")
  if (!isLogwisp && auth !== undefined) refuse('auth', "omitted, or used with `protocol: 'logwisp'`")
  const isTold = acknowledge === 'peer'
  const silenceMs = isTold ? settings.ackTimeoutMs : settings.writeTimeoutMs
  const heartbeatMs = isTold && silenceMs !== Infinity ? Math.floor(silenceMs / 3) : undefined
  const hello = { acknowledge: isTold, ...auth, name: name ?? hostname(), heartbeatMs }
  const link: TcpLinkSettings = {
    tls: tls === undefined ? undefined : ({ ...(tls === true ? {} : tls) } as ConnectionOptions),
    greeting: isLogwisp ? `LOGWISP/1 ${JSON.stringify(hello)}\n` : undefined,
    isTold,
    connectTimeoutMs: settings.connectTimeoutMs,
    keepAliveMs: settings.keepAliveMs,
    silenceMs,
    silenceName: isTold ? 'ackTimeoutMs' : 'writeTimeoutMs',
  }
  return { places: names.map(addressOf), settings, link }
}

function refuse(name: keyof TcpClientSinkOptions, expected: string): never {
  throw new OptionError('tcpClientSink', name, `\`${name}\` must be ${expected}`)
}

const addressForm = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/

const addressRule: OptionRule = {
  expected: "an address such as 'logs.example:9000' or '[::1]:9000'",
  accepts: (value) => {
    const port = typeof value === 'string' ? Number(addressForm.exec(value)?.[3]) : Number.NaN
    return port >= 1 && port <= 65_535
  },
}

function addressOf(name: string): TcpAddress {
  const [, ipv6, host, port] = addressForm.exec(name) as RegExpExecArray
  return { host: (ipv6 ?? host) as string, port: Number(port), name }
}
