/** The options of a store, checked and with their defaults. */

import { checkOptions, OptionError, type OptionRule, option, type WithDefaults, withDefaults } from '@logwisp/core'
import type { Retention, StoreOptions } from '../open-store.ts'

const defaults = {
  readOnly: false,
  fullText: true,
  safeAfter: 'fsync',
  readers: 2,
  maxWaitingQueries: 64,
  maxWaitingBytes: 33_554_432,
} as const satisfies StoreOptions

const retentionDefaults = { maxAgeMs: Infinity, maxEntries: Infinity, maxBytes: Infinity } as const satisfies Retention

const retentionRules: Readonly<Record<keyof Retention, OptionRule>> = {
  maxAgeMs: option.integer({ min: 1_000, orInfinity: true }),
  maxEntries: option.integer({ min: 1, orInfinity: true }),
  maxBytes: option.integer({ min: 1_048_576, orInfinity: true }),
}

const rules: Readonly<Record<keyof StoreOptions, OptionRule>> = {
  readOnly: option.boolean,
  retention: { expected: 'an object', accepts: (value) => typeof value === 'object' && value !== null },
  fullText: option.boolean,
  safeAfter: option.oneOf('commit', 'fsync'),
  readers: option.integer({ min: 1, max: 64 }),
  maxWaitingQueries: option.integer({ min: 0, orInfinity: true }),
  maxWaitingBytes: option.integer({ min: 1, orInfinity: true }),
}

/** The path of a database: SQLite's package leaves out blanks at its ends, so that it would be another file than is meant. */
export const databasePath: OptionRule = {
  expected: 'a path, without blanks at its end',
  accepts: (value) => typeof value === 'string' && value !== '' && value === value.trimEnd(),
}

export type StoreSettings = WithDefaults<Omit<StoreOptions, 'retention'>, typeof defaults> & {
  readonly retention: WithDefaults<Retention, typeof retentionDefaults>
}

/** @throws OptionError `BAD_OPTION` naming the option. */
export function storeSettings(stage: string, options: StoreOptions | undefined): StoreSettings {
  checkOptions(stage, options, rules)
  checkOptions(stage, options?.retention, retentionRules)
  const settings = withDefaults(defaults, options)
  if (settings.readOnly && options?.retention !== undefined) {
    throw new OptionError(stage, 'retention', '`retention` has no meaning with `readOnly`: leave one of them out')
  }
  return { ...settings, retention: withDefaults(retentionDefaults, options?.retention) }
}
