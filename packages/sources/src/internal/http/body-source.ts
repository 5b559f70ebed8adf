/** A request's body as it is unpacked: pieces come while they are wanted, and every way that it can go wrong is told. */

import type { IncomingMessage } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { type BodyHolder, type WaitedBodies, WaitedBody } from './waited-bodies.ts'

/** Why a body was not read to its end. */
export class BodyError extends Error {
  /** `aborted`: the client went away, there is nobody to answer. */
  readonly reason: 'aborted' | 'too-large' | 'too-slow' | 'not-packed'

  constructor(reason: BodyError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

export interface BodyOptions {
  /** Of the body as it comes, and again of what is unpacked. */
  readonly maxBodyBytes: number
  /** How long the client may be waited for, all in all. */
  readonly timeoutMs: number
  /** Where it is looked for whom others may push aside, while the client is waited for. */
  readonly waited: WaitedBodies
  readonly holder: BodyHolder
  /** Ends the reading with its reason. */
  readonly signal: AbortSignal
  /** Takes a piece; the next one comes once the promise has resolved. What it throws ends the reading. */
  readonly onPiece: (bytes: Buffer) => void | Promise<void>
}

/** Packed bodies are unpacked this much at a time. */
const pieceBytes = 65_536

/** Of zstd, whose frames may ask for gigabytes: what RFC 9659 has senders keep to. */
const maxZstdWindowLog = 23

type Unpack = (firstByte: number) => Transform

/** zstd is in Node from 22.15 on. */
interface MaybeZstd {
  readonly createZstdDecompress?: (options: object) => Transform
  readonly constants: { readonly ZSTD_d_windowLogMax?: number }
}

const codings: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['gzip', () => zlib.createGunzip({ chunkSize: pieceBytes })],
  ['x-gzip', () => zlib.createGunzip({ chunkSize: pieceBytes })],
  // By the standard it is zlib's format; some clients send it bare.
  [
    'deflate',
    (firstByte) =>
      (firstByte & 0x0f) === 8
        ? zlib.createInflate({ chunkSize: pieceBytes })
        : zlib.createInflateRaw({ chunkSize: pieceBytes }),
  ],
  ['br', () => zlib.createBrotliDecompress({ chunkSize: pieceBytes })],
  ...zstd(zlib as unknown as MaybeZstd),
])

function zstd({ createZstdDecompress, constants }: MaybeZstd): [string, Unpack][] {
  const { ZSTD_d_windowLogMax: windowLogMax } = constants
  if (createZstdDecompress === undefined || windowLogMax === undefined) return []
  const options = { chunkSize: pieceBytes, params: { [windowLogMax]: maxZstdWindowLog } }
  return [['zstd', () => createZstdDecompress(options)]]
}

/** What a `Content-Encoding` may be. */
export const acceptedCodings: string = [...codings.keys()].filter((name) => name !== 'x-gzip').join(', ')

/** The coding that a `Content-Encoding` names; undefined for none, false for one that is not known, or several. */
export function codingOf(header: string | undefined): string | undefined | false {
  const name = (header ?? '').trim().toLowerCase()
  if (name === '' || name === 'identity') return undefined
  return codings.has(name) ? name : false
}

/**
 * Reads a request's body to its end.
 *
 * @throws BodyError, or what `onPiece` throws. The request is paused then, and still open.
 */
export async function readBody(req: IncomingMessage, coding: string | undefined, options: BodyOptions): Promise<void> {
  if (coding === undefined) return pump(req, req, new Clock(req, options), options)
  const clock = new Clock(req, options)
  const firstByte = await waitForFirstByte(req, clock, options.signal)
  // An empty body is empty, packed or not.
  if (firstByte === undefined) return
  await pump(req, (codings.get(coding) as Unpack)(firstByte), clock, options)
}

/** Measures how long the client was waited for; says so when that is too long, or longer than others can be made to wait. */
class Clock {
  readonly #req: IncomingMessage
  readonly #body: WaitedBody
  #leftMs: number
  #startedMs: number | undefined
  #timer: NodeJS.Timeout | undefined
  #onOver: (error: BodyError) => void = () => {}

  constructor(req: IncomingMessage, { timeoutMs, waited, holder }: BodyOptions) {
    this.#req = req
    this.#leftMs = timeoutMs
    this.#body = new WaitedBody(waited, holder, () => this.#onOver(displaced()))
  }

