/** Tells what a request asks for, whether it may, and has it answered. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type AccessControl,
  addressFrom,
  type ErrorStatus,
  type HostCheck,
  isRefusal,
  type Right,
  requestTarget,
} from '@logwisp/core/server'
import { replyDocument } from './answers/document.ts'
import { replyExport } from './answers/export.ts'
import { replyHealth } from './answers/health.ts'
import { replyStream } from './answers/live-stream.ts'
import { replyCompletions, replyEntry, replyHistogram } from './answers/lookups.ts'
import { replyMetrics } from './answers/metrics.ts'
import { replyPage } from './answers/page.ts'
import { type Operation, operations } from './open-api/operations.ts'
import { type ParameterTexts, type ParameterValues, parameterValues } from './parameter-values.ts'
import { Problem, Refused, replyProblem } from './problem.ts'
import type { RequestsUnderWay } from './requests-under-way.ts'
import type { Asked, Service } from './service.ts'

/** Answers a request; hands what is not its own to `next`, when there is one. */
export type ApiHandler = (
  req: IncomingMessage,
  res: ServerResponse,
  next?: (error?: unknown) => void,
  /** For a server's `'checkContinue'`: the client waits to be told that it may send the body. */
  mustContinue?: boolean,
) => void

export interface ApiHandlerOptions {
  readonly service: Service
  readonly underWay: RequestsUnderWay
  readonly path: string
  readonly access: AccessControl | undefined
  readonly acceptsHost: HostCheck | undefined
  /** Origins whose pages may ask; `*` is all of them. */
  readonly allowOrigins: readonly string[]
}

type OperationName = keyof typeof operations
type Values<Name extends OperationName> = ParameterValues<(typeof operations)[Name]['parameters']>
type Answer<Name extends OperationName> = (asked: Asked, values: Values<Name>, service: Service) => Promise<void>

/** Who answers what; `ingest` is the source's. */
const answers: { readonly [Name in Exclude<OperationName, 'ingest'>]: Answer<Name> } = {
  page: replyPage,
  entry: replyEntry,
  histogram: replyHistogram,
  completions: replyCompletions,
  stream: replyStream,
  export: replyExport,
  health: replyHealth,
  metrics: replyMetrics,
  document: replyDocument,
}

/** What a path is asked for, by method. */
interface Place {
  readonly get: Exclude<OperationName, 'ingest'> | undefined
  readonly post: 'ingest' | undefined
  readonly inPath: Readonly<Record<string, string>>
}

/** Makes the handler. */
export function apiHandler(options: ApiHandlerOptions): ApiHandler {
  const { service, underWay, path, access, acceptsHost } = options
  const placeOf = placesOf(path, service.ingest !== undefined)

  async function serve(asked: Asked, name: OperationName, texts: ParameterTexts, proceed: () => void): Promise<void> {
    const values = parameterValues(operations[name].parameters, texts)
    if (name === 'ingest') return proceed()
    const address = await admit(access, asked, operations[name].right)
    // Whoever asked may have gone meanwhile.
    if (asked.res.destroyed) return
    await (answers[name] as Answer<OperationName>)({ ...asked, address }, values as never, service)
  }

  return (req, res, next, mustContinue = false) => {
    const target = requestTarget(req.url)
    const place = 'path' in target ? placeOf(target.path) : undefined
    if (place === undefined && next !== undefined) return next()
    try {
      const host = req.headers.host ?? (req.headers[':authority'] as string | undefined)
      if (acceptsHost !== undefined && !acceptsHost(host)) {
        const message = `requests for the host ${JSON.stringify(host)} are not answered here: name it in allowedHosts`
        throw new Problem(403, message)
      }
      if ('status' in target) throw new Problem(target.status as ErrorStatus, target.message)
      if (place === undefined) throw new Problem(404, `there is nothing at this path: entries are at ${path}`)
      allowOrigin(req, res, options)
      const methods = [...(place.get === undefined ? [] : ['GET', 'HEAD']), ...(place.post ? ['POST'] : []), 'OPTIONS']
      // Browsers ask what they may do without saying who they are.
      if (req.method === 'OPTIONS') return replyOptions(res, methods)
      const name = req.method === 'POST' ? place.post : place.get
      if (name === undefined || !methods.includes(req.method ?? '')) {
        throw new Problem(405, `${target.path} answers ${methods.join(', ')}`, { Allow: methods.join(', ') })
      }
      const texts = { query: target.query, path: place.inPath, header: req.headers }
      res.once('close', () => service.counts.answered(name, res.headersSent ? res.statusCode : 499))
      const signal = underWay.add(res, name === 'stream')
      const asked = { req, res, signal, isHead: req.method === 'HEAD', address: addressFrom(req.socket.remoteAddress) }
      serve(asked, name, texts, () => service.ingest?.handler(req, res, undefined, mustContinue)).catch((error) => {
        // A client that has left needs no answer.
        if (replyProblem(req, res, signal.aborted ? signal.reason : error)) service.warn(error)
      })
    } catch (error) {
      if (replyProblem(req, res, error)) service.warn(error)
    }
  }
}

