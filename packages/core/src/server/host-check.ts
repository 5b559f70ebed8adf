/**
 * Refuses requests that a web page smuggles in by DNS rebinding: its own host name suddenly resolves to 127.0.0.1, and
 * the browser lets it read the log as if it were its own. The `Host` header still has the page's name.
 */

import { isLoopback } from './listen.ts'

/** Whether a request with this `Host` header may be answered. */
export type HostCheck = (host: string | undefined) => boolean

/** Accepts the names of this machine, and those given. A request without the header comes from no browser. */
export function hostCheck(names: readonly string[]): HostCheck {
  const allowed = new Set(names.map((name) => name.toLowerCase()))
  return (host) => {
    if (host === undefined) return true
    const name = withoutPort(host.toLowerCase())
    return ownNames.has(name) || name.endsWith('.localhost') || allowed.has(name) || allowed.has(host.toLowerCase())
  }
}

/** Where a server listens, if it does by itself, and under which names it may be asked for. */
export interface HostCheckOptions {
  /** Undefined: it is mounted on a server of somebody else's. */
  readonly port?: number | undefined
  readonly host: string
  readonly allowedHosts?: readonly string[] | 'any' | undefined
}

/**
 * The check of a stage that a browser can reach; undefined when any name will do. Beyond loopback, and mounted, the names
 * are those that the surroundings have given it.
 */
export function hostCheckFor({ port, host, allowedHosts }: HostCheckOptions): HostCheck | undefined {
  if (allowedHosts === 'any') return undefined
  if (allowedHosts !== undefined) return hostCheck(allowedHosts)
  return port !== undefined && isLoopback(host) ? hostCheck([]) : undefined
}

const ownNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

function withoutPort(host: string): string {
  return host.replace(/:\d*$/, '')
}
