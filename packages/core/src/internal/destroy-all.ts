/** Destroys the streams that a stage has joined, and waits for them: `pipeline` calls back before they have closed. */

import type { Duplex } from 'node:stream'

/** Functions among the stages are left to `pipeline`. */
export function destroyAll(stages: readonly unknown[], error: Error | null, callback: () => void): void {
  const streams = stages.filter((stage): stage is Duplex => typeof stage === 'object')
  for (const stream of streams) stream.destroy(error ?? undefined)
  const open = streams.filter((stream) => stream.destroyed && !stream.closed)
  let left = open.length
  if (left === 0) return callback()
  for (const stream of open) {
    stream.once('close', () => {
      if (--left === 0) callback()
    })
  }
}
