/** Takes parts of batches to the endpoints: which one, when, how often, and what its answer means. */

import { LogwispError } from '@logwisp/core'
import pRetry from 'p-retry'
import type { Outcome } from './batch-delivery.ts'
import { ConcurrencyLimit } from './concurrency-limit.ts'
import { type Attempt, EndpointHealth } from './endpoint-health.ts'
import { EndpointTurns, type Turn } from './endpoint-turns.ts'
import { judge, type NamedRejection, type Verdict } from './http-answer.ts'
import type { HttpClientSettings } from './http-client-settings.ts'
import { HttpEndpoint, NoAnswerError } from './http-endpoint.ts'
import { requestHeaders } from './http-request.ts'
import type { PostBatch } from './post-batch.ts'

/** What the courier tells of. */
export interface CourierEvents {
  retry(of: {
    readonly endpoint: string
    readonly attempt: number
    readonly delayMs: number
    readonly reason: string
    readonly entries: number
  }): void
  failover(of: { readonly from: string; readonly to: string; readonly reason: string }): void
  warning(warning: LogwispError): void
}

/** A try that failed. */
class FailedAttempt extends Error {
  override readonly name = 'FailedAttempt'
  readonly kind: 'passing' | 'refused' | 'late'
  readonly endpoint: HttpEndpoint
  readonly status: number | undefined

  constructor(kind: FailedAttempt['kind'], endpoint: HttpEndpoint, message: string, status?: number) {
    super(message)
    this.kind = kind
    this.endpoint = endpoint
    this.status = status
  }
}

/** After so many cuts in a row the size may be the reason. */
const cutsUntilHalved = 3

/** Bodies up to this size are not halved because the connection was cut: it must have had another reason. */
const minHalvedBytes = 16_384

/** One part on its way. */
interface Journey {
  readonly batch: PostBatch
  readonly from: number
  readonly to: number
  readonly body: Buffer
  readonly deadline: number
  readonly refusals: Set<HttpEndpoint>
  cuts: number
}

export class HttpCourier {
  /** How many requests may be under way. */
  readonly limit: ConcurrencyLimit
  readonly endpoints: readonly HttpEndpoint[]
  /** Tries that failed and were followed by another. */
  retries = 0
  /** Requests under way. */
  inFlight = 0
  /** Bytes of bodies that were taken, as they were sent. */
  bytesOut = 0
  readonly #settings: HttpClientSettings
  readonly #events: CourierEvents
  readonly #turns: EndpointTurns
  readonly #stop = new AbortController()
  #current = 0
  #isUnconfirmed = false

