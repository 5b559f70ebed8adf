/** Reads one request's body, gives its entries, and says how many there were. */

import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { AccessControl, Identity } from '@logwisp/core/server'
import type { BodyFormat } from './body-format.ts'
import { type BodyReader, bodyReader } from './body-reader.ts'
import { BodyError, readBody } from './body-source.ts'
import { busy, RefusedError } from './ingest-reply.ts'
import { BodyProblem, type Problem, ReceivedEntries, type ReceivedItem } from './received-entries.ts'
import type { RequestOrigin } from './received-origin.ts'
import type { Parcel, Turnstile } from './turnstile.ts'
import type { BodyHolder, WaitedBodies } from './waited-bodies.ts'

/** Items on their way out. */
export interface IngestParcel extends Parcel {
  /** How many of its entries had come before. */
  readonly duplicates: number
  /** The place in what the source gave up to which an acknowledgement covers it, once all of it is given. */
  readonly sequence: number
}

/** What all requests of a source share. */
export interface IngestShared {
  readonly source: string
  readonly access: AccessControl | undefined
  readonly rejectsAll: boolean
  readonly maxBodyBytes: number
  readonly maxEntryBytes: number
  readonly bodyTimeoutMs: number
  readonly busyTimeoutMs: number
  readonly turnstile: Turnstile
  readonly held: HeldBytes
  readonly waited: WaitedBodies
  /** Cuts all requests short. */
  readonly signal: AbortSignal
  /** Items to be given; behind them a marker when the request waits for their delivery. */
  parcel(items: readonly ReceivedItem[], isMarked: boolean): IngestParcel
  /** Bytes of a body came, unpacked. */
  onBytes(bytes: number): void
  /** Some of what came is no entries, and is left out. */
  onInvalid(entries: number): void
}

/** What is asked of one request. */
export interface IngestTask {
  readonly format: BodyFormat | 'unknown'
  readonly coding: string | undefined
  readonly identity: Identity | undefined
  readonly origin: RequestOrigin
  /** Whether its entries need origins. */
  readonly isTracked: boolean
  /** Whether its answer waits for delivery. */
  readonly isMarked: boolean
  /** Put into the entries' fields. */
  readonly peer: string | undefined
  /** A body that something before us has read and parsed, instead of one to read. */
  readonly parsed: { readonly value: unknown } | undefined
}

/** The numbers of an answer. */
export interface Outcome {
  readonly accepted: number
  readonly total: number
  readonly duplicates: number
  readonly problems: readonly Problem[]
  readonly hasLongEntry: boolean
  readonly sequence: number
}

/** Memory that requests hold before they can give it. */
export class HeldBytes {
  readonly max: number
  total = 0

  constructor(max: number) {
    this.max = max
  }
}

/** Reads and gives. @throws RefusedError, with what was accepted before when that is not nothing. */
export async function receiveBody(req: IncomingMessage, task: IngestTask, shared: IngestShared): Promise<Outcome> {
  const receiving = new Receiving(req, task, shared)
  try {
    return await receiving.run()
  } finally {
    receiving.release()
  }
}

class Receiving implements BodyHolder {
  readonly #req: IncomingMessage
  readonly #task: IngestTask
  readonly #shared: IngestShared
  readonly #received: ReceivedEntries
  readonly #reader: BodyReader
  #heldBytes = 0
  #duplicates = 0
  #invalid = 0
  #sequence = 0
  /** Entries that were given; duplicates are. */
  #given = 0

