/** Every place of a configuration that listens. */

import type { AuthConfig, Config, SinkConfig, SourceConfig } from '../schema.ts'

type ListeningOptions =
  | Extract<SourceConfig, { type: 'http' }>['options']
  | Extract<SinkConfig, { type: 'tcp' }>['options']

/** What is the same for all of them. */
export interface ListeningStage {
  /** The dotted path of its options. */
  readonly path: string
  /** How one calls it: `the http sink of "app"`. */
  readonly title: string
  readonly protocol: 'http' | 'tcp'
  readonly host: string
  readonly port: number
  readonly ssl: ListeningOptions['ssl']
  readonly net_limit: ListeningOptions['net_limit']
  readonly max_connections: number
  /** Who may come: its own, else the pipeline's. */
  readonly auth: AuthConfig
  /** The dotted path of that. */
  readonly authPath: string
  /** Whether entries can be sent in, and whether they can be read there. */
  readonly takes: boolean
  readonly gives: boolean
  /** What it answers, as written. The status may be shared, others not. */
  readonly urlPaths: readonly { readonly key: string; readonly path: string; readonly isStatus: boolean }[]
  /** Undefined for the daemon's own. */
  readonly pipeline: string | undefined
}

/** All of them, in their order. */
export function listeningStages(config: Config): ListeningStage[] {
  const found: ListeningStage[] = []
  for (const [index, pipeline] of config.pipelines.entries()) {
    for (const [kind, stages] of [
      ['source', pipeline.sources],
      ['sink', pipeline.sinks],
    ] as const) {
      for (const [place, stage] of stages.entries()) {
        if (!('host' in stage.options)) continue
        const path = `pipelines.${index}.${kind}s.${place}.options`
        const { options } = stage
        found.push({
          ...shared(options),
          path,
          title: `the ${stage.type} ${kind} of "${pipeline.name}"`,
          protocol: stage.type === 'tcp' ? 'tcp' : 'http',
          auth: options.auth ?? pipeline.auth,
          authPath: options.auth === undefined ? `pipelines.${index}.auth` : `${path}.auth`,
          takes: kind === 'source',
          gives: kind === 'sink',
          urlPaths: urlPathsOf(options),
          pipeline: pipeline.name,
        })
      }
    }
  }
  const { status } = config
  if (status.port !== undefined) {
    found.push({
      ...shared({ ...status, port: status.port }),
      path: 'status',
      title: 'the status of the whole',
      protocol: 'http',
      auth: status.auth,
      authPath: 'status.auth',
      takes: false,
      gives: false,
      urlPaths: [],
      pipeline: undefined,
    })
  }
  return found
}

function shared<Options extends Pick<ListeningStage, 'host' | 'port' | 'ssl' | 'net_limit' | 'max_connections'>>({
  host,
  port,
  ssl,
  net_limit,
  max_connections,
}: Options): Pick<ListeningStage, 'host' | 'port' | 'ssl' | 'net_limit' | 'max_connections'> {
  return { host, port, ssl, net_limit, max_connections }
}

function urlPathsOf(options: object): ListeningStage['urlPaths'] {
  return ['ingest_path', 'stream_path', 'status_path'].flatMap((key) => {
    const path = (options as Readonly<Record<string, unknown>>)[key]
    return typeof path === 'string' ? [{ key, path, isStatus: key === 'status_path' }] : []
  })
}
