/** The account of a source that others send to. */

import type { AccountingTracker, SourceAccount } from '@logwisp/core'

/** One account of all that was taken and has a way back; none as long as nothing had one. */
export function takenLedger({ account }: AccountingTracker): readonly SourceAccount[] {
  return Object.freeze(account.entries > 0 ? [account] : [])
}
