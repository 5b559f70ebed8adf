/** Whole daemons on a bench, without processes of their own. */

import type { LoadedConfig } from '../src/config/loaded-config.ts'
import type { Config } from '../src/config/schema.ts'
import { createPortHost } from '../src/http/ports.ts'
import { startService } from '../src/service/service.ts'
import type { Service, ServiceOptions } from '../src/service/service-contract.ts'
import type { Bench } from './pipeline-bench.ts'

/** Starts them, and stops all of them in the end. */
export class StartedServices {
  readonly #bench: Bench
  readonly #stops: (() => Promise<unknown>)[] = []

  constructor(bench: Bench) {
    this.#bench = bench
  }

  /** A configuration as if it had been read from a file of the bench. */
  loaded(config: Config): LoadedConfig {
    return { config, file: this.#bench.path('logwisp.toml'), origins: new Map(), notices: [] }
  }

  async start(config: Config, more: Partial<ServiceOptions> = {}): Promise<Service> {
    const bench = this.#bench
    const ports = createPortHost({ home: (_req, res) => res.writeHead(404).end(), onWarning: () => {} })
    const service = await startService({
      loaded: this.loaded(config),
      log: bench.log,
      version: '0.0.0',
      stateDirectory: bench.path('state'),
      stdin: bench.stdin,
      once: false,
      ports,
      builders: bench.builders,
      ...more,
    })
    // Also when it does not come to serve.
    this.#stops.push(() => service.stop(0).finally(() => ports.close(0)))
    await service.started
    return service
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()))
  }
}
