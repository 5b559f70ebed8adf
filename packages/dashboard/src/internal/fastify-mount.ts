/** A handler of Node's requests, as a plugin of Fastify. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Handler } from './page-handler.ts'

/** What is used of a Fastify instance, so that the package needs none of Fastify's types. */
export interface FastifyApp {
  readonly prefix: string
  removeAllContentTypeParsers(): unknown
  // biome-ignore lint/suspicious/noExplicitAny: Fastify's own types stand here in an app, in several versions
  addContentTypeParser(contentType: string, parser: any): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above
  addHook(name: any, hook: any): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above
  all(path: string, handler: any): unknown
}

/** `app.register(plugin, { prefix: '/logs' })` */
export type FastifyMount = (app: FastifyApp, options: object, done: (error?: Error) => void) => void

interface Request {
  readonly raw: IncomingMessage
}

interface Reply {
  readonly raw: ServerResponse
  hijack(): unknown
}

/** `close` ends what would hold up the app's own end: it is called before the server closes. */
export function fastifyMount(handler: Handler, close: () => Promise<void>): FastifyMount {
  return (app, _options, done) => {
    // Bodies are read by the handler, as they come.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request: unknown, _body: unknown, parsed: (error: null) => void) => parsed(null))
    app.addHook('preClose', close)
    const serve = ({ raw: req }: Request, reply: Reply): void => {
      reply.hijack()
      const whole = req.url ?? '/'
      const url = whole.slice(app.prefix.length)
      // As frameworks with mounts do.
      Object.assign(req, { originalUrl: whole, url: url.startsWith('/') ? url : `/${url}` })
      handler(req, reply.raw)
    }
    app.all('/', serve)
    app.all('/*', serve)
    done()
  }
}
