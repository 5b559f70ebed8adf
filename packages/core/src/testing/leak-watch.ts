/** Sees what a stage leaves behind: handles, timers (those that do not keep the process alive too), files, listeners. */

import { AssertionError } from 'node:assert'
import { createHook } from 'node:async_hooks'
import { readdirSync, readlinkSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

/**
 * Runs `use` and rejects when things are left that were not there before. What closes a little later is waited for, for
 * as long as `timeoutMs`; other work going on in the process meanwhile is taken for the stage's.
 */
export async function leavesNothing(timeoutMs: number, use: () => Promise<void>): Promise<void> {
  const timers = new Set<number>()
  const hook = createHook({
    init: (id, type) => void (type === 'Timeout' && timers.add(id)),
    destroy: (id) => void timers.delete(id),
  }).enable()
  const before = inventory()
  try {
    await use()
    const deadline = process.hrtime.bigint() + BigInt(timeoutMs) * 1_000_000n
    for (;;) {
      const left = leftOver(before, [...inventory(), ...Array<string>(timers.size).fill('a timer')])
      if (left.length === 0) return
      if (process.hrtime.bigint() > deadline) {
        throw new AssertionError({ message: `the stage left behind: ${left.join(', ')}`, stackStartFn: leavesNothing })
      }
      await setImmediate()
    }
  } finally {
    hook.disable()
  }
}

/** What the process has open, one name for each. */
function inventory(): string[] {
  const resources = process.getActiveResourcesInfo().filter((name) => !passing.has(name))
  const listeners = process.eventNames().flatMap((event) => {
    const count = process.listenerCount(event)
    return Array<string>(count).fill(`a process listener for '${String(event)}'`)
  })
  return [...resources, ...listeners, ...openFiles()]
}

/** Timers are counted by the hook; immediates and ticks are gone by themselves. */
const passing: ReadonlySet<string> = new Set(['Timeout', 'Immediate', 'TickObject'])

/** The names of open descriptors, where the system has a list of them. */
function openFiles(): string[] {
  const directory = '/proc/self/fd'
  let descriptors: string[]
  try {
    descriptors = readdirSync(directory)
  } catch {
    return []
  }
  return descriptors.flatMap((descriptor) => {
    try {
      return [`open ${readlinkSync(`${directory}/${descriptor}`)}`]
    } catch {
      // The one that the list itself was read by.
      return []
    }
  })
}

/** What is in `after` more often than in `before`. */
function leftOver(before: readonly string[], after: readonly string[]): string[] {
  const known = new Map<string, number>()
  for (const name of before) known.set(name, (known.get(name) ?? 0) + 1)
  return after.filter((name) => {
    const count = known.get(name) ?? 0
    known.set(name, count - 1)
    return count <= 0
  })
}
