/** Whether it lives, and whether it serves: for supervisors and load balancers, who show nothing and are told no more. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { replyJson } from '@logwisp/core/server'
import type { ServiceStatus } from '../service/service-status.ts'

/** Answers `/healthz`: it lives. */
export function replyAlive(req: IncomingMessage, res: ServerResponse): void {
  replyJson(req, res, 200, { status: 'ok' })
}

/** Answers `/readyz`: 200 once every pipeline runs, else 503 and how many do not, but not which. */
export function replyReady(
  req: IncomingMessage,
  res: ServerResponse,
  isReady: boolean,
  service: ServiceStatus | undefined,
): void {
  if (isReady) return replyJson(req, res, 200, { status: 'ready' })
  res.setHeader('Retry-After', 1)
  replyJson(req, res, 503, { status: 'not ready', missing: missing(service) })
}

function missing(service: ServiceStatus | undefined): string {
  if (service === undefined || service.state === 'starting') return 'it is starting'
  if (service.state === 'stopping') return 'it is stopping'
  const all = Object.values(service.pipelines)
  const waiting = all.filter(({ state }) => state !== 'running').length
  if (waiting === 0) return 'a stage is being made anew'
  return `${waiting} of ${all.length} pipelines ${waiting === 1 ? 'does' : 'do'} not run`
}
