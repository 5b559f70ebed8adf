/** What a stage that connects shows of itself. */

import type { SourceOf } from '../config/schema.ts'
import { refuse } from './stage-place.ts'

/** What `auth` of such a stage says. */
export type ClientAuthConfig = NonNullable<SourceOf<'sse'>['options']['auth']>

/** A token, or a user and a password. */
export type ShownProof = { readonly token: string } | { readonly user: string; readonly password: string }

/**
 * The proof that `auth` means; undefined for none.
 *
 * @throws LogwispError `BAD_OPTION` for half of one, or for two.
 */
export function shownProof(auth: ClientAuthConfig | undefined, place: string): ShownProof | undefined {
  const { token, username, password } = auth ?? {}
  if (token !== undefined) {
    if (username !== undefined || password !== undefined) {
      throw refuse(place, 'give either `token`, or `username` and `password`')
    }
    return { token: token.reveal() }
  }
  if (username === undefined && password === undefined) return undefined
  if (username === undefined || password === undefined) throw refuse(place, '`username` and `password` go together')
  return { user: username, password: password.reveal() }
}
