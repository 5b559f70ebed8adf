/** Which rotated files to remove. Pure. */

/** A rotated file as the directory shows it. */
export interface RotatedFile {
  readonly fileName: string
  readonly bytes: number
  /** When it was last written to, in ms since the epoch. */
  readonly lastWrite: number
}

/** What to keep; `Infinity` is everything. */
export interface RetentionRules {
  /** All rotated files together, in bytes. */
  readonly maxRotatedBytes: number
  /** How long after a file was last written to, in ms. */
  readonly maxAgeMs: number
}

/** What to do now, and when to look again. */
export interface RetentionDecision {
  readonly remove: readonly RotatedFile[]
  /** When the next file gets too old, in ms since the epoch; `Infinity`: none will. */
  readonly nextExpiry: number
}

/**
 * Decides on the rotated files of one sink, given from the oldest to the newest.
 *
 * What is too old goes, wherever it stands. For space the oldest go first, and never one while an older one stays:
 * what is kept is the end of the log, without a gap.
 */
export function decideRetention(
  files: readonly RotatedFile[],
  { maxRotatedBytes, maxAgeMs }: RetentionRules,
  now: number,
): RetentionDecision {
  const remove = new Set<RotatedFile>()
  let nextExpiry = Infinity
  for (const file of files) {
    const expiry = file.lastWrite + maxAgeMs
    if (expiry <= now) remove.add(file)
  }
  let kept = 0
  let isFull = false
  for (const file of files.toReversed()) {
    if (remove.has(file)) continue
    kept += file.bytes
    isFull ||= kept > maxRotatedBytes
    if (isFull) remove.add(file)
    else nextExpiry = Math.min(nextExpiry, file.lastWrite + maxAgeMs)
  }
  return { remove: files.filter((file) => remove.has(file)), nextExpiry }
}
