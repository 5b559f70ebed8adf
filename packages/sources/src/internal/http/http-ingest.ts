/** Serves requests that bring entries: who may, how often the same one, how many at once, and what they are answered. */

import { createHash } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { OriginTracker } from '@logwisp/core'
import { type Identity, isRefusal } from '@logwisp/core/server'
import { readBody } from './body-source.ts'
import type { DeliveryWaits } from './delivery-waits.ts'
import { accessRefused, busy, RefusedError, type Reply, sendReply } from './ingest-reply.ts'
import { type IngestHead, ingestHead } from './ingest-request.ts'
import { type IngestShared, type Outcome, receiveBody } from './receive-body.ts'
import { Remembered } from './remembered.ts'
import { type BodyHolder, WaitedBodies } from './waited-bodies.ts'

export interface HttpIngestOptions extends Omit<IngestShared, 'signal' | 'onBytes' | 'waited'> {
  readonly respond: 'accepted' | 'delivered' | 'either'
  readonly answer: ((outcome: IngestOutcome) => object) | undefined
  readonly addSender: boolean
  readonly maxRequests: number
  readonly deliverTimeoutMs: number
  /** For how long a request's key is remembered. */
  readonly rememberMs: number
  readonly tracker: OriginTracker
  readonly deliveries: DeliveryWaits
  /** Names what this process receives; another at each start. */
  readonly instance: string
}

/** An entry of a request that could not be read. */
export type IngestProblem = { readonly message: string } & (
  | { /** Its place in the array, from 0. */ readonly entry: number }
  | { /** Its line, from 1. */ readonly line: number }
)

/** What became of the entries of a request. */
export interface IngestOutcome {
  /** How many were taken. Those that had come before are among them. */
  readonly accepted: number
  /** How many there were. */
  readonly total: number
  /** How many of those taken had come before, by their id, and were not given again. */
  readonly duplicates: number
  /** Those that were left out, up to ten: with `whenInvalid: 'skip'`. */
  readonly errors: readonly IngestProblem[]
}

/** The requests of a source, counted. */
export interface RequestCounts {
  /** Being served now. */
  readonly underWay: number
  /** Answered with 202 or 200. */
  readonly accepted: number
  /** Those of the accepted whose idempotency key was known: nothing of them was given again. */
  readonly repeated: number
  /** Answered with another status, by status. */
  readonly refused: Readonly<Record<string, number>>
}

/** Request keys that are remembered are few beside entries, and each is a hash of the same length. */
const rememberedKeys = { maxEntries: 20_000, maxBytes: 8 * 1024 * 1024 } as const

const deliveredPreference = { 'Preference-Applied': 'respond-delivered' }

export class HttpIngest {
  readonly #options: HttpIngestOptions
  readonly #shared: IngestShared
  readonly #outcomes: Remembered<Outcome>
  readonly #waited: WaitedBodies
  /** Requests with a key that are under way: who sends one again waits for the first. */
  readonly #running = new Map<string, Promise<void>>()
  readonly #cut = new AbortController()
  readonly #refused = new Map<number, number>()
  readonly #whenGiven: (() => void)[] = []
  readonly #whenSettled: (() => void)[] = []
  #requests = 0
  #underWay = 0
  #giving = 0
  #accepted = 0
  #repeated = 0
  #bytesIn = 0
  #isStopping = false