async function admit(
  access: AccessControl | undefined,
  { req, address }: Asked,
  right: Right | undefined,
): Promise<string | undefined> {
  if (access === undefined || right === undefined) return address
  const answer = await access.request(req, right)
  if (isRefusal(answer)) throw new Refused(answer)
  return answer.address
}

/** Finds what a path stands for. */
function placesOf(path: string, takesEntries: boolean): (path: string) => Place | undefined {
  const base = path.slice(0, path.lastIndexOf('/'))
  const fixed = new Map<string, Place>()
  for (const [name, { method, path: below, isBase }] of Object.entries<Operation>(operations)) {
    const at = isBase ? base + below : path + below
    const before = fixed.get(at) ?? { get: undefined, post: undefined, inPath: {} }
    if (method === 'get') fixed.set(at, { ...before, get: name as Exclude<OperationName, 'ingest'> })
    else if (takesEntries) fixed.set(at, { ...before, post: 'ingest' })
  }
  const entryPath = path + operations.entry.path.replace('{id}', '')
  fixed.delete(path + operations.entry.path)
  return (asked) => {
    const place = fixed.get(asked)
    if (place !== undefined || !asked.startsWith(entryPath)) return place
    const id = asked.slice(entryPath.length)
    return id.includes('/') ? undefined : { get: 'entry', post: undefined, inPath: { id } }
  }
}

/** Nothing is allowed by default: any page that is open in the reader's browser could read the log otherwise. */
function allowOrigin(
  req: IncomingMessage,
  res: ServerResponse,
  { allowOrigins: allowed, access }: ApiHandlerOptions,
): void {
  if (allowed.length === 0) return
  const { origin } = req.headers
  if (allowed.includes('*')) res.setHeader('Access-Control-Allow-Origin', '*')
  else {
    res.setHeader('Vary', 'Origin')
    if (origin === undefined || !allowed.includes(origin)) return
    res.setHeader('Access-Control-Allow-Origin', origin)
    // Who named the page lets its visitors show who they are. Never with `*`, which no browser takes together.
    if (access !== undefined) res.setHeader('Access-Control-Allow-Credentials', 'true')
  }
  res.setHeader('Access-Control-Expose-Headers', 'Link, Retry-After')
}

function replyOptions(res: ServerResponse, methods: readonly string[]): void {
  res.setHeader('Allow', methods.join(', '))
  if (res.hasHeader('Access-Control-Allow-Origin')) {
    res.setHeader('Access-Control-Allow-Methods', methods.join(', '))
    res.setHeader(
      'Access-Control-Allow-Headers',
      'Authorization, Cache-Control, Content-Encoding, Content-Type, Idempotency-Key, Last-Event-ID, Prefer',
    )
  }
  res.writeHead(204).end()
}
