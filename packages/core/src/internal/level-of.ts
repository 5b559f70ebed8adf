/** The level that a word or a number of some other program means. */

import type { LogLevel } from '../entry.ts'

/**
 * Lower-case words. `verbose` stands above debug for some libraries (winston) and below it for others (Serilog, Android):
 * taken as debug, so that a filter for debug keeps it. The tens are pino's and bunyan's, sent as text by some shippers.
 */
const words: ReadonlyMap<string, LogLevel> = new Map<string, LogLevel>(
  Object.entries({
    trace: ['trc', 'trce', 'trac', 't', 'vrb', 'v', 'silly', 'finest', 'finer', '10'],
    debug: ['dbg', 'dbug', 'debu', 'd', 'verbose', 'fine', 'config', '20'],
    info: ['inf', 'i', 'information', 'informational', 'notice', 'note', 'n', 'log', 'system', 'success', '30'],
    warn: ['wrn', 'w', 'warning', '40'],
    error: ['err', 'erro', 'eror', 'e', 'severe', 'failure', 'fail', '50'],
    fatal: [
      'ftl',
      'fata',
      'f',
      'critical',
      'crit',
      'c',
      'panic',
      'pani',
      'pnc',
      'dpanic',
      'alert',
      'emerg',
      'emergency',
      '60',
    ],
  }).flatMap(([level, aliases]) => [level, ...aliases].map((word): [string, LogLevel] => [word, level as LogLevel])),
)

/** pino's numbers by their tens; a custom level such as 35 counts as the one below it. */
const tens: readonly (LogLevel | undefined)[] = [undefined, 'trace', 'debug', 'info', 'warn', 'error', 'fatal']

/** Longer than any word above; spares lower-casing a text that cannot be one. */
const maxWordLength = 32

/**
 * The level that `value` means, or `undefined` when it means none.
 *
 * A text: one of the six levels or a usual alias (`WARNING`, `err`, `Critical`, `notice`, …), in any case, blanks around it
 * ignored. A number: pino's and bunyan's, 10 (`trace`) to 69 (`fatal`), tens floored. Other numbers mean nothing here,
 * since syslog, GELF and OpenTelemetry each count differently.
 */
export function levelOf(value: unknown): LogLevel | undefined {
  if (typeof value === 'string') {
    return words.get(value) ?? (value.length <= maxWordLength ? words.get(value.trim().toLowerCase()) : undefined)
  }
  return typeof value === 'number' ? tens[Math.floor(value / 10)] : undefined
}
