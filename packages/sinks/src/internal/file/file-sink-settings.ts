/** The options of `fileSink`: their defaults, and what is refused. */

import { checkArgument, checkOptions, OptionError, option } from '@logwisp/core'
import { withDefaults } from '@logwisp/core/with-defaults'
import type { FileSinkOptions } from '../../file-sink.ts'
import { looksRotated } from './rotation.ts'

/** The options with every default filled in; only `compress` is off by being absent. */
export type FileSinkSettings = {
  readonly [Name in Exclude<keyof FileSinkOptions, 'compress'>]-?: Exclude<FileSinkOptions[Name], undefined>
} & { readonly compress: 'gzip' | undefined }

const defaults = {
  format: 'raw',
  maxFileBytes: Infinity,
  rotateEveryMs: Infinity,
  maxTotalBytes: Infinity,
  maxAgeMs: Infinity,
  minFreeBytes: 0,
  compress: undefined,
  fsync: 'never',
  fsyncIntervalMs: 1000,
  checkIntervalMs: 250,
  retryDelayMs: 1000,
} as const satisfies Omit<FileSinkOptions, 'name'>

const rules = {
  name: {
    expected: 'a file name without directories, and not like that of a rotated file',
    accepts: (value: unknown) => typeof value === 'string' && /^[^/\\\0]+$/.test(value) && !looksRotated(value),
  },
  format: option.either(option.oneOf('raw', 'json'), option.function),
  maxFileBytes: option.integer({ min: 1, orInfinity: true }),
  rotateEveryMs: option.integer({ min: 1000, orInfinity: true }),
  maxTotalBytes: option.integer({ min: 1, orInfinity: true }),
  maxAgeMs: option.integer({ min: 1000, orInfinity: true }),
  minFreeBytes: option.integer({ min: 0 }),
  compress: option.oneOf('gzip'),
  fsync: option.oneOf('never', 'interval', 'always'),
  fsyncIntervalMs: option.integer({ min: 1, max: 3_600_000 }),
  checkIntervalMs: option.integer({ min: 0 }),
  retryDelayMs: option.integer({ min: 1, max: 3_600_000 }),
}

/**
 * Checks the arguments of `fileSink` and fills in the defaults.
 *
 * @throws OptionError `BAD_OPTION`.
 */
export function fileSinkSettings(directory: string, options: FileSinkOptions): FileSinkSettings {
  checkArgument('fileSink', 'directory', directory, option.text)
  checkOptions('fileSink', options, rules)
  checkArgument('fileSink', 'name', options?.name, rules.name)
  const settings: FileSinkSettings = withDefaults(defaults, options)
  const { maxFileBytes, rotateEveryMs, maxTotalBytes, maxAgeMs, compress } = settings
  const rotates = maxFileBytes !== Infinity || rotateEveryMs !== Infinity
  for (const [name, value] of Object.entries({ maxTotalBytes, maxAgeMs, compress: compress ?? Infinity })) {
    if (value === Infinity || rotates) continue
    throw new OptionError(
      'fileSink',
      name,
      `\`${name}\` is about rotated files: give \`maxFileBytes\` or \`rotateEveryMs\` too`,
    )
  }
  if (maxFileBytes !== Infinity && maxTotalBytes < maxFileBytes) {
    const message = `\`maxTotalBytes\` must be at least \`maxFileBytes\` (${maxFileBytes}), got ${maxTotalBytes}`
    throw new OptionError('fileSink', 'maxTotalBytes', message)
  }
  return settings
}
