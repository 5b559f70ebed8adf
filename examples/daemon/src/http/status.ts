/**
 * What the status page tells: the tree of the daemon, with the names that the ancestor has, those of its documentation
 * too, which it never sent.
 */

import type { PipelineStatus, SinkStatus, SourceStatus } from '../pipeline/pipeline-status.ts'
import type { ServiceStatus } from '../service/service-status.ts'
import type { Audience } from './audience.ts'
import type { HttpMount, PortView, Route } from './port-host.ts'
import { withoutCredentials } from './without-credentials.ts'

/** Whose status is asked for. */
export interface StatusQuestion {
  readonly service: ServiceStatus
  readonly port: PortView
  readonly audience: Audience
  /** Those to tell of; all of them are the audience's. */
  readonly pipelines: readonly string[]
  /** Whether it is asked for as one pipeline's own status. */
  readonly isOwn: boolean
}

/** Makes the answer. Nothing of it is secret, and nothing tells of a pipeline that is not asked for. */
export function statusAnswer({ service, port, audience, pipelines: asked, isOwn }: StatusQuestion): object {
  // One may have gone since.
  const pipelines = asked.filter((name) => Object.hasOwn(service.pipelines, name))
  const isRouter = service.mode === 'router'
  const { pipelines: all, listeners, config_file, last_reload, memory, ...shared } = service
  const told = pipelines.map((name) => [name, pipelineAnswer(all[name] as PipelineStatus, port, audience, isRouter)])
  const single = isOwn || !isRouter ? pipelines[0] : undefined
  return withoutCredentials({
    ...shared,
    ...(isRouter && !isOwn && { service: 'LogWisp Router' }),
    port: port.port,
    ...(audience.seesAll && { config_file, last_reload, memory, listeners }),
    pipelines: Object.fromEntries(told),
    total_pipelines: pipelines.length,
    ...(isRouter && !isOwn && { router: routerAnswer(service, port, audience) }),
    ...(single !== undefined && pipelines.length === 1
      ? ownAnswer(all[single] as PipelineStatus, service, port, audience)
      : { endpoints: { global_status: '/status' } }),
  })
}

function pipelineAnswer(pipeline: PipelineStatus, port: PortView, audience: Audience, isRouter: boolean): object {
  const live = pipeline.sinks.find(({ type }) => type === 'http')
  return {
    ...pipeline,
    sources: pipeline.sources.map(boundedFiles),
    ...(isRouter && { path_prefix: `/${pipeline.name}` }),
    endpoints: endpointsOf(pipeline.name, port, audience),
    ...(live !== undefined && {
      sink: {
        type: live.type,
        total_processed: live.total_processed,
        active_connections: live.active_connections,
        details: live.details,
      },
    }),
  }
}

/** A page that looks each second need not move megabytes: of very many files, those that lag most. */
const maxFilesShown = 1000

function boundedFiles(source: SourceStatus): SourceStatus {
  if (source.files === undefined || source.files.length <= maxFilesShown) return source
  const files = [...source.files].sort((one, other) => other.lag - one.lag).slice(0, maxFilesShown)
  return { ...source, files }
}

/** The paths of a pipeline on this port that whoever asks may use; the first of each kind. */
function endpointsOf(pipeline: string, port: PortView, { may }: Audience): Record<string, string> {
  const found: Record<string, string> = {}
  for (const { path, mount } of port.routes) {
    if (mount.pipeline !== pipeline || !may(mount)) continue
    const kind = mount.handleUpgrade === undefined ? mount.kind : `${mount.kind}_websocket`
    found[kind] ??= path
  }
  return { ...found, status: found['status'] ?? `/${pipeline}/status`, page: `/${pipeline}/` }
}

/** What the ancestor's global status says of its routing, as far as whoever asks may know. */
function routerAnswer(service: ServiceStatus, port: PortView, { may }: Audience): object {
  const routes = port.everywhere.filter(({ mount }) => may(mount))
  const here = port.routes.filter(({ mount }) => may(mount))
  return {
    uptime_seconds: service.uptime_seconds,
    total_requests: port.counts.requests,
    routed_requests: port.counts.routed,
    failed_requests: port.counts.failed,
    servers: {
      [port.port]: {
        routes: here.map(({ path }) => path),
        requests: port.counts.requests,
        uptime: service.uptime_seconds,
      },
    },
    total_routes: routes.length,
  }
}

/** What the ancestor says of one pipeline, and what its documentation says that it does. */
function ownAnswer(pipeline: PipelineStatus, service: ServiceStatus, port: PortView, audience: Audience): object {
  const { stream, status, ...others } = endpointsOf(pipeline.name, port, audience)
  const mounts = port.routes.filter(({ mount }) => mount.pipeline === pipeline.name)
  const server = serverMount(mounts)
  const netLimit = netLimitAnswer(server)
  return {
    server: {
      type: 'http',
      port: port.port,
      active_clients: pipeline.sinks.reduce((sum, { active_connections = 0 }) => sum + active_connections, 0),
      buffer_size: server?.facts?.buffer_size ?? 0,
      uptime_seconds: Math.floor(pipeline.uptime_seconds),
      mode: { standalone: service.mode === 'standalone', router: service.mode === 'router' },
    },
    endpoints: { ...(stream !== undefined && { transport: stream, stream }), status, ...others },
    features: {
      heartbeat: server?.facts?.heartbeat ?? { enabled: false },
      ssl: { enabled: port.isTls },
      net_limit: netLimit,
      rate_limit: netLimit,
    },
    sources: pipeline.sources.map(sourceAnswer),
    rate_limit: pipeline.rate_limiter,
    filters: pipeline.filters,
    sinks: pipeline.sinks.map((sink) => sinkAnswer(sink, port, server)),
  }
}

function serverMount(routes: readonly Route[]): HttpMount | undefined {
  return (routes.find(({ mount }) => mount.facts !== undefined) ?? routes[0])?.mount
}

function netLimitAnswer(server: HttpMount | undefined): object {
  const config = server?.facts?.net_limit
  if (config === undefined) return { enabled: false }
  const stats = server?.access?.stats
  const blocked = Object.values(stats?.refused ?? {}).reduce((sum, count) => sum + count, 0)
  return {
    enabled: true,
    total_requests: (stats?.admitted ?? 0) + blocked,
    blocked_requests: blocked,
    active_ips: stats?.addresses ?? 0,
    total_connections: stats?.connections ?? 0,
    ...config,
    config,
  }
}

/** Files one by one are in the tree of `pipelines`. */
function sourceAnswer({ files, ...source }: SourceStatus): object {
  return { ...source, ...(files !== undefined && { active_watchers: files.length }) }
}

function sinkAnswer({ viewers, ...sink }: SinkStatus, port: PortView, server: HttpMount | undefined): object {
  if (sink.type !== 'http') return sink
  const limits = netLimitAnswer(server)
  const buffer = server?.facts?.buffer_size
  return {
    ...sink,
    details: {
      port: port.port,
      ...(buffer !== undefined && { buffer_size: buffer }),
      net_limit: limits,
      rate_limit: limits,
      ...sink.details,
    },
  }
}
