/** The options of `tcpSource`, checked and with their defaults. */

import { type BlockOptions, checkOptions, type OptionRule, option } from '@logwisp/core'
import { withDefaults } from '@logwisp/core/with-defaults'
import type { TcpSourceOptions } from '../../tcp-source.ts'

const defaults = {
  host: '127.0.0.1',
  framing: 'lines',
  format: 'auto',
  whenInvalid: 'text',
  source: 'tcp',
  maxLineBytes: 1_048_576,
  whenLineTooLong: 'truncate',
  maxUnfinishedBytes: 64 * 1024 * 1024,
  maxConnections: 1000,
  idleTimeoutMs: Infinity,
  greetingTimeoutMs: 10_000,
  rememberedIds: 1_000_000,
  drainTimeoutMs: 5000,
} as const satisfies TcpSourceOptions

/** The longest time that Node's timers hold. */
const maxMs = 2 ** 31 - 1

const rules: Readonly<Record<keyof TcpSourceOptions, OptionRule>> = {
  port: option.integer({ min: 0, max: 65_535 }),
  host: option.text,
  access: option.having('an access control, made by accessControl()', 'connect', 'present'),
  tls: option.having('certificates, made by serverTls()', 'attach'),
  framing: option.oneOf('lines', 'octet-counted'),
  format: option.oneOf('auto', 'json', 'text'),
  whenInvalid: option.oneOf('text', 'drop'),
  source: option.either(option.text, option.function),
  zone: option.either(option.oneOf('local', 'utc'), option.integer({ min: -1080, max: 1080 })),
  maxLineBytes: option.integer({ min: 16, max: 268_435_456 }),
  whenLineTooLong: option.oneOf('truncate', 'skip', 'close'),
  maxUnfinishedBytes: option.integer({ min: 65_536 }),
  maxConnections: option.integer({ min: 1 }),
  idleTimeoutMs: option.integer({ min: 100, max: maxMs, orInfinity: true }),
  greetingTimeoutMs: option.integer({ min: 100, max: maxMs }),
  rememberedIds: option.integer({ min: 2, max: 100_000_000 }),
  drainTimeoutMs: option.integer({ min: 1, max: maxMs }),
}

/** The options with their defaults. */
export type TcpSourceSettings = Omit<TcpSourceOptions, keyof typeof defaults> & {
  readonly [Name in keyof typeof defaults]: NonNullable<TcpSourceOptions[Name]>
} & { readonly zone: BlockOptions['zone'] }

/** Checks them all. */
export function tcpSourceSettings(options: TcpSourceOptions): TcpSourceSettings {
  checkOptions('tcpSource', options, rules)
  return { zone: undefined, ...withDefaults(defaults, options) }
}
