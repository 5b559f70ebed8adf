/** Addresses of clients: one form for each, and the network that a limit holds for. */

import { isIP } from 'node:net'

/** For a connection that has gone already, or that came by a Unix socket: it is on no list. */
export const unknownAddress = 'unknown'

/**
 * An address in the form that all rules compare: IPv4 that came in IPv6's dress (`::ffff:192.0.2.1`, as a server on
 * `::` sees it) is IPv4, and an interface's name behind a `%` is left out. Undefined for what is no address.
 */
export function addressFrom(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const kind = isIP(text)
  if (kind === 4) return text
  if (kind === 0) return undefined
  const zone = text.indexOf('%')
  const address = (zone === -1 ? text : text.slice(0, zone)).toLowerCase()
  return mappedIPv4(address) ?? address
}

/**
 * What limits count by: an IPv4 address, or the /64 that an IPv6 address is in, since whoever has one address of it
 * has all 2^64.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const groups = groupsOf(address)
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}

/** The IPv4 address within an IPv6 one of `::ffff:0:0/96`. */
function mappedIPv4(address: string): string | undefined {
  if (!address.includes('ffff:')) return undefined
  const groups = groupsOf(address)
  if (groups[5] !== 0xffff || groups.slice(0, 5).some((group) => group !== 0)) return undefined
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.')
}

/** The eight groups of an IPv6 address that `isIP` has found to be one. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const first = partsOf(head)
  if (tail === undefined) return first
  const last = partsOf(tail)
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last]
}

function partsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
    return [(a << 8) | b, (c << 8) | d]
  })
}
