/**
 * What a file begins with, as far as it was known when somebody looked: a file keeps it across rename, copy and
 * compression, and grows past it. Works from the first byte on.
 */

import { createHash } from 'node:crypto'

/** How much of a file's beginning tells it from others. Headers that programs write at each start are mostly shorter. */
export const maxFingerprintBytes = 1024

/** A fingerprint as a checkpoint keeps it. */
export interface SavedFingerprint {
  /** How many bytes it covers. */
  readonly length: number
  /** Of those bytes. */
  readonly hash: string
}

/** The fingerprint of some bytes. */
export function fingerprintOf(bytes: Buffer): SavedFingerprint {
  return { length: bytes.length, hash: createHash('sha256').update(bytes).digest('base64url').slice(0, 22) }
}

/** Whether bytes at the same place of another file are, or begin with, what the fingerprint was taken of. */
export function fitsFingerprint(fingerprint: SavedFingerprint, bytes: Buffer): boolean {
  const { length, hash } = fingerprint
  return bytes.length >= length && fingerprintOf(bytes.subarray(0, length)).hash === hash
}
