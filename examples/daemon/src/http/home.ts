/** Answers what no stage does: the page, status, metrics and health, and who asks for what is not there. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { isLoopback, replyError, replyJson, replyRefusal, requestTarget } from '@logwisp/core/server'
import type { ServiceStatus } from '../service/service-status.ts'
import { allowOrigin } from './allow-origin.ts'
import { type Audience, audienceOf } from './audience.ts'
import { replyAlive, replyReady } from './health.ts'
import { hostCheckOf, replyComeAgain } from './http-traffic.ts'
import { type KnownPipelines, knownPipelines } from './known-pipelines.ts'
import { PageFiles } from './page-files.ts'
import type { Home, HttpMount, PortView } from './port-host.ts'
import { statusAnswer } from './status.ts'

/** What {@link createHome} needs. */
export interface HomeOptions {
  /** Undefined before there is anything to tell. */
  readonly status: () => ServiceStatus | undefined
  /** Whether every pipeline runs. */
  readonly isReady: () => boolean
  /** Hears of requests that could not be answered, which is a mistake of ours; whoever asked got a 500. */
  readonly onFailure?: ((error: Error) => void) | undefined
}

const methods = 'GET, HEAD'

/** Makes what answers on every HTTP port beside the stages. Reads the live page's files; rejects when they are not there. */
export async function createHome(options: HomeOptions): Promise<Home> {
  const pages = await PageFiles.read()
  const known = knownPipelines(options.status)
  return (req, res, port, own) => {
    answer({ req, res, port, own, pages, known, ...options }).catch((error: Error) => {
      options.onFailure?.(error)
      if (res.headersSent) res.destroy(error)
      else replyError(req, res, 500, 'the request could not be answered')
    })
  }
}

interface Question extends HomeOptions {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly port: PortView
  readonly own: readonly HttpMount[]
  readonly pages: PageFiles
  readonly known: () => KnownPipelines | undefined
}

async function answer(question: Question): Promise<void> {
  const { req, res, port, own, pages } = question
  const target = requestTarget(req.url)
  if (!('path' in target)) return replyError(req, res, target.status, target.message)
  const { path } = target
  const read = (reply: () => void | Promise<void>): void | Promise<void> => ifRead(question, path, reply)
  // Whoever looks after it asks by whatever name it knows.
  if (path === '/healthz') return read(() => replyAlive(req, res))
  if (path === '/readyz') return read(() => replyReady(req, res, question.isReady(), question.status()))
  if (!isKnownHost(req, port)) return replyStrangeHost(question)
  allowOrigin(req, res, own)
  if (own.length > 0 || path === '/status') return read(() => replyStatus(question))
  if (path === '/metrics') return read(() => replyMetrics(question))
  if (path === '/') return read(() => pages.reply(req, res, 'index.html'))
  const file = /^\/page\/([\w.-]+)$/.exec(path)?.[1]
  if (file !== undefined && pages.has(file)) return read(() => pages.reply(req, res, file))
  const [, name = '', rest = ''] = /^\/([^/]+)(\/|\/status)?$/.exec(path) ?? []
  if (isPipelineOf(name, question)) return ofPipeline(question, name, rest)
  return replyNotFound(question, path)
}

/** `/app` is its stream for programs and its page for people, `/app/` its page, `/app/status` its status. */
function ofPipeline(question: Question, name: string, rest: string): void | Promise<void> {
  const { req, res, port, pages } = question
  const path = `/${name}${rest}`
  if (rest === '/') return ifRead(question, path, () => pages.replyPipeline(req, res))
  if (rest === '/status') return ifRead(question, path, () => replyStatus(question, name))
  const stream = port.routes.find(
    ({ mount }) => mount.pipeline === name && mount.kind === 'stream' && mount.handleUpgrade === undefined,
  )
  const wantsPage = req.headers.accept?.includes('text/html') === true
  if (stream?.mount.handler === undefined || wantsPage) {
    // Relative, so that it is right behind a proxy with a path of its own, too.
    return ifRead(question, path, () => void res.writeHead(302, { Location: `${name}/`, 'Content-Length': 0 }).end())
  }
  if (hostCheckOf(port.host, stream.mount.allowedHosts)?.(req.headers.host) === false) return replyStrangeHost(question)
  const url = req.url ?? ''
  req.url = stream.path + (url.includes('?') ? url.slice(url.indexOf('?')) : '')
  stream.mount.handler(req, res)
}

