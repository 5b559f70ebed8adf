/** When a file is rotated, and what it is called then. Pure. */

/** When to rotate; `Infinity` is never. */
export interface RotationRules {
  readonly maxFileBytes: number
  readonly rotateEveryMs: number
}

/** What a file's name says of a rotated file. */
export interface RotatedName {
  /** The whole name, e.g. `app-20261121T100000.123Z-000001.log` or the same with `.gz`. */
  readonly fileName: string
  /** When it was rotated, in ms since the epoch. */
  readonly time: number
  /** Which one it was of those rotated at that time; 1 is the first. */
  readonly sequence: number
  /** Whether it is compressed. */
  readonly isCompressed: boolean
}

const stamp = /^-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})\.(\d{3})Z-(\d{6,})\.log(\.gz)?$/

/** Longer sequences would no longer sort by name. */
const maxSequence = 999_999

/** The name of the file that is being written. */
export function activeName(name: string): string {
  return `${name}.log`
}

/** Whether a sink of this name would write to a file that looks like a rotated one of another sink. */
export function looksRotated(name: string): boolean {
  return /-\d{8}T\d{6}\.\d{3}Z-\d{6,}$/.test(name)
}

/**
 * Reads the name of a rotated file of the sink called `name`; undefined for everything else: the file being written,
 * another program's files, and those of a sink whose name only begins with this one.
 */
export function parseRotatedName(name: string, fileName: string): RotatedName | undefined {
  if (!fileName.startsWith(name)) return undefined
  const parts = stamp.exec(fileName.slice(name.length))
  if (parts === null) return undefined
  const [, year, month, day, hours, minutes, seconds, ms, sequence, gz] = parts
  const time = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}.${ms}Z`)
  if (Number.isNaN(time)) return undefined
  return { fileName, time, sequence: Number(sequence), isCompressed: gz !== undefined }
}

/**
 * The name for a file rotated at `time`. Sorts after `last`, the latest one so far, even when the clock went back.
 */
export function nextRotatedName(name: string, time: number, last: RotatedName | undefined): RotatedName {
  let at = Math.floor(time)
  let sequence = 1
  if (last !== undefined && last.time >= at) {
    at = last.time
    sequence = last.sequence + 1
    if (sequence > maxSequence) {
      at++
      sequence = 1
    }
  }
  const compact = new Date(at).toISOString().replaceAll(/[-:]/g, '')
  const fileName = `${name}-${compact}-${String(sequence).padStart(6, '0')}.log`
  return { fileName, time: at, sequence, isCompressed: false }
}

/** Earlier first: by time, then by sequence. */
export function compareRotated(a: RotatedName, b: RotatedName): number {
  return a.time - b.time || a.sequence - b.sequence
}

/** Whether a period of `rotateEveryMs`, counted from the epoch, has ended between two times. */
export function isPeriodOver(rotateEveryMs: number, since: number, now: number): boolean {
  if (rotateEveryMs === Infinity) return false
  return Math.floor(now / rotateEveryMs) > Math.floor(since / rotateEveryMs)
}

/** How long it is until the period that `now` is in ends, in ms. */
export function untilPeriodEnds(rotateEveryMs: number, now: number): number {
  return rotateEveryMs === Infinity ? Infinity : rotateEveryMs - (now % rotateEveryMs)
}
