/** Where the stages of a configuration listen. Pure. */

import type { Config } from '../config/schema.ts'

/** A place to listen at. */
export interface ListeningAddress {
  readonly protocol: 'http' | 'tcp'
  readonly host: string
  readonly port: number
}

/** Each address once; those with port 0 are left out, since any port will do for them. */
export function listeningAddresses({ pipelines }: Config): readonly ListeningAddress[] {
  const addresses = new Map<string, ListeningAddress>()
  for (const { type, options } of pipelines.flatMap(({ sources, sinks }) => [...sources, ...sinks])) {
    if (!('port' in options) || options.port === 0) continue
    const { host, port } = options
    addresses.set(`${host} ${port}`, { protocol: type === 'tcp' ? 'tcp' : 'http', host, port })
  }
  return [...addresses.values()]
}
