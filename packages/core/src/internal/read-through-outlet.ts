/**
 * The methods of a stage's readable side, which Readable, Transform and Duplex cannot inherit from one class of ours: what
 * leaves a stage, by `read` or as a `data` event, passes its outlet, and its outlet hears who reads.
 */

import type { Readable, Writable } from 'node:stream'
import { acceptBatches, type BatchProvider, refuseBatches } from './negotiation.ts'
import type { Outlet } from './outlet.ts'

/** Gives them to a class of stages: `static { readThroughOutlet(SomeStage, (stage) => stage.#outlet) }`. */
export function readThroughOutlet<Stage extends Readable>(
  { prototype }: { readonly prototype: Stage },
  outletOf: (stage: Stage) => Outlet,
): void {
  const base: Readable = Object.getPrototypeOf(prototype)
  const methods: BatchProvider &
    Pick<Readable, 'read'> & { emit(event: string | symbol, ...args: unknown[]): boolean } = {
    read(this: Stage, size) {
      return outletOf(this).unpackRead(base.read.call(this, size))
    },
    emit(this: Stage, event, ...args) {
      const entries = event === 'data' ? outletOf(this).unpack(args[0]) : undefined
      if (entries === undefined) return base.emit.call(this, event, ...args)
      for (const entry of entries) base.emit.call(this, 'data', entry)
      return true
    },
    [acceptBatches](this: Stage, consumer: Writable) {
      outletOf(this).accept(consumer)
    },
    [refuseBatches](this: Stage, consumer: Writable) {
      outletOf(this).refuse(consumer)
    },
  }
  Object.assign(prototype, methods)
}
