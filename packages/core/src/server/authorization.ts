/** The `Authorization` header, as credentials. */

import type { Credentials } from './access.ts'

/** What the header shows; undefined when it is none of `Basic` and `Bearer`. */
export function credentialsFrom(header: string): Credentials | undefined {
  const space = header.indexOf(' ')
  const scheme = header.slice(0, Math.max(0, space)).toLowerCase()
  const rest = header.slice(space + 1).trim()
  if (scheme === 'bearer') return { token: rest }
  if (scheme !== 'basic') return undefined
  const pair = Buffer.from(rest, 'base64').toString()
  const colon = pair.indexOf(':')
  return colon === -1 ? undefined : { user: pair.slice(0, colon), password: pair.slice(colon + 1) }
}