  constructor(settings: HttpClientSettings, events: CourierEvents) {
    this.#settings = settings
    this.#events = events
    this.limit = new ConcurrencyLimit(settings.maxInFlight, settings.adaptiveConcurrency)
    const reach = { ...settings, maxConnections: settings.maxInFlight }
    this.endpoints = settings.urls.map((url) => new HttpEndpoint(url, reach, new EndpointHealth(settings)))
    const headers = () => requestHeaders(settings, this.#stop.signal)
    this.#turns = new EndpointTurns(this.endpoints, settings.strategy, headers, this.#stop.signal)
  }

  /**
   * Sends the entries `from` to `to` of a batch, for as long as it takes.
   *
   * @throws LogwispError `UNDELIVERED` when it may not take longer, `PEER_REFUSED` when no endpoint will have it.
   */
  async post(batch: PostBatch, from: number, to: number): Promise<Outcome> {
    const { body: shape, compress, retries, maxRetryMs } = this.#settings
    const plain = batch.body(shape, from, to)
    const body = compress === undefined ? plain : await compress(plain)
    const deadline = performance.now() + maxRetryMs
    const journey: Journey = { batch, from, to, body, deadline, refusals: new Set(), cuts: 0 }
    const { signal } = this.#stop
    let tries = 0
    try {
      // The waiting between two tries is the endpoints': each has its own pause, which all batches keep.
      return await pRetry(
        (attempt) => {
          tries = attempt
          return this.#try(journey, attempt)
        },
        { retries, minTimeout: 0, maxTimeout: 0, signal, shouldRetry: ({ error }) => !isFinal(error) },
      )
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof FailedAttempt)) throw error
      return this.#giveUp(error, tries, to - from)
    }
  }

  /** Cancels everything. */
  async destroy(): Promise<void> {
    this.#stop.abort(new NoAnswerError('other', 'cancelled'))
    this.#turns.wake()
    await Promise.all(this.endpoints.map((endpoint) => endpoint.destroy()))
  }

  async #try(journey: Journey, attempt: number): Promise<Outcome> {
    const { batch, from, to, body } = journey
    const { endpoint, mark } = await this.#turn(journey.deadline, attempt)
    const startedAt = performance.now()
    this.inFlight++
    try {
      const verdict = await this.#ask(endpoint, batch, from, to, body)
      if (verdict.kind === 'retry' || verdict.kind === 'refused') {
        if (verdict.kind === 'refused') journey.refusals.add(endpoint)
        if (verdict.kind === 'retry') this.limit.overloaded()
        const kind = journey.refusals.size === this.endpoints.length ? 'refused' : 'passing'
        const pause = verdict.kind === 'retry' ? verdict.retryAfterMs : undefined
        throw this.#failed(endpoint, mark, kind, verdict.reason, pause, verdict.status)
      }
      this.limit.answered(performance.now() - startedAt, this.inFlight)
      this.#worked(endpoint, mark)
      if (verdict.kind === 'taken') this.bytesOut += body.length
      return this.#outcome(verdict, endpoint)
    } catch (error) {
      if (this.#stop.signal.aborted) throw this.#stop.signal.reason
      if (error instanceof NoAnswerError) {
        if (error.kind === 'timeout') this.limit.overloaded()
        journey.cuts = error.kind === 'cut' ? journey.cuts + 1 : 0
        const failure = this.#failed(endpoint, mark, 'passing', error.message)
        if (this.#isPerhapsTooLarge(journey)) return this.#tooLarge(endpoint, failure.message)
        this.#told(failure, attempt, to - from)
        throw failure
      }
      if (!(error instanceof FailedAttempt)) endpoint.health.cancelled(mark)
      else if (error.kind === 'passing') this.#told(error, attempt, to - from)
      throw error
    } finally {
      this.inFlight--
      this.#turns.wake()
    }
  }

  async #ask(
    endpoint: HttpEndpoint,
    batch: PostBatch,
    from: number,
    to: number,
    body: Buffer,
  ): Promise<Verdict & { readonly status: number }> {
    const isWhole = from === 0 && to === batch.entries
    const headers = await requestHeaders(this.#settings, this.#stop.signal)
    const answer = await endpoint.post(body, {
      ...headers,
      'idempotency-key': isWhole ? batch.key : `${batch.key}-${from}-${to}`,
    })
    return { ...judge(answer, to - from, this.#settings.retryStatuses, Date.now()), status: answer.status }
  }

  #outcome(verdict: Exclude<Verdict, { kind: 'retry' | 'refused' }> & { status: number }, by: HttpEndpoint): Outcome {
    const why = (reason: string) => ({ reason: this.#hide(reason), status: verdict.status, endpoint: by.name })
    if (verdict.kind === 'too-large') return { kind: 'too-large', why: why(verdict.reason) }
    if (verdict.kind === 'invalid') return { kind: 'invalid', why: why(verdict.reason), index: verdict.index }
    this.#checkConfirmed(verdict.status, by)
    const rejected = verdict.rejected.map(({ index, reason }: NamedRejection) => ({ index, why: why(reason) }))
    return { kind: 'taken', rejected }
  }

  /** Some networks and servers cut the connection instead of saying that a body is too large. */
  #isPerhapsTooLarge({ cuts, body, from, to }: Journey): boolean {
    return cuts >= cutsUntilHalved && body.length > minHalvedBytes && to - from > 1
  }

  #tooLarge(endpoint: HttpEndpoint, reason: string): Outcome {
    this.retries++
    return { kind: 'too-large', why: { reason, status: undefined, endpoint: endpoint.name } }
  }

  #worked(endpoint: HttpEndpoint, mark: Attempt): void {
    if (endpoint.health.succeeded(mark)) endpoint.lastFailure = undefined
    const before = this.#current
    const now = this.endpoints.indexOf(endpoint)
    if (this.#settings.strategy !== 'failover' || before === now) return
    this.#current = now
    const from = this.endpoints[before] as HttpEndpoint
    const reason = from.lastFailure ?? `${endpoint.name} is back`
    this.#events.failover({ from: from.name, to: endpoint.name, reason })
  }

  #failed(
    endpoint: HttpEndpoint,
    mark: Attempt,
    kind: FailedAttempt['kind'],
    reason: string,
    retryAfterMs?: number,
    status?: number,
  ): FailedAttempt {
    const wasHealthy = endpoint.health.state === 'healthy'
    const words = this.#hide(reason)
    endpoint.failed++
    endpoint.lastFailure = words
    endpoint.health.failed(mark, performance.now(), retryAfterMs)
    if (wasHealthy && kind === 'passing') {
      const message = `${endpoint.name} does not take entries (${words}); they wait, and are sent again`
      this.#events.warning(new LogwispError('PEER_FAILING', message))
    }
    return new FailedAttempt(kind, endpoint, words, status)
  }

  #told({ endpoint, message }: FailedAttempt, attempt: number, entries: number): void {
    if (attempt > this.#settings.retries) return
    this.retries++
    const { delayMs } = this.#turns
    this.#events.retry({ endpoint: endpoint.name, attempt, delayMs, reason: message, entries })
  }

  #giveUp({ kind, endpoint, message, status }: FailedAttempt, tries: number, entries: number): Outcome {
    if (this.#settings.whenUndeliverable === 'reject') {
      return { kind: 'rejected', why: { reason: message, status, endpoint: endpoint.name } }
    }
    const refused = `${endpoint.name} refuses what it is sent (${message}): check the address and the credentials`
    const spent = `${endpoint.name} did not take a batch of ${entries} in ${tries} tries (${message}): raise \`retries\` or \`maxRetryMs\`, both unlimited by default`
    const advice = "they were not acknowledged. `whenUndeliverable: 'reject'` goes on without such entries"
    if (kind === 'refused') throw new LogwispError('PEER_REFUSED', `${refused}; ${advice}`)
    throw new LogwispError('UNDELIVERED', `${spent}; ${advice}`)
  }

  async #turn(deadline: number, attempt: number): Promise<Turn> {
    const isLate = attempt > 1 && performance.now() >= deadline
    const turn = isLate ? undefined : await this.#turns.next(deadline)
    if (turn !== undefined) return turn
    const last = this.endpoints[this.#current] as HttpEndpoint
    throw new FailedAttempt('late', last, last.lastFailure ?? 'no answer in time')
  }

  /** Says once when an endpoint that was asked to answer only when it has delivered answers before that. */
  #checkConfirmed(status: number, endpoint: HttpEndpoint): void {
    if (this.#settings.respond !== 'delivered' || status !== 202 || this.#isUnconfirmed) return
    this.#isUnconfirmed = true
    const message = `${endpoint.name} answers 202: it has taken the entries, and does not say when they are delivered; its own \`respond\` decides what it offers`
    this.#events.warning(new LogwispError('NOT_CONFIRMED', message))
  }

  #hide(text: string): string {
    return this.#settings.secrets.hide(text)
  }
}

function isFinal(error: Error): boolean {
  return !(error instanceof FailedAttempt) || error.kind !== 'passing'
}
