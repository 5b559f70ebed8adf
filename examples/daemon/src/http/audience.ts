/** What whoever asks may see: asked once per request, of every access control that has a say. */

import type { IncomingMessage } from 'node:http'
import { type AccessControl, isRefusal, type Refusal, type Right, type Standing, standings } from '@logwisp/core/server'
import type { HttpMount, PortView, Route } from './port-host.ts'

/** What somebody may see. */
export interface Audience {
  /** Pipelines whose status is shown, in the daemon's order. */
  readonly pipelines: readonly string[]
  /** Whether that is everything there is, the daemon itself included. */
  readonly seesAll: boolean
  /** Whether whoever asks may use what is mounted. */
  readonly may: (mount: HttpMount) => boolean
  /** What to answer whoever sees nothing, though there is something. */
  readonly refusal: Refusal | undefined
  /** What to answer whoever asks for a pipeline that is not theirs to see. */
  readonly refusalOf: (pipeline: string) => Refusal | undefined
}

/**
 * Finds it out.
 *
 * - A port of the daemon's own (a status without pipeline) shows everything to whom its own rules let in.
 * - Otherwise a pipeline is shown to whom its own rules give the right `status`. On a port of router mode that are all
 *   pipelines; one that listens nowhere has no rules, and is shown to whoever sees all the others. Without router mode it
 *   is those of the port.
 */
export async function audienceOf(
  req: IncomingMessage,
  port: PortView,
  isRouter: boolean,
  pipelines: readonly string[],
): Promise<Audience> {
  const own = port.routes.find(({ mount }) => mount.pipeline === undefined && mount.kind === 'status')?.mount
  const routes = isRouter || own !== undefined ? port.everywhere : port.routes
  const controls = new Set(routes.flatMap(({ mount }) => mount.access ?? []))
  if (own?.access !== undefined) controls.add(own.access)
  const found = await standings(req, [...controls])
  const standing = new Map<AccessControl, Standing>(
    [...controls].map((control, at) => [control, found[at] as Standing]),
  )
  const refusalFor = ({ access }: HttpMount, right: Right): Refusal | undefined => {
    const answer = access && standing.get(access)?.may(right)
    return answer !== undefined && isRefusal(answer) ? answer : undefined
  }
  const may = (mount: HttpMount): boolean => refusalFor(mount, rightOf(mount)) === undefined
  if (own !== undefined) {
    const refusal = refusalFor(own, 'status')
    const shown = refusal === undefined ? pipelines : []
    return { pipelines: shown, seesAll: refusal === undefined, may, refusal, refusalOf: () => refusal }
  }
  const rules = new Map(pipelines.map((name) => [name, rulesOf(name, routes)]))
  const refusals = new Map<string, Refusal>()
  for (const [name, mount] of rules) {
    const refusal = mount && refusalFor(mount, 'status')
    if (refusal !== undefined) refusals.set(name, refusal)
  }
  const isShown = (name: string): boolean =>
    rules.get(name) === undefined ? isRouter && refusals.size === 0 : !refusals.has(name)
  const shown = pipelines.filter(isShown)
  const [refusal] = refusals.values()
  return {
    pipelines: shown,
    seesAll: shown.length === pipelines.length,
    may,
    refusal: shown.length === 0 ? refusal : undefined,
    refusalOf: (name) => refusals.get(name),
  }
}

/** The mount whose rules a pipeline's status has: that of its status page, or else any. */
function rulesOf(pipeline: string, routes: readonly Route[]): HttpMount | undefined {
  const own = routes.filter(({ mount }) => mount.pipeline === pipeline)
  return (own.find(({ mount }) => mount.kind === 'status') ?? own[0])?.mount
}

function rightOf({ kind }: HttpMount): Right {
  return kind === 'page' ? 'status' : kind
}
