/** The port of the daemon's own: page, status, metrics and health of everything. */

import { accessFor } from '../build/access.ts'
import { configKey } from '../build/config-key.ts'
import { serverTlsFor } from '../build/tls.ts'
import { contentsOf, filesOfAuth, type NamedFiles } from '../config/named-files.ts'
import type { Config } from '../config/schema.ts'
import type { PortHost } from '../http/port-host.ts'

/** Where errors say that it stands. */
const place = 'status'

/** Keeps it as the configuration has it. */
export class StatusServer {
  readonly #ports: PortHost
  #key: string | undefined
  #release: () => void = () => {}

  constructor(ports: PortHost) {
    this.#ports = ports
  }

  /**
   * Opens it, leaves it, or moves it; call `settle` of the ports afterwards.
   *
   * @throws LogwispError when it cannot listen or its rules are wrong; the one before is gone then.
   */
  async take(config: Config['status'], namedFiles?: NamedFiles): Promise<void> {
    const contents = contentsOf(filesOfAuth(config.auth), namedFiles)
    const key = config.port === undefined ? undefined : configKey([config, contents])
    if (key === this.#key) return
    this.close()
    if (config.port !== undefined) await this.#open(config, config.port)
    this.#key = key
  }

  /** Lets go of the port. */
  close(): void {
    this.#release()
    this.#release = () => {}
    this.#key = undefined
  }

  async #open(config: Config['status'], port: number): Promise<void> {
    const { host, ssl, auth, net_limit, max_connections, allowed_hosts } = config
    const tls = serverTlsFor(ssl, `${place}.ssl`)
    const rules = await accessFor({
      auth,
      net_limit,
      protocol: 'http',
      pipeline: undefined,
      ports: this.#ports,
      place: `${place}.auth`,
    })
    const { access, connections } = rules
    const endpoint = { protocol: 'http', host, port, tls, connections, maxConnections: max_connections } as const
    const lease = await this.#ports.acquire(endpoint).catch((error: unknown) => {
      rules.release()
      throw error
    })
    this.#release = () => {
      lease.release()
      rules.release()
    }
    const names = allowed_hosts === undefined ? undefined : [allowed_hosts].flat()
    const allowedHosts = names?.includes('any') ? 'any' : names
    try {
      lease.mount({ pipeline: undefined, kind: 'status', paths: ['/status'], access, allowedHosts })
    } catch (error) {
      this.close()
      throw error
    }
  }
}
