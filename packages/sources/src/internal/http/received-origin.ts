/** The way back of what came in a request. */

import type { BatchOrigins, Origin, OriginTracker } from '@logwisp/core'

/** Names a request's entries that came without ids of their own. */
export interface RequestOrigin {
  readonly tracker: OriginTracker
  /** The same when the client sends the request again with its idempotency key. */
  readonly requestId: string
}

/** The origin of one entry. Its place in order is known when it is given. */
export class ReceivedOrigin implements Origin {
  sequence = 0
  /** The id that came with it, if any. */
  readonly ownId: string | undefined
  readonly #request: RequestOrigin
  readonly #place: number

  constructor(request: RequestOrigin, place: number, ownId?: string) {
    this.#request = request
    this.#place = place
    this.ownId = ownId
  }

  get tracker(): OriginTracker {
    return this.#request.tracker
  }

  get id(): string {
    return this.ownId ?? `${this.#request.requestId}:${this.#place}`
  }
}

/** The origins of a block of plain lines: places in it count bytes, so each line has one of its own. */
export class LineOrigins implements BatchOrigins {
  /** The place of the block's beginning in what the source gives, known when it is given. */
  base = 0
  readonly #request: RequestOrigin
  readonly #offset: number

  /** `offset` is the block's place in the request's body. */
  constructor(request: RequestOrigin, offset: number) {
    this.#request = request
    this.#offset = offset
  }

  at(start: number, end: number): Origin {
    const origin = new ReceivedOrigin(this.#request, this.#offset + start)
    origin.sequence = this.base + end
    return origin
  }
}
