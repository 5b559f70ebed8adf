/** Sees a batch through: all of it taken, or each entry that was not rejected for a reason. */

import type { PostBatch } from './post-batch.ts'

/** What became of a part of a batch. */
export type Outcome =
  | { readonly kind: 'taken'; readonly rejected: readonly RejectedAt[] }
  | { readonly kind: 'too-large'; readonly why: Rejection }
  | { readonly kind: 'invalid'; readonly why: Rejection; readonly index: number | undefined }
  | { readonly kind: 'rejected'; readonly why: Rejection }

/** Why an entry was rejected. */
export interface Rejection {
  readonly reason: string
  /** The status of the answer; undefined when there was none. */
  readonly status: number | undefined
  /** Who rejected it. */
  readonly endpoint: string
}

/** A rejected entry: which one of what was sent. */
export interface RejectedAt {
  readonly index: number
  readonly why: Rejection
}

/** What a delivery needs of its surroundings. */
export interface Courier {
  /** Sends the entries `from` to `to` until there is an outcome. */
  post(batch: PostBatch, from: number, to: number): Promise<Outcome>
  /** Takes rejected entries, by their place in the batch; the delivery goes on once it has them. */
  reject(batch: PostBatch, rejected: readonly RejectedAt[]): Promise<void>
}

/** A run of entries. */
interface Part {
  readonly from: number
  readonly to: number
}

/**
 * Delivers a batch, in order: parts that are too large are halved down to one entry; with `isolates`, so are parts with an
 * entry that is no good, or cut at the entry that the answer names.
 *
 * A named entry is sent alone before it is rejected: the name may mean something else.
 */
export async function deliver(batch: PostBatch, courier: Courier, isolates: boolean): Promise<void> {
  const parts: Part[] = [{ from: 0, to: batch.entries }]
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const { from, to } = part
    const outcome = await courier.post(batch, from, to)
    if (outcome.kind === 'taken') {
      const { rejected } = outcome
      if (rejected.length > 0) {
        await courier.reject(
          batch,
          rejected.map(({ index, why }) => ({ index: from + index, why })),
        )
      }
      continue
    }
    const isSplit = to - from > 1 && (outcome.kind === 'too-large' || (outcome.kind === 'invalid' && isolates))
    if (isSplit) parts.push(...split(part, outcome.kind === 'invalid' ? outcome.index : undefined).reverse())
    else await courier.reject(batch, rejectedAll(part, outcome.why))
  }
}

function rejectedAll({ from, to }: Part, why: Rejection): RejectedAt[] {
  return Array.from({ length: to - from }, (_, index) => ({ index: from + index, why }))
}

function split({ from, to }: Part, named: number | undefined): Part[] {
  const middle = from + ((to - from) >> 1)
  if (named === undefined) return [part(from, middle), part(middle, to)]
  const at = from + named
  // The rest in halves: an endpoint that names one entry after the other of many would get all others as often.
  const rest = at + 1 + ((to - at - 1) >> 1)
  return [part(from, at), part(at, at + 1), part(at + 1, rest), part(rest, to)].filter((one) => one.from < one.to)
}

function part(from: number, to: number): Part {
  return { from, to }
}
