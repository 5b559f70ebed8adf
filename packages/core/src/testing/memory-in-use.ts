/** What this process holds at the moment, garbage not counted. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collectGarbage: (() => void) | undefined

/**
 * Bytes in use in V8's heap and, for Buffers, outside of it, after a garbage collection. For tests of bounds: what
 * `process.memoryUsage()` says alone counts what is only waiting to be collected.
 */
export function memoryInUse(): number {
  if (collectGarbage === undefined) {
    setFlagsFromString('--expose-gc')
    collectGarbage = runInNewContext('gc') as () => void
  }
  // Twice: the memory of a Buffer goes only after its object has gone.
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