  start(onOver: (error: BodyError) => void): void {
    this.#onOver = onOver
    this.#startedMs = performance.now()
    if (this.#leftMs !== Infinity) {
      this.#timer = setTimeout(() => onOver(tooSlow()), Math.max(1, this.#leftMs)).unref()
    }
    // A body that is here already waits for nobody. Last, since it may be over with that.
    if (!this.#req.complete) this.#body.start(this.#startedMs)
  }

  came(bytes: number): void {
    this.#body.came(bytes, performance.now())
  }

  stop(): void {
    if (this.#startedMs === undefined) return
    clearTimeout(this.#timer)
    const nowMs = performance.now()
    this.#body.stop(nowMs)
    this.#leftMs -= nowMs - this.#startedMs
    this.#startedMs = undefined
  }
}

const tooSlow = (): BodyError => new BodyError('too-slow', 'the body did not come in time')
const displaced = (): BodyError =>
  new BodyError('too-slow', 'the body came slowly, and others had no place left: send it again, faster')
const aborted = (): BodyError => new BodyError('aborted', 'the client went away before the end of the body')

function waitForFirstByte(req: IncomingMessage, clock: Clock, signal: AbortSignal): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      clock.stop()
      signal.removeEventListener('abort', cut)
      req.off('readable', look).off('end', end).off('error', fail).off('close', fail)
      settled()
    }
    const look = (): void => {
      const piece: Buffer | null = req.read()
      if (piece === null) return
      settle(() => {
        req.unshift(piece)
        resolve(piece[0])
      })
    }
    const end = (): void => settle(() => resolve(undefined))
    const fail = (): void => settle(() => reject(aborted()))
    const cut = (): void => settle(() => reject(signal.reason as Error))
    signal.addEventListener('abort', cut)
    req.on('readable', look).on('end', end).on('error', fail).on('close', fail)
    clock.start((error) => settle(() => reject(error)))
  })
}

/** Pieces from `body`, which is the request itself or what unpacks it. */
function pump(
  req: IncomingMessage,
  body: Readable,
  clock: Clock,
  { maxBodyBytes, signal, onPiece }: BodyOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = maxBodyBytes
    let leftPacked = maxBodyBytes
    let isOver = false
    const settle = (error?: Error): void => {
      if (isOver) return
      isOver = true
      clock.stop()
      signal.removeEventListener('abort', cut)
      req.off('error', fail).off('close', close)
      body.off('data', take).off('end', end)
      if (body !== req) {
        req.off('data', countPacked)
        req.unpipe()
        body
          .off('error', notPacked)
          .on('error', () => {})
          .destroy()
      }
      if (error === undefined) return resolve()
      req.pause()
      reject(error)
    }
    const resume = (): void => {
      if (isOver) return
      body.resume()
      clock.start(settle)
    }
    const take = (piece: Buffer): void => {
      if (isOver) return
      if (body === req) clock.came(piece.length)
      left -= piece.length
      if (left < 0) return settle(tooLarge(maxBodyBytes))
      let taken: void | Promise<void>
      try {
        taken = onPiece(piece)
      } catch (error) {
        return settle(error as Error)
      }
      if (taken === undefined) return
      body.pause()
      clock.stop()
      taken.then(resume, settle)
    }
    // Bytes that unpack to nothing cost time too, and may come for ever.
    const countPacked = (piece: Buffer): void => {
      clock.came(piece.length)
      leftPacked -= piece.length
      if (leftPacked < 0) settle(tooLarge(maxBodyBytes))
    }
    const end = (): void => settle()
    const fail = (): void => settle(aborted())
    const close = (): void => {
      if (!req.readableEnded) settle(aborted())
    }
    const cut = (): void => settle(signal.reason as Error)
    const notPacked = (cause: Error): void =>
      settle(new BodyError('not-packed', `the body is not packed as its Content-Encoding says: ${cause.message}`))
    signal.addEventListener('abort', cut)
    req.on('error', fail).on('close', close)
    body.on('data', take).on('end', end)
    if (body !== req) {
      body.on('error', notPacked)
      req.on('data', countPacked)
      req.pipe(body as Transform)
    }
    clock.start(settle)
  })
}

function tooLarge(maxBodyBytes: number): BodyError {
  return new BodyError('too-large', `the body is larger than ${maxBodyBytes} bytes, which is the most that is taken`)
}
