/** One endpoint: its connections, and one request at a time over one of them. */

import { Pool } from 'undici'
import type { EndpointHealth } from './endpoint-health.ts'
import type { HttpAnswer } from './http-answer.ts'

/** How to reach an endpoint. */
export interface Reach {
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  /** For a whole request, from sending it to the end of its answer. */
  readonly requestTimeoutMs: number
  /** What `tls.connect` takes. */
  readonly tls: object
}

/** A request that had no answer, or none that was whole. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  readonly kind: 'timeout' | 'cut' | 'other'

  constructor(kind: NoAnswerError['kind'], message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}

/** Of an answer's body no more is read than this: it is looked at for the reason of a failure only. */
const maxAnswerBytes = 65_536

/** For a question whether anybody is there. Unit: ms. */
const probeTimeoutMs = 5000

export class HttpEndpoint {
  /** The address without what may be secret in it. */
  readonly name: string
  readonly health: EndpointHealth
  /** Requests sent, and how many of them failed. */
  requests = 0
  failed = 0
  /** Why the last one failed; undefined while it is healthy. */
  lastFailure: string | undefined
  readonly #path: string
  readonly #pool: Pool
  readonly #reach: Reach
  readonly #active = new Set<AbortController>()
  #hasAnswered = false

  constructor(url: URL, reach: Reach, health: EndpointHealth) {
    this.name = url.origin + url.pathname
    this.health = health
    this.#path = url.pathname + url.search
    this.#reach = reach
    this.#pool = new Pool(url.origin, {
      connections: reach.maxConnections,
      connect: { ...reach.tls, timeout: reach.connectTimeoutMs },
      // The whole request has its own timeout, which a byte now and then does not put off.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /**
   * Posts a body once.
   *
   * @throws NoAnswerError when there is no whole answer in time.
   */
  async post(body: Buffer, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    // A connection that was idle may be closed by the other side at the very moment that it is used again. That is no
    // failure of the endpoint, and the next connection is a new one.
    const mayBeStale = this.#hasAnswered && this.health.state === 'healthy'
    try {
      return await this.#request('POST', body, headers, this.#reach.requestTimeoutMs)
    } catch (error) {
      if (!mayBeStale || !(error instanceof NoAnswerError) || error.kind !== 'cut') throw error
      return await this.#request('POST', body, headers, this.#reach.requestTimeoutMs)
    }
  }

  /** Asks whether anybody is there. */
  probe(headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    return this.#request('HEAD', null, headers, Math.min(probeTimeoutMs, this.#reach.requestTimeoutMs))
  }

  /** Cancels what is under way and closes all connections. */
  async destroy(): Promise<void> {
    for (const active of this.#active) active.abort(new NoAnswerError('other', 'cancelled'))
    await this.#pool.destroy()
  }

  async #request(
    method: 'POST' | 'HEAD',
    body: Buffer | null,
    headers: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<HttpAnswer> {
    const active = new AbortController()
    this.#active.add(active)
    const late = (): void => active.abort(new NoAnswerError('timeout', `no whole answer within ${timeoutMs} ms`))
    const timer = timeoutMs === Infinity ? undefined : setTimeout(late, timeoutMs)
    this.requests++
    try {
      const answer = await this.#pool.request({ method, path: this.#path, headers, body, signal: active.signal })
      const beginning = await beginningOf(answer.body)
      this.#hasAnswered = true
      return { status: answer.statusCode, headers: answer.headers, body: beginning }
    } catch (error) {
      throw error instanceof NoAnswerError ? error : noAnswer(error as NodeJS.ErrnoException)
    } finally {
      clearTimeout(timer)
      this.#active.delete(active)
    }
  }
}

/** Reads to the end, so that the connection can be used again; from one that goes on and on, only so much. */
async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= maxAnswerBytes) break
  }
  return Buffer.concat(chunks).toString()
}

/** The other side closed the connection. */
const cutCodes: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

function noAnswer(error: NodeJS.ErrnoException): NoAnswerError {
  const code = error.code ?? ''
  const advice = Object.hasOwn(adviceFor, code) ? ` (${adviceFor[code]})` : ''
  return new NoAnswerError(cutCodes.has(code) ? 'cut' : 'other', `${error.message}${advice}`, error)
}

const ownAuthority = 'give the authority that signed it in `tls.ca`'

const adviceFor: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'no such host name',
  DEPTH_ZERO_SELF_SIGNED_CERT: ownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: ownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ownAuthority,
  CERT_HAS_EXPIRED: 'the server needs a new certificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name; `tls.servername` says which one to expect',
}
