/** The clauses on being destroyed, aborted and left, the same for sources, filters and sinks. */

import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import type { ContractCheck } from './contract-check.ts'
import { within } from './contract-check.ts'
import { leavesNothing } from './leak-watch.ts'
import { checkBooks, destroyQuietly, EndWatch, type Stage, turns } from './stage-life.ts'

/** How one kind of stage is brought to where it is destroyed. */
export interface Surroundings<S extends Stage> {
  make(): S | Promise<S>
  /** Makes entries flow through it; calls `onEntry`, synchronously, when the first has, and for each that it gives after that. */
  flow(stage: S, onEntry: () => void): void
  /** Uses it up to its end. */
  use(stage: S): Promise<void>
  /** A pipeline of it with everything before and behind it, endless if it can be, that ends when aborted. */
  pipe(stage: S, signal: AbortSignal): Promise<void>
  readonly timeoutMs: number
}

export function destroyChecks<S extends Stage>(of: Surroundings<S>): ContractCheck[] {
  const { timeoutMs } = of
  const leaveNothing = (use: () => Promise<void>) => () => leavesNothing(timeoutMs, use)
  return [
    {
      name: 'can be destroyed before it opens, and leaves nothing behind',
      run: leaveNothing(async () => destroyQuietly(await of.make(), timeoutMs, 'right after it was made')),
    },
    {
      name: 'can be destroyed once it is open, and leaves nothing behind',
      run: leaveNothing(async () => {
        const stage = await of.make()
        await turns(5)
        await destroyQuietly(stage, timeoutMs, 'before anything flowed')
      }),
    },
    {
      name: 'can be destroyed while entries flow, gives none once it has closed, and leaves nothing behind',
      run: leaveNothing(async () => {
        const stage = await of.make()
        const watch = new EndWatch(stage)
        let late = 0
        of.flow(stage, () => {
          // Node itself goes on giving what it had buffered until then.
          if (watch.closed) late++
          else stage.destroy()
        })
        await watch.closes(timeoutMs, 'after destroy() while entries flow')
        assert.deepEqual(watch.errors, [], "destroy() while entries flow must not emit 'error'")
        assert.equal(late, 0, `no entry may come after 'close', ${late} did`)
        checkBooks(stage, 'after destroy()')
      }),
    },
    {
      name: 'can be destroyed with an error, which it emits once, and leaves nothing behind',
      run: leaveNothing(async () => {
        const stage = await of.make()
        const watch = new EndWatch(stage)
        const reason = new Error('destroyed by the contract')
        of.flow(stage, () => stage.destroy(reason))
        await watch.closes(timeoutMs, 'after destroy(error)')
        assert.deepEqual(watch.errors, [reason], "destroy(error) must emit that error as 'error', once")
      }),
    },
    {
      name: 'closes by itself at its end, can be destroyed then too, and leaves nothing behind',
      run: leaveNothing(async () => {
        const stage = await of.make()
        const watch = new EndWatch(stage)
        await within(timeoutMs, 'end', of.use(stage))
        await watch.closes(timeoutMs, 'at its end')
        stage.destroy()
        stage.destroy(new Error('far too late'))
        await turns(3)
        assert.deepEqual(watch.errors, [], "destroy() after the end must not emit 'error'")
      }),
    },
    {
      name: 'stops when the pipeline that it is part of is aborted, and leaves nothing behind',
      run: leaveNothing(async () => {
        const stage = await of.make()
        const watch = new EndWatch(stage)
        const controller = new AbortController()
        const done = of.pipe(stage, controller.signal)
        await setImmediate()
        controller.abort()
        const error: unknown = await within(
          timeoutMs,
          'end the aborted pipeline',
          done.then(
            () => undefined,
            (reason: unknown) => reason,
          ),
        )
        const { name } = (error ?? {}) as { name?: unknown }
        assert.equal(name, 'AbortError', `an aborted pipeline must reject with an AbortError, got ${String(error)}`)
        await watch.closes(timeoutMs, 'after the abort')
      }),
    },
  ]
}
