/**
 * How two neighbouring stages agree on batches: on Node's `pipe` event, which comes before anything flows, the writable
 * side tells the readable side that it takes them. The keys are in the symbol registry, so that two copies of this
 * package (ESM and CJS) can agree too; the number changes with the batch's layout, and then they fall back to entries.
 */

import type { Readable, Writable } from 'node:stream'

/** The readable side's method that hears of a consumer that takes batches. */
export const acceptBatches: unique symbol = Symbol.for('@logwisp/accept-batches/1') as never

/** The readable side's method that hears that such a consumer went away. */
export const refuseBatches: unique symbol = Symbol.for('@logwisp/refuse-batches/1') as never

/** What the readable side of every stage of LogWisp has. */
export interface BatchProvider {
  [acceptBatches](consumer: Writable): void
  [refuseBatches](consumer: Writable): void
}

const takesBatchesMark: unique symbol = Symbol.for('@logwisp/takes-batches/1') as never

/** Makes a writable side take batches: from whatever is piped into it, and from whoever asks {@link takesBatches}. */
export function takeBatches(consumer: Writable): void {
  Object.defineProperty(consumer, takesBatchesMark, { value: true })
  consumer.on('pipe', (source: Readable & Partial<BatchProvider>) => source[acceptBatches]?.(consumer))
  consumer.on('unpipe', (source: Readable & Partial<BatchProvider>) => source[refuseBatches]?.(consumer))
}

/** Whether a writable stream takes batches, for one that writes to it without a pipe. */
export function takesBatches(consumer: Writable): boolean {
  return takesBatchesMark in consumer
}
