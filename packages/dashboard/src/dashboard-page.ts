/** The page alone, for an API that is elsewhere. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkOptions, OptionError, type OptionRule, option } from '@logwisp/core'
import { type AccessControl, hostCheckFor } from '@logwisp/core/server'
import { type FastifyMount, fastifyMount } from './internal/fastify-mount.ts'
import { pageFiles } from './internal/page-files.ts'
import { pageHandler, withHostCheck } from './internal/page-handler.ts'

/** Options of {@link dashboardPage}. */
export interface DashboardPageOptions {
  /**
   * What stands before `/logs` of the API: an URL such as `http://localhost:8000/`, whose server must name this page's
   * origin in `allowOrigin`, or a path relative to the page, such as `../api`.
   */
  readonly api: string
  /** Who may see the page: the right `stream`. Made by `accessControl`. Without it, everybody who reaches it. */
  readonly access?: AccessControl | undefined
  /** Names under which requests are answered; `'any'` is all of them. @default 'any' */
  readonly allowedHosts?: readonly string[] | 'any' | undefined
}

/** What {@link dashboardPage} returns. */
export interface DashboardPage {
  /**
   * Answers requests for the page and its files, everything below its mount's root. Other paths go to `next` when there
   * is one, and are a 404 otherwise.
   */
  readonly handler: (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void
  /** The same for Fastify: `app.register(page.fastify, { prefix: '/logs' })`. */
  readonly fastify: FastifyMount
}

const rules: Readonly<Record<keyof DashboardPageOptions, OptionRule>> = {
  api: option.text,
  access: option.having('what accessControl() returns', 'connect', 'request', 'entries', 'overEntryRate'),
  allowedHosts: option.either(option.oneOf('any'), option.list(option.text, 1)),
}

/**
 * The dashboard's page for an API of `logsApi` in another place: files only, nothing is open and nothing has to be closed.
 *
 * @throws OptionError `BAD_OPTION`. LogwispError `PAGE_MISSING` when the package was not built.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { dashboardPage } from '@logwisp/dashboard'
 *
 * createServer(dashboardPage({ api: 'http://localhost:8000/' }).handler).listen(8001, '127.0.0.1')
 * ```
 */
export function dashboardPage(options: DashboardPageOptions): DashboardPage {
  checkOptions('dashboardPage', options, rules)
  const { api, access, allowedHosts = 'any' } = options
  const page = pageHandler({ files: pageFiles(api), apiOrigin: originOf(api), access })
  const handler = withHostCheck(page, hostCheckFor({ host: '', allowedHosts }))
  return Object.freeze({ handler, fastify: fastifyMount(handler, async () => {}) })
}

/** Undefined for an API at the page's own origin. */
function originOf(api: string): string | undefined {
  if (!/^[a-z][a-z+.-]*:|^\/\//i.test(api)) return undefined
  const url = URL.canParse(api) ? new URL(api) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    const expected = 'an URL such as http://localhost:8000/ or a path such as ../api'
    throw new OptionError('dashboardPage', 'api', `\`api\` must be ${expected}, got ${JSON.stringify(api)}`)
  }
  return url.origin
}
