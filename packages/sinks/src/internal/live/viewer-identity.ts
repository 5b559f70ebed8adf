/** Who a viewer is, as far as its connection tells. */

import { addressFrom, type Identity } from '@logwisp/core/server'

/** Where somebody looks from, and under which name. */
export type ViewerIdentity = Partial<Pick<Identity, 'address' | 'name'>>

/** Somebody of whom nothing else was asked. */
export function addressOnly(remoteAddress: string | undefined): ViewerIdentity {
  const address = addressFrom(remoteAddress)
  return address === undefined ? {} : { address }
}