async function replyStatus(question: Question, name?: string): Promise<void> {
  const { req, res, port, own } = question
  const audience = await audienceFor(question)
  if (audience === undefined) return replyComeAgain(req, res)
  const isGlobal = name === undefined && (own.length === 0 || own.some(({ pipeline }) => pipeline === undefined))
  const asked = name === undefined ? own.flatMap(({ pipeline }) => pipeline ?? []) : [name]
  const pipelines = audience.pipelines.filter((each) => isGlobal || asked.includes(each))
  if (pipelines.length === 0) {
    const refusal = audience.refusal ?? asked.map(audience.refusalOf).find((each) => each !== undefined)
    if (refusal !== undefined) return replyRefusal(req, res, refusal)
    if (!isGlobal) return replyComeAgain(req, res)
  }
  const service = question.status()
  if (service === undefined) return replyComeAgain(req, res)
  replyJson(req, res, 200, statusAnswer({ service, port, audience, pipelines, isOwn: !isGlobal }))
}

async function replyMetrics(question: Question): Promise<void> {
  const { req, res } = question
  const audience = await audienceFor(question)
  if (audience?.refusal !== undefined) return replyRefusal(req, res, audience.refusal)
  const service = question.status()
  if (audience === undefined || service === undefined) return replyComeAgain(req, res)
  // Not before somebody asks: what writes them is not needed for starting.
  const { metricsText } = await import('./metrics.ts')
  const { type, text } = await metricsText({
    service,
    pipelines: audience.pipelines,
    seesAll: audience.seesAll,
    isReady: question.isReady(),
    accept: req.headers.accept,
  })
  const body = Buffer.from(text)
  const headers = { 'Content-Type': type, 'Content-Length': body.length, 'Cache-Control': 'no-store' }
  res.appendHeader('Vary', 'Accept')
  res.writeHead(200, { ...headers, 'X-Content-Type-Options': 'nosniff' })
  res.end(req.method === 'HEAD' ? undefined : body)
}

async function replyNotFound(question: Question, path: string): Promise<void> {
  const { req, res, port } = question
  const audience = port.isSettled ? await audienceFor(question) : undefined
  if (audience === undefined) return replyComeAgain(req, res)
  const { pipelines, may } = audience
  const isRouter = question.known()?.isRouter === true
  const routes = port.routes
    .filter(({ mount }) => may(mount))
    .map(({ path, mount }) => `${path} (${mount.kind}${mount.pipeline === undefined ? '' : `: ${mount.pipeline}`})`)
  const global = pipelines.length > 0 ? [`/status (${isRouter ? 'global ' : ''}status)`] : []
  replyError(req, res, 404, `there is nothing at ${path}`, {
    requested_path: path,
    available_routes: [...new Set([...global, ...routes])],
    hint: isRouter ? 'Use /status for global router status' : 'Use /status for the status, / for the live page',
  })
}

/** Who asks is found out before anything is put together for them; undefined before there is anything. */
async function audienceFor({ req, port, known }: Question): Promise<Audience | undefined> {
  const pipelines = known()
  return pipelines && audienceOf(req, port, pipelines.isRouter, pipelines.names)
}

/** Whether somebody's page on this port is that of a pipeline. */
function isPipelineOf(name: string, { known, port }: Question): boolean {
  const pipelines = known()
  if (pipelines === undefined || !pipelines.names.includes(name)) return false
  return pipelines.isRouter || port.routes.some(({ mount: { pipeline } }) => [name, undefined].includes(pipeline))
}

/** By which names a port is known: by any, or those that any of its stages has. */
function isKnownHost(req: IncomingMessage, { host, routes }: PortView): boolean {
  const given = routes.flatMap(({ mount }) => mount.allowedHosts ?? [])
  const isOpen = !isLoopback(host) && routes.some(({ mount }) => mount.allowedHosts === undefined)
  const names = given.includes('any') || isOpen ? 'any' : given.length === 0 ? undefined : given
  return hostCheckOf(host, names)?.(req.headers.host) !== false
}

function replyStrangeHost({ req, res }: Question): void {
  const host = JSON.stringify(req.headers.host)
  replyError(req, res, 403, `requests for the host ${host} are not answered here: name it in allowed_hosts`)
}

function ifRead({ req, res }: Question, path: string, reply: () => void | Promise<void>): void | Promise<void> {
  if (req.method === 'GET' || req.method === 'HEAD') return reply()
  res.setHeader('Allow', methods)
  if (req.method === 'OPTIONS') return void res.writeHead(204).end()
  replyError(req, res, 405, `${path} answers ${methods}`)
}
