/** Who may use a server: `auth` and `net_limit` of the configuration, as access control. */

import { type AccessControlOptions, accessControl, type Rates } from '@logwisp/core/server'
import type { AuthConfig, SourceOf } from '../config/schema.ts'
import type { Endpoint, PortHost } from '../http/port-host.ts'
import { configKey } from './config-key.ts'
import { credentialsFor } from './credentials.ts'
import { inPlace } from './stage-place.ts'

/** What `net_limit` of a stage that listens says. */
export type NetLimitConfig = SourceOf<'http'>['options']['net_limit']

/** What is asked about access. */
export interface AccessRequest {
  readonly auth: AuthConfig
  readonly net_limit: NetLimitConfig
  readonly protocol: Endpoint['protocol']
  /** The pipeline's name: what it shares among its stages is shared with no other. Undefined: the daemon's own server. */
  readonly pipeline: string | undefined
  /** Whose servers they are: what is shared lasts no longer. */
  readonly ports: PortHost
  /** Where in the configuration `auth` and `net_limit` stand, for errors. */
  readonly place: string
}

type Access = ReturnType<typeof accessControl>

/** Who may use one stage. */
export interface StageAccess {
  /** For the stage and its mount; undefined when everybody may who reaches the port. */
  readonly access: Access | undefined
  /** For the port: how many may connect, and to a TCP port from where and how often. */
  readonly connections: Endpoint['connections']
  /** Forgets what was counted, once every stage that shares it has let go. */
  release(): void
}

/** By daemon, and then by pipeline and rules. */
const shared = new WeakMap<PortHost, Map<string, { readonly access: Access; uses: number }>>()

/**
 * The rules for one stage. Stages of a pipeline whose rules are the same share one object, and so their limits.
 *
 * @throws LogwispError `BAD_OPTION` with the place in the configuration; `PACKAGE_MISSING`.
 */
export async function accessFor(request: AccessRequest): Promise<StageAccess> {
  const options = stageRules(request)
  const connections = portRules(request)
  if (Object.keys(options).length === 0) return { access: undefined, connections, release: () => {} }
  const known = shared.get(request.ports) ?? new Map<string, { readonly access: Access; uses: number }>()
  shared.set(request.ports, known)
  const key = configKey([request.pipeline, options])
  const found = known.get(key) ?? { access: inPlace(request.place, () => accessControl(options)), uses: 0 }
  await found.access.ready?.()
  known.set(key, found)
  found.uses++
  let held = true
  return {
    access: found.access,
    connections,
    release: () => {
      if (!held) return
      held = false
      found.uses--
      if (found.uses === 0) known.delete(key)
    },
  }
}

/** What is asked about each request or login; nothing when nothing has to be. */
function stageRules({ auth, net_limit, protocol, place }: AccessRequest): AccessControlOptions {
  const entryRate = net_limit.enabled ? ratesOf(net_limit, net_limit.entries_per_second) : undefined
  const credentials = { ...credentialsFor(auth, place), ...(entryRate !== undefined && { entryRate }) }
  // A TCP port asks about addresses and rates when somebody connects.
  if (protocol === 'tcp') return Object.keys(credentials).length === 0 ? {} : { ...credentials, ...addressRules(auth) }
  const requestRate = net_limit.enabled ? requestRates(net_limit) : undefined
  return {
    ...credentials,
    ...addressRules(auth),
    ...(requestRate !== undefined && { requestRate, refusedRate: refusedRate(net_limit) }),
  }
}

function portRules({ auth, net_limit, protocol, place }: AccessRequest): Endpoint['connections'] {
  const { enabled, max_connections_per_ip, max_total_connections } = net_limit
  const bounds: AccessControlOptions = {
    ...(enabled && max_connections_per_ip > 0 && { maxConnectionsPerAddress: max_connections_per_ip }),
    ...(enabled && max_total_connections > 0 && { maxConnections: max_total_connections }),
  }
  const connectionRate = enabled && protocol === 'tcp' ? requestRates(net_limit) : undefined
  const atTheDoor = protocol === 'tcp' ? addressRules(auth) : {}
  const options: AccessControlOptions = { ...bounds, ...atTheDoor, ...(connectionRate && { connectionRate }) }
  if (Object.keys(options).length === 0) return undefined
  // Connections of trusted proxies are those of many.
  if (auth.trusted_proxies.length > 0) Object.assign(options, { trustedProxies: auth.trusted_proxies })
  return { key: configKey(options), make: () => inPlace(place, () => accessControl(options)) }
}

function addressRules(auth: AuthConfig): AccessControlOptions {
  const { ip_whitelist, ip_blacklist, trusted_proxies, forwarded_header } = auth
  return {
    ...(ip_whitelist.length > 0 && { allow: ip_whitelist }),
    ...(ip_blacklist.length > 0 && { deny: ip_blacklist }),
    ...(trusted_proxies.length > 0 && { trustedProxies: trusted_proxies, forwardedHeader: forwarded_header }),
  }
}

function requestRates(net_limit: NetLimitConfig): Rates | undefined {
  return ratesOf(net_limit, net_limit.requests_per_second, net_limit.burst_size)
}

function ratesOf({ limit_by }: NetLimitConfig, ratePerSecond: number | undefined, burst?: number): Rates | undefined {
  if (ratePerSecond === undefined) return undefined
  const rate = { ratePerSecond, burst }
  if (limit_by === 'global') return { total: rate }
  return limit_by === 'user' ? { perName: rate } : { perAddress: rate }
}

function refusedRate({ response_code, response_message }: NetLimitConfig): AccessControlOptions['refusedRate'] {
  return { status: response_code, message: response_message }
}
