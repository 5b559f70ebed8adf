/** Two parts of a configuration that say the same have the same key. */

import { createHash } from 'node:crypto'
import { Secret } from '../config/secret.ts'

/** A text to compare by. Secrets are in it as hashes; functions are not in it. */
export function configKey(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, name: string, shown: unknown) {
    // `shown` is what a secret shows of itself: stars, whatever it is.
    const meant = this[name]
    return meant instanceof Secret ? createHash('sha256').update(meant.reveal()).digest('hex') : shown
  })
}
