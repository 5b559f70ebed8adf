/** The certificates of a server, which may be exchanged while it serves. */

import type { Server } from 'node:net'
import type { TlsOptions } from 'node:tls'

/** Made by `serverTls`; every server takes one as its option `tls`. */
export interface ServerTls {
  /** What Node's servers take. */
  readonly options: TlsOptions
  /** Gives a server new certificates whenever there are some; returns what ends that. Connections that are open go on. */
  attach(server: Server): () => void
}
