/** The client's address behind proxies, as far as they can be believed. */

import { addressFrom } from './address.ts'
import type { AddressList } from './address-list.ts'

/** The header that the proxies write. */
export type ForwardedHeader = 'x-forwarded-for' | 'forwarded'

/**
 * Goes from the connection's own address towards the client, as long as whoever tells the next address is a proxy
 * that is trusted. What stands further to the left anybody can have written.
 *
 * A trusted proxy that tells no address (`unknown`, a made-up name) is taken for the client itself.
 */
export function clientAddress(
  peer: string,
  header: string | undefined,
  kind: ForwardedHeader,
  isTrusted: AddressList,
): string {
  if (header === undefined || !isTrusted.has(peer)) return peer
  const hops = kind === 'forwarded' ? hopsOfForwarded(header) : header.split(',').map((hop) => hop.trim())
  let address = peer
  while (isTrusted.has(address)) {
    const told = hops.pop()
    const next = told === undefined ? undefined : addressFrom(withoutPort(told))
    if (next === undefined) break
    address = next
  }
  return address
}

/** The `for` of each element of a `Forwarded` header (RFC 7239); an empty text where there is none. */
function hopsOfForwarded(header: string): string[] {
  return splitUnquoted(header, ',').map((element) => {
    const pair = splitUnquoted(element, ';').find((part) => /^\s*for=/i.test(part)) ?? ''
    const value = pair.slice(pair.indexOf('=') + 1).trim()
    return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value
  })
}

/**
 * Splits where the separator is outside of quotes: a host name that a client made up must not pass for an element.
 * Not by a pattern, which takes quadratic time on quotes that are not closed.
 */
function splitUnquoted(text: string, separator: string): string[] {
  const parts: string[] = []
  let start = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '"') isQuoted = !isQuoted
    else if (char === '\\' && isQuoted) at++
    else if (char === separator && !isQuoted) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

/** `192.0.2.1:80`, `[2001:db8::1]:80` and `[2001:db8::1]` as addresses; all else as it is. */
function withoutPort(hop: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop
}
