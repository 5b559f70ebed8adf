/** The port of a stage that listens: held, guarded, and let go of again. */

import type { Readable, Writable } from 'node:stream'
import type { AccessControl } from '@logwisp/core/server'
import type { AuthConfig } from '../config/schema.ts'
import type { Endpoint, HttpMount, PortLease } from '../http/port-host.ts'
import { accessFor, type NetLimitConfig } from './access.ts'
import type { BuildContext } from './built-stage.ts'
import { makeStage } from './make-stage.ts'
import { refuse } from './stage-place.ts'
import { type ServerSsl, serverTlsFor } from './tls.ts'

/** What all stages that listen are told. */
export interface Listening {
  readonly host: string
  readonly port: number
  readonly net_limit: NetLimitConfig
  readonly ssl: ServerSsl
  readonly auth?: AuthConfig | undefined
  readonly max_connections: number
  /** Of HTTP: names under which requests are answered. */
  readonly allowed_hosts?: string | readonly string[] | undefined
}

type Answers = Pick<HttpMount, 'handler' | 'handleUpgrade' | 'allowOrigin' | 'facts'>

/** A port that a stage has. */
export interface MountedPort {
  /** For the stage; undefined when everybody may who reaches the port. */
  readonly access: AccessControl | undefined
  /** Answers paths of HTTP. */
  mount(paths: readonly string[], kind: HttpMount['kind'], answers?: Answers): void
  /** Takes connections of TCP. */
  serve: PortLease['serve']
}

/**
 * Holds the port of a stage, makes the stage with it, and lets go of the port when that fails.
 *
 * @throws LogwispError whatever is wrong with the port, its rules, its certificates, or the stage.
 */
export async function onPort<Stage extends Readable | Writable>(
  options: Listening,
  protocol: Endpoint['protocol'],
  context: BuildContext,
  place: string,
  make: (port: MountedPort) => Stage,
): Promise<{ readonly stream: Stage; release(): void }> {
  const { host, port, net_limit, ssl, max_connections } = options
  const allowedHosts = hostNames(options.allowed_hosts)
  const { pipeline, ports } = context
  const auth = options.auth ?? pipeline.auth
  if (auth.type === 'mtls' && !(ssl.enabled && ssl.client_auth)) {
    throw refuse(`${place}.ssl`, '`auth.type = "mtls"` needs `enabled`, `client_auth` and `client_ca_file` here')
  }
  const tls = serverTlsFor(ssl, `${place}.ssl`)
  const authPlace = options.auth === undefined ? `${pipeline.name}.auth` : `${place}.auth`
  const rules = await accessFor({ auth, net_limit, protocol, pipeline: pipeline.name, ports, place: authPlace })
  const { access, connections } = rules
  const lease = await ports
    .acquire({ protocol, host, port, tls, connections, maxConnections: max_connections })
    .catch((error: unknown) => {
      rules.release()
      throw error
    })
  let unheard = (): void => {}
  const release = (): void => {
    unheard()
    lease.release()
    rules.release()
  }
  try {
    const stream = makeStage(context, place, () =>
      make({
        access,
        mount: (paths, kind, answers) =>
          lease.mount({ pipeline: pipeline.name, paths, kind, access, allowedHosts, ...answers }),
        serve: (handler) => lease.serve(handler),
      }),
    )
    const tell = (error: Error): void => void stream.emit('warning', error)
    access?.on('warning', tell)
    unheard = () => access?.off('warning', tell)
    return { stream, release }
  } catch (error) {
    release()
    throw error
  }
}

/** With router, everything of a pipeline is below its name. */
export function pathOf(path: string, { router, pipeline }: BuildContext): string {
  return router ? `/${pipeline.name}${path}` : path
}

function hostNames(names: Listening['allowed_hosts']): HttpMount['allowedHosts'] {
  const list = names === undefined ? [] : [names].flat()
  return list.includes('any') ? 'any' : list.length === 0 ? undefined : list
}
