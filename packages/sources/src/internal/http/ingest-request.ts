/** What the head of a request that brings entries says, checked before a byte of its body is read. */

import type { IncomingMessage } from 'node:http'
import { acceptedTypes, type BodyFormat, formatOfType } from './body-format.ts'
import { acceptedCodings, codingOf } from './body-source.ts'
import { RefusedError } from './ingest-reply.ts'

export interface IngestHead {
  readonly format: BodyFormat | 'unknown'
  /** How the body is packed; undefined when it is not. */
  readonly coding: string | undefined
  /** The client's name for the request, the same when it sends it again. */
  readonly idempotencyKey: string | undefined
  /** Whether it asks to be answered when the entries are delivered. */
  readonly prefersDelivered: boolean
}

const maxKeyChars = 255

const acceptTypes = { Accept: acceptedTypes }
const acceptCodings = { 'Accept-Encoding': acceptedCodings }

/** Reads the head. @throws RefusedError with 400, 411, 413, 415 or 501. */
export function ingestHead(req: IncomingMessage, maxBodyBytes: number): IngestHead {
  const { headers } = req
  const transfer = headers['transfer-encoding']
  if (transfer !== undefined && transfer.trim().toLowerCase() !== 'chunked') {
    const message = 'of transfer codings only chunked is understood: name others in Content-Encoding'
    // Where such a body ends is not for us to guess.
    throw new RefusedError(501, message, undefined, { Connection: 'close' })
  }
  const length = headers['content-length']
  if (transfer === undefined && length === undefined && req.httpVersionMajor === 1) {
    throw new RefusedError(411, 'expected a body, with Content-Length or Transfer-Encoding: chunked')
  }
  const format = formatOfType(headers['content-type'])
  if (typeof format === 'object') throw new RefusedError(415, format.problem, undefined, acceptTypes)
  const coding = codingOf(headers['content-encoding'])
  if (coding === false) {
    const message = `bodies are unpacked when their Content-Encoding is one of ${acceptedCodings}, or none`
    throw new RefusedError(415, message, undefined, acceptCodings)
  }
  if (Number(length ?? 0) > maxBodyBytes) {
    throw new RefusedError(413, `the body is larger than ${maxBodyBytes} bytes, which is the most that is taken`)
  }
  const key = headers['idempotency-key']
  if (key !== undefined && (typeof key !== 'string' || key === '' || key.length > maxKeyChars)) {
    throw new RefusedError(400, `expected an Idempotency-Key of 1 to ${maxKeyChars} characters`)
  }
  return { format, coding, idempotencyKey: key, prefersDelivered: prefersDelivered(headers['prefer']) }
}

function prefersDelivered(header: string | string[] | undefined): boolean {
  return [header ?? []].flat().some((text) => /(?:^|,)\s*respond-delivered\s*(?:[;,]|$)/i.test(text))
}
