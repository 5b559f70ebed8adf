/** Lists of addresses and networks, as the options `allow`, `deny` and `trustedProxies` have them. */

import { BlockList, isIP } from 'node:net'
import type { OptionRule } from '../options.ts'
import { addressFrom } from './address.ts'

/** A list that an address is on, or not. */
export interface AddressList {
  /** Whether this address, in the form of `addressFrom`, is on it. */
  has(address: string): boolean
}

/** Words for networks that everybody has. */
const namedNetworks: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', 'fc00::/7', 'fe80::/10'],
}

/** What an item of a list may be. */
export const addressRule: OptionRule = {
  expected: "an IPv4 or IPv6 address, a network such as '10.0.0.0/8' or 'fd00::/8', 'loopback' or 'private'",
  accepts: (value) => typeof value === 'string' && (Object.hasOwn(namedNetworks, value) || parse(value) !== undefined),
}

/** A list of what {@link addressRule} accepts. */
export function addressList(items: readonly string[]): AddressList {
  // One for each family: a BlockList compares IPv4 as if it were mapped, so `::/0` would have all of IPv4 in it.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const item of items.flatMap((name) => namedNetworks[name] ?? name)) {
    const { address, prefix, family } = parse(item) as Network
    lists[family].addSubnet(address, prefix, family)
  }
  return {
    has(address) {
      const family = families[isIP(address)]
      return family !== undefined && lists[family].check(address, family)
    },
  }
}

const families: Readonly<Record<number, 'ipv4' | 'ipv6'>> = { 4: 'ipv4', 6: 'ipv6' }

interface Network {
  readonly address: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

function parse(item: string): Network | undefined {
  const [written = '', bits, more] = item.split('/')
  const address = addressFrom(written)
  if (address === undefined || more !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined
  const size = isIP(written) === 4 ? 32 : 128
  const given = bits === undefined ? size : Number(bits)
  if (given > size) return undefined
  if (address.includes(':')) return { address, prefix: given, family: 'ipv6' }
  // An IPv4 network that is written as a mapped one: `::ffff:10.0.0.0/104`. Wider than /96 it has more than IPv4 in it.
  const prefix = given - (size - 32)
  return prefix < 0 ? undefined : { address, prefix, family: 'ipv4' }
}