  constructor(req: IncomingMessage, task: IngestTask, shared: IngestShared) {
    this.#req = req
    this.#task = task
    this.#shared = shared
    this.#received = new ReceivedEntries({
      defaults: { time: Date.now(), source: shared.source },
      maxEntryBytes: shared.maxEntryBytes,
      rejectsAll: shared.rejectsAll,
      isTracked: task.isTracked,
      request: task.origin,
      peer: task.peer,
    })
    this.#reader = bodyReader(task.format, this.#received, shared.maxEntryBytes)
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  async run(): Promise<Outcome> {
    const { rejectsAll } = this.#shared
    try {
      await this.#read()
    } catch (error) {
      // What was complete before the trouble is taken, unless nothing of such a request is.
      if (!rejectsAll && error instanceof BodyProblem) await this.#give(false)
      throw this.#refusal(error as Error)
    }
    if (this.#received.total === 0 && this.#reader.isEmpty && !Array.isArray(this.#task.parsed?.value)) {
      throw new RefusedError(400, 'expected at least one entry, got an empty body')
    }
    await this.#give(this.#task.isMarked)
    return this.#outcome()
  }

  release(): void {
    this.#hold(0)
  }

  async #read(): Promise<void> {
    const { coding, parsed } = this.#task
    const { maxBodyBytes, bodyTimeoutMs, waited, signal, onBytes } = this.#shared
    if (parsed !== undefined) return this.#readParsed(parsed.value)
    await readBody(this.#req, coding, {
      maxBodyBytes,
      timeoutMs: bodyTimeoutMs,
      waited,
      holder: this,
      signal,
      onPiece: (bytes) => {
        onBytes(bytes.length)
        return this.#take(bytes)
      },
    })
    this.#reader.end()
  }

  #take(bytes: Buffer): void | Promise<void> {
    this.#reader.feed(bytes)
    this.#hold(this.#reader.heldBytes + this.#received.pendingBytes)
    return this.#shared.rejectsAll ? undefined : this.#give(false)
  }

  /** A body that a parser before us has read: its bytes, or the values that it made of them. */
  #readParsed(value: unknown): void {
    if (typeof value === 'string' || value instanceof Uint8Array) {
      this.#reader.feed(Buffer.from(value as string))
      return this.#reader.end()
    }
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    for (const [place, one] of values.entries()) this.#received.value(one, place)
  }

  /** Gives what came since the last time; undefined when that took no waiting. */
  #give(isMarked: boolean): undefined | Promise<void> {
    const { turnstile } = this.#shared
    this.#countInvalid()
    const items = this.#received.take()
    if (items.length === 0 && !isMarked) return undefined
    const parcel = this.#shared.parcel(items, isMarked)
    const valid = this.#received.total - this.#received.invalid
    const turn = turnstile.pass(parcel)
    if (turn !== undefined) {
      return this.#waitFor(turn.passed, () => turn.leave()).then(() => this.#gave(parcel, valid))
    }
    return this.#gave(parcel, valid)
  }

  /** A request that has given nothing can be sent away; another one waits as long as it takes. */
  async #waitFor(passed: Promise<void>, leave: () => boolean): Promise<void> {
    const { busyTimeoutMs } = this.#shared
    if (busyTimeoutMs === Infinity || this.#given > 0) return passed
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((_, reject) => {
      timer = setTimeout(() => {
        if (leave()) reject(busy('the pipeline takes no entries at this time: come again'))
      }, busyTimeoutMs).unref()
    })
    try {
      await Promise.race([passed, late])
    } finally {
      clearTimeout(timer)
    }
  }

  #gave(parcel: IngestParcel, valid: number): undefined | Promise<void> {
    const { access } = this.#shared
    const { identity } = this.#task
    const entries = valid - this.#given
    this.#given = valid
    this.#duplicates += parcel.duplicates
    this.#sequence = parcel.sequence
    this.#hold(this.#reader.heldBytes)
    if (access === undefined || identity === undefined || entries === 0) return undefined
    const waitMs = access.entries(identity, entries)
    // A body that has come whole need not be slowed down: the next request will be.
    if (waitMs === 0 || this.#req.complete) return undefined
    return delay(waitMs, undefined, { ref: false, signal: this.#shared.signal })
  }

  #countInvalid(): void {
    const { invalid } = this.#received
    if (invalid > this.#invalid) this.#shared.onInvalid(invalid - this.#invalid)
    this.#invalid = invalid
  }

  #hold(bytes: number): void {
    const { held, waited } = this.#shared
    held.total += bytes - this.#heldBytes
    this.#heldBytes = bytes
    if (bytes === 0 || held.total <= held.max) return
    // Memory is for those that send: whoever sits on it makes room.
    while (bytes <= held.max && waited.makeMemory(performance.now(), this)) if (held.total <= held.max) return
    if (held.total > bytes) throw busy('requests hold as much memory as they may: come again')
    const message = `the body takes more than ${held.max} bytes of memory to hold, which is the most: send smaller ones`
    throw new RefusedError(413, message)
  }

  #outcome(): Outcome {
    const { total, problems, hasLongEntry } = this.#received
    return {
      accepted: this.#given,
      total,
      duplicates: this.#duplicates,
      problems,
      hasLongEntry,
      sequence: this.#sequence,
    }
  }

  #refusal(error: Error): Error {
    const numbers = { accepted: this.#given, total: this.#received.total }
    if (error instanceof BodyProblem) {
      const { status, message, problem } = error
      const errors = problem === undefined ? this.#received.problems : [...this.#received.problems, problem]
      const place =
        problem === undefined ? '' : 'line' in problem ? `line ${problem.line}: ` : `entry ${problem.entry}: `
      return new RefusedError(status, `${place}${message}`, { ...numbers, errors })
    }
    if (error instanceof BodyError) {
      const statuses = { aborted: 400, 'too-large': 413, 'too-slow': 408, 'not-packed': 400 } as const
      return new RefusedError(statuses[error.reason], error.message, numbers)
    }
    if (error instanceof RefusedError && this.#given > 0) return error.with(numbers)
    return error
  }
}
