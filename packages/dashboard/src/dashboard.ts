/** The page over a store, and its API, as one handler. */

import { EventEmitter } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type LogsApi, type LogsApiOptions, logsApi } from '@logwisp/api'
import type { LogwispError } from '@logwisp/core'
import { hostCheckFor, type Listener, listenHttp, requestTarget } from '@logwisp/core/server'
import type { Store } from '@logwisp/store'
import { type FastifyMount, fastifyMount } from './internal/fastify-mount.ts'
import { pageFiles } from './internal/page-files.ts'
import { type Handler, pageHandler, withHostCheck } from './internal/page-handler.ts'

/** Options of {@link dashboard}: those of the API, which checks them. */
export interface DashboardOptions extends Omit<LogsApiOptions, 'path' | 'ingest'> {
  /** Whether the API below `api/` takes entries, and how. @default false */
  readonly ingest?: LogsApiOptions['ingest']
}

/** The events of a {@link Dashboard}. */
export interface DashboardEvents {
  /** Its own server listens. */
  listening: [address: AddressInfo]
  /** A request could not be answered for a reason of our own. */
  warning: [error: LogwispError]
  /** Its own server could not listen: `LISTEN_FAILED`. As with every emitter, it is thrown when nobody listens. */
  error: [error: LogwispError]
}

/** What {@link dashboard} returns. */
export interface Dashboard extends EventEmitter<DashboardEvents> {
  /**
   * Answers requests: the page at the mount's root, the API below `api/`. Other paths go to `next` when there is one, and
   * are a 404 otherwise.
   */
  readonly handler: (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void
  /** The same for Fastify: `app.register(dashboard(store).fastify, { prefix: '/logs' })`; it closes with the app. */
  readonly fastify: FastifyMount
  /** Where its own server listens; undefined before the `'listening'` event, after the end, and without a server. */
  readonly address: AddressInfo | undefined
  /** The API behind the page, with its books. */
  readonly api: LogsApi
  /** Takes no more requests, finishes those under way, tells viewers that it ends. The store stays open. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const apiPath = '/api/logs'

/** How long connections may take to close once everything is answered. */
const closeTimeoutMs = 2000

/**
 * A page that shows a store's entries live and searches them, mounted in one line:
 *
 * - Express: `app.use('/logs', dashboard(store).handler)`
 * - Fastify: `app.register(dashboard(store).fastify, { prefix: '/logs' })`
 * - `node:http`: `createServer(dashboard(store).handler)`
 * - by itself: `dashboard(store, { port: 8080 })`
 *
 * Everything it needs is its own: it loads nothing from elsewhere, under a policy that lets nothing else in. Without
 * `access` everybody who reaches it may read the log; its own server listens on loopback only, unless `host` says
 * otherwise.
 *
 * @throws OptionError `BAD_OPTION`. LogwispError `PAGE_MISSING` when the package was not built. Emits `'error'` with
 *   `LISTEN_FAILED` when the port cannot be had.
 *
 * @example
 * ```ts
 * import { dashboard } from '@logwisp/dashboard'
 * import { openStore } from '@logwisp/store'
 *
 * const store = await openStore('./logs.db')
 * const page = dashboard(store, { port: 8080 })
 * page.on('listening', ({ port }) => console.log(`http://127.0.0.1:${port}/`))
 * ```
 */
export function dashboard(store: Store, options: DashboardOptions = {}): Dashboard {
  return new StoreDashboard(store, options)
}

class StoreDashboard extends EventEmitter<DashboardEvents> implements Dashboard {
  readonly handler: Handler
  readonly fastify: FastifyMount
  readonly api: LogsApi
  readonly #options: DashboardOptions
  readonly #opening: Promise<Listener<Server> | undefined>
  #listener: Listener<Server> | undefined
  #closing: Promise<void> | undefined

  constructor(store: Store, options: DashboardOptions) {
    super()
    this.#options = options
    const { port, host = '127.0.0.1', allowedHosts, access, ingest = false } = options
    const page = pageHandler({ files: pageFiles('api'), apiOrigin: undefined, access })
    // One server for both, which looks at the name that is asked for, too.
    this.api = logsApi(store, { ...options, port: undefined, allowedHosts: undefined, path: apiPath, ingest })
    this.api.on('warning', (error) => this.emit('warning', error))
    const { api } = this
    const parts: Handler = (req, res, next) => (isForApi(req) ? api.handler : page)(req, res, next)
    this.handler = withHostCheck(parts, hostCheckFor({ port, host, allowedHosts }))
    this.fastify = fastifyMount(this.handler, () => this.close())
    this.#opening = port === undefined ? Promise.resolve(undefined) : this.#open(port, host)
  }

  get address(): AddressInfo | undefined {
    return this.#listener?.address
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #open(port: number, host: string): Promise<Listener<Server> | undefined> {
    const { maxConnections = 1000, access, tls } = this.#options
    try {
      // Bodies have limits of their own, and wait for the store as long as it takes.
      const options = { port, host, maxConnections, access, tls, requestTimeoutMs: Infinity }
      this.#listener = await listenHttp(this.handler, options)
    } catch (error) {
      // Outside of the promise: nobody may listen, and then it is an uncaught exception, as with any emitter.
      process.nextTick(() => this.emit('error', error as LogwispError))
      return undefined
    }
    const listener = this.#listener
    process.nextTick(() => listener.address !== undefined && this.emit('listening', listener.address))
    return listener
  }

  async #close(): Promise<void> {
    const listener = await this.#opening
    const closed = listener?.close()
    await this.api.close()
    if (listener === undefined) return
    // Answers are on their way; whoever does not take them is not waited for.
    const giveUp = setTimeout(() => void listener.destroy(), closeTimeoutMs)
    await closed
    clearTimeout(giveUp)
  }
}

function isForApi({ url }: IncomingMessage): boolean {
  const target = requestTarget(url)
  return 'path' in target && target.path.startsWith('/api/')
}
