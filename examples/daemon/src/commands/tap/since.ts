/** `--since`: a time as people say it. */

import { UsageError } from '../usage-error.ts'

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * `90s`, `15m`, `2h`, `1d` before now; a time in ISO 8601, here where it names no zone; or a time of today, `12:30`.
 *
 * @returns ms since the epoch
 */
export function sinceTime(text: string, now: number): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? []
  if (amount !== undefined) return now - Number(amount) * (unitMs[unit as string] as number)
  const [, hours, minutes, seconds = '0'] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text) ?? []
  if (hours !== undefined && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60) {
    return new Date(now).setHours(Number(hours), Number(minutes), Number(seconds), 0)
  }
  // A date alone would be taken for UTC.
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00`) : Date.parse(text)
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time)) return time
  throw new UsageError(`--since must be like 90s, 15m, 2h, 1d, 12:30 or 2026-01-31T12:00, got \`${text}\``)
}
