/** `logwisp run`: from a configuration to an exit code. */

import type { Invocation } from './invocation.ts'

/** Runs until it is stopped, or with `once` until all that is there was delivered; resolves with the exit code. */
export async function run(_invocation: Invocation, _options: { readonly once: boolean }): Promise<number> {
  throw new Error('not yet')
}
