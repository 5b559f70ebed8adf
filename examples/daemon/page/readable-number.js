/** Numbers as they are read at a glance. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** 12,345, and 1.2M from a million on. @param {number} value */
export function readableNumber(value) {
  return value < 1_000_000 ? whole.format(value) : short.format(value)
}

/** A rate: below ten with one digit after the point. @param {number | undefined} perSecond */
export function readableRate(perSecond) {
  if (perSecond === undefined) return '–/s'
  return `${perSecond > 0 && perSecond < 9.95 ? perSecond.toFixed(1) : readableNumber(Math.round(perSecond))}/s`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB']

/** @param {number} bytes */
export function readableBytes(bytes) {
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3))
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toPrecision(3)} ${units[power]}`
}

/** @param {number} seconds */
export function readableDuration(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`
}
