/** What a reader thread answers. */

import type { Completion, CompletionsOf } from '../../query-results.ts'
import type { Slot } from '../entry-id.ts'
import type { StoreFacts } from '../store-facts.ts'
import type { CountAnswer, CountRequest } from './count.ts'
import type { PackedEntry } from './entry-row.ts'
import type { FollowAnswer, FollowRequest } from './follow.ts'
import type { LookAnswer, LookRequest } from './look.ts'

/** A piece of work and how long it may take before it answers with what it has. Unit: ms. */
export interface Slice<Request> {
  readonly request: Request
  readonly sliceMs: number
}

/** The newest of what is stored. */
export interface Newest {
  /** The last commit; 0 when there is none. */
  readonly seq: number
  /** The last place that an entry stands at. */
  readonly slot?: Slot | undefined
}

export interface ReaderCalls {
  newest(none: undefined): Newest
  look(slice: Slice<LookRequest>): LookAnswer
  count(slice: Slice<CountRequest>): CountAnswer
  complete(slice: Slice<CompletionsOf>): Completion[]
  entry(slot: Slot): PackedEntry | undefined
  follow(request: FollowRequest): FollowAnswer
  facts(none: undefined): StoreFacts
}

/** What a reader thread finds in `workerData`. */
export interface ReaderData {
  readonly path: string
}
