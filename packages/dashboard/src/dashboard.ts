/** The page over a store, and its API, as handlers. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Store } from '@logwisp/store/open-store'

/** Options of {@link dashboard}. */
export interface DashboardOptions {
  /** Listens by itself. */
  readonly port?: number | undefined
}

/** A dashboard. */
export interface Dashboard {
  /** `(req, res, next?)`, for `node:http`, Express and whatever speaks as they do. */
  readonly handler: (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void
}

export declare function dashboard(store: Store, options?: DashboardOptions): Dashboard