  constructor(options: HttpIngestOptions) {
    this.#options = options
    this.#waited = new WaitedBodies(options.maxRequests)
    const { signal } = this.#cut
    // One listener for each request under way, which are bounded.
    setMaxListeners(0, signal)
    this.#shared = {
      ...options,
      signal,
      waited: this.#waited,
      onBytes: (bytes) => {
        this.#bytesIn += bytes
      },
    }
    this.#outcomes = new Remembered({ ...rememberedKeys, windowMs: options.rememberMs })
  }

  /** Bytes of bodies, unpacked. */
  get bytesIn(): number {
    return this.#bytesIn
  }

  get requests(): RequestCounts {
    return Object.freeze({
      underWay: this.#underWay,
      accepted: this.#accepted,
      repeated: this.#repeated,
      refused: Object.freeze(Object.fromEntries(this.#refused)),
    })
  }

  /** Takes no more requests, and resolves once those under way have given what they have. */
  async given(): Promise<void> {
    this.#isStopping = true
    if (this.#giving > 0) await new Promise<void>((resolve) => this.#whenGiven.push(resolve))
  }

  /** Takes no more requests, and resolves once those under way are answered. */
  async settled(): Promise<void> {
    this.#isStopping = true
    if (this.#underWay > 0) await new Promise<void>((resolve) => this.#whenSettled.push(resolve))
  }

  /** Ends the requests under way; they are told why. */
  cut(message: string): void {
    this.#isStopping = true
    const error = busy(message)
    this.#options.turnstile.close(error)
    this.#cut.abort(error)
    this.#options.deliveries.giveUp()
  }

  /** Answers a request; never rejects. `mustContinue`: the client waits for a word before it sends the body. */
  async serve(req: IncomingMessage, res: ServerResponse, mustContinue: boolean): Promise<void> {
    this.#underWay++
    let reply: Reply
    try {
      reply = await this.#process(req, res, mustContinue)
      this.#accepted++
    } catch (error) {
      reply = (error instanceof RefusedError ? error : unforeseen(error as Error)).reply
      this.#refused.set(reply.status, (this.#refused.get(reply.status) ?? 0) + 1)
    }
    this.#underWay--
    sendReply(req, res, reply, this.#isStopping)
    if (this.#underWay === 0) for (const resolve of this.#whenSettled.splice(0)) resolve()
  }

  async #process(req: IncomingMessage, res: ServerResponse, mustContinue: boolean): Promise<Reply> {
    const { access, maxRequests, maxBodyBytes, respond } = this.#options
    this.#refuseWhenStopping()
    // A place is for those that send: a body that trickles is cut, rather than a newcomer refused.
    if (this.#underWay > maxRequests && !this.#waited.makePlace(performance.now())) {
      throw busy(`${maxRequests} requests are being served, which is the most at once: come again`)
    }
    const identity = await access?.request(req, 'ingest')
    if (identity !== undefined && isRefusal(identity)) throw accessRefused(identity)
    const overRate = identity === undefined ? undefined : access?.overEntryRate(identity)
    if (overRate !== undefined) throw accessRefused(overRate)
    // Asking took time: whoever has begun to give by then is waited for, and nobody else.
    this.#refuseWhenStopping()
    const head = ingestHead(req, maxBodyBytes)
    const isMarked = respond === 'delivered' || (respond === 'either' && head.prefersDelivered)
    this.#giving++
    let outcome: Outcome
    try {
      outcome = await this.#receiveOnce(req, head, identity, isMarked, () => mustContinue && res.writeContinue())
    } finally {
      if (--this.#giving === 0) for (const resolve of this.#whenGiven.splice(0)) resolve()
    }
    return this.#answer(outcome, isMarked, head)
  }

  #refuseWhenStopping(): void {
    if (this.#isStopping) throw busy('no more entries are taken: the service is stopping')
  }

  /** Receives a request; one whose key is known is not given again, but answered as the first was. */
  async #receiveOnce(
    req: IncomingMessage,
    head: IngestHead,
    identity: Identity | undefined,
    isMarked: boolean,
    proceed: () => void,
  ): Promise<Outcome> {
    const key = head.idempotencyKey
    if (key === undefined) {
      const requestId = `${this.#options.instance}.${++this.#requests}`
      return this.#receive(req, head, identity, requestId, isMarked, proceed)
    }
    // Of one length, whatever clients invent, and apart for each of them.
    const requestId = createHash('sha256')
      .update(`${identity?.name ?? ''}\n${key}`)
      .digest('base64url')
    for (;;) {
      const first = this.#outcomes.get(requestId, performance.now())
      if (first !== undefined) {
        this.#repeated++
        await this.#passOver(req, proceed)
        return first
      }
      const running = this.#running.get(requestId)
      if (running === undefined) break
      await this.#waitForFirst(running)
    }
    const receiving = this.#receive(req, head, identity, requestId, isMarked, proceed)
    this.#running.set(
      requestId,
      receiving.then(
        () => {},
        () => {},
      ),
    )
    try {
      const outcome = await receiving
      if (outcome.accepted === outcome.total) this.#outcomes.add(requestId, outcome, performance.now())
      return outcome
    } finally {
      this.#running.delete(requestId)
    }
  }

  async #receive(
    req: IncomingMessage,
    head: IngestHead,
    identity: Identity | undefined,
    requestId: string,
    isMarked: boolean,
    proceed: () => void,
  ): Promise<Outcome> {
    const { turnstile, busyTimeoutMs, tracker, addSender } = this.#options
    if (turnstile.fullForMs(performance.now()) > busyTimeoutMs) {
      throw busy('the pipeline takes no entries at this time: come again')
    }
    const parsed = parsedBody(req)
    proceed()
    return receiveBody(
      req,
      {
        format: head.format,
        coding: head.coding,
        identity,
        origin: { tracker, requestId },
        isTracked: isMarked || head.idempotencyKey !== undefined,
        isMarked,
        peer: addSender ? (identity?.name ?? identity?.address ?? req.socket.remoteAddress ?? 'unknown') : undefined,
        parsed,
      },
      this.#shared,
    )
  }

  async #waitForFirst(running: Promise<void>): Promise<void> {
    const { busyTimeoutMs } = this.#options
    const waiting = new AbortController()
    const late = delay(Math.min(busyTimeoutMs, maxTimerMs), true, { ref: false, signal: waiting.signal })
    late.catch(() => {})
    const isLate = await Promise.race([running, late])
    waiting.abort()
    if (isLate === true) throw busy('a request with this Idempotency-Key is under way: come again')
  }

  /** The body of a request that need not be read. It is, when it comes anyway, so that the connection can go on. */
  async #passOver(req: IncomingMessage, proceed: () => void): Promise<void> {
    const { maxBodyBytes, bodyTimeoutMs } = this.#options
    if (parsedBody(req) !== undefined) return
    proceed()
    const { signal } = this.#cut
    const options = { maxBodyBytes, timeoutMs: bodyTimeoutMs, waited: this.#waited, holder: holdsNothing, signal }
    await readBody(req, undefined, { ...options, onPiece: () => {} }).catch(() => {})
  }

  async #answer(outcome: Outcome, isMarked: boolean, { prefersDelivered }: IngestHead): Promise<Reply> {
    const { accepted, total, duplicates, problems, hasLongEntry, sequence } = outcome
    const numbers = {
      accepted,
      total,
      ...(duplicates > 0 ? { duplicates } : {}),
      ...(problems.length > 0 ? { errors: problems } : {}),
    }
    if (accepted === 0 && total > 0) {
      const status = hasLongEntry && total === 1 ? 413 : 400
      throw new RefusedError(status, `none of ${total} could be taken: see errors`, numbers)
    }
    const value = (): object => this.#options.answer?.({ accepted, total, duplicates, errors: problems }) ?? numbers
    if (!isMarked) return { status: 202, value: value() }
    const headers = prefersDelivered ? deliveredPreference : undefined
    const { deliveries, deliverTimeoutMs } = this.#options
    if (await deliveries.wait(sequence, deliverTimeoutMs)) return { status: 200, value: value(), headers }
    if (this.#cut.signal.aborted) throw (this.#cut.signal.reason as RefusedError).with(numbers)
    const message = `taken, but not known to be delivered after ${deliverTimeoutMs} ms: send it again with the same key`
    throw new RefusedError(504, message, numbers)
  }
}

/** A body that is passed over. */
const holdsNothing: BodyHolder = { heldBytes: 0, release() {} }

/** What a timer can wait for. */
const maxTimerMs = 2 ** 31 - 1

function unforeseen(error: Error): RefusedError {
  return new RefusedError(500, `the request could not be served: ${error.message}`)
}

/**
 * What a body parser of the framework around has made of the body, when it has read it.
 *
 * @throws RefusedError 500 when the body was read and nothing is left of it.
 */
function parsedBody(req: IncomingMessage): { readonly value: unknown } | undefined {
  if (!req.readableDidRead && !req.readableEnded) return undefined
  const { body } = req as { body?: unknown }
  if (body !== undefined && body !== null) return { value: body }
  const message =
    'something before httpSource has read the body and left nothing of it: mount its handler before body parsers'
  throw new RefusedError(500, message)
}
