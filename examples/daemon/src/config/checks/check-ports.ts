/** Ports that several stages share: what they must agree in, and paths that only one of them can have. */

import type { Config } from '../schema.ts'
import type { Findings } from './findings.ts'
import { type ListeningStage, listeningStages } from './listening-stages.ts'

/** Paths that every HTTP port answers by itself. */
const ownPaths = ['/metrics', '/healthz', '/readyz']

/** Names that cannot be the first part of a path in router mode. */
const ownNames = ['status', 'metrics', 'healthz', 'readyz']

/** Looks for ports and paths that are wanted twice. */
export function checkPorts(config: Config, findings: Findings): void {
  const stages = listeningStages(config).filter(({ port }) => port !== 0)
  for (const [index, stage] of stages.entries()) {
    const before = stages.slice(0, index).filter(({ port }) => port === stage.port)
    const same = before.find(({ host }) => host === stage.host)
    if (same !== undefined) agree(stage, same, findings)
    else {
      const other = before.find(({ host }) => isEverywhere(host) || isEverywhere(stage.host))
      if (other !== undefined) {
        findings.problem(
          `${stage.path}.host`,
          `port ${stage.port} of ${other.host} is that of ${other.title}: name the same host to share it, or another port`,
        )
      }
    }
  }
  checkPaths(config, stages, findings)
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '*'
}

function agree(stage: ListeningStage, other: ListeningStage, findings: Findings): void {
  if (stage.protocol === 'tcp' || other.protocol === 'tcp') {
    findings.problem(
      `${stage.path}.port`,
      `port ${stage.port} is that of ${other.title}, and only stages of HTTP can share one: give another port`,
    )
    return
  }
  for (const [key, left, right] of [
    ['ssl', stage.ssl.enabled ? stage.ssl : undefined, other.ssl.enabled ? other.ssl : undefined],
    ['max_connections', stage.max_connections, other.max_connections],
    ['net_limit', boundsOf(stage), boundsOf(other)],
  ] as const) {
    if (JSON.stringify(left, revealing) === JSON.stringify(right, revealing)) continue
    const what = key === 'net_limit' ? 'the bounds of connections in `net_limit`' : `\`${key}\``
    findings.problem(
      `${stage.path}.${key}`,
      `${what} must be the same as that of ${other.title} (${other.path}), with which it shares port ${stage.port}`,
    )
  }
}

/** Secrets show as stars in JSON; here they must be told apart by where they are. */
function revealing(key: string, value: unknown): unknown {
  return key === 'key_passphrase' ? String(value) : value
}

function boundsOf({ net_limit, auth }: ListeningStage): unknown {
  const { enabled, max_connections_per_ip, max_total_connections } = net_limit
  if (!enabled || (max_connections_per_ip === 0 && max_total_connections === 0)) return undefined
  return [max_connections_per_ip, max_total_connections, auth.trusted_proxies]
}

function checkPaths(config: Config, stages: readonly ListeningStage[], findings: Findings): void {
  const taken = new Map<string, { readonly title: string; readonly isStatus: boolean }>()
  for (const stage of stages) {
    const prefix = config.router && stage.pipeline !== undefined ? `/${stage.pipeline}` : ''
    for (const { key, path, isStatus } of stage.urlPaths) {
      const place = `${stage.path}.${key}`
      const full = `${prefix}${path}`
      const isOwn = ownPaths.includes(full) || path === '/' || (full === '/status' && !isStatus)
      if (isOwn) {
        findings.problem(place, `${full} is answered by the daemon itself: give another path`)
        continue
      }
      const id = `${stage.host} ${stage.port} ${full}`
      const other = taken.get(id)
      if (other !== undefined && !(other.isStatus && isStatus)) {
        const hint = config.router || other.title === stage.title ? '' : ', or set `router = true`'
        findings.problem(
          place,
          `${full} on port ${stage.port} is answered by ${other.title} already: give another path or port${hint}`,
        )
        continue
      }
      taken.set(id, { title: stage.title, isStatus })
    }
  }
  if (!config.router) return
  for (const [index, { name }] of config.pipelines.entries()) {
    if (!ownNames.includes(name)) continue
    findings.problem(
      `pipelines.${index}.name`,
      `/${name} is answered by the daemon itself in router mode: give another name`,
    )
  }
}
