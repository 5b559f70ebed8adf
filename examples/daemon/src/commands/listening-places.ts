/** Where a configuration listens. */

import type { Config } from '../config/schema.ts'

/** One stage that listens. */
export interface ListeningPlace {
  /** The dotted path of its table. */
  readonly path: string
  readonly host: string
  readonly port: number
  readonly protocol: 'http' | 'tcp'
  readonly ssl: Config['status']['ssl']
}

/** All of them, the daemon's own status first; several may share a port. */
export function listeningPlaces(config: Config): readonly ListeningPlace[] {
  const places: ListeningPlace[] = []
  const { status } = config
  if (status.port !== undefined) {
    places.push({ path: 'status', host: status.host, port: status.port, protocol: 'http', ssl: status.ssl })
  }
  config.pipelines.forEach(({ sources, sinks }, index) => {
    for (const [kind, stages] of [
      ['sinks', sinks],
      ['sources', sources],
    ] as const) {
      stages.forEach((stage, at) => {
        if (stage.type !== 'http' && stage.type !== 'tcp' && stage.type !== 'websocket') return
        const { options } = stage
        if ('url' in options && options.url !== undefined) return
        const { host, port, ssl } = options as Pick<ListeningPlace, 'host' | 'port' | 'ssl'>
        if (port === undefined) return
        const protocol = stage.type === 'tcp' ? 'tcp' : 'http'
        places.push({ path: `pipelines.${index}.${kind}.${at}.options`, host, port, protocol, ssl })
      })
    }
  })
  return places
}

/** Where to ask it from this machine: a name for all addresses is none to connect to. */
export function baseUrl({
  host,
  port,
  isSecure,
}: {
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
}): URL {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return new URL(`${isSecure ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}/`)
}
