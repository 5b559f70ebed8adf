/** What this process holds at the moment, garbage not counted. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes in V8's heap and, for Buffers, outside of it. */
export function memoryInUse(): number {
  // Twice: the memory of a Buffer goes only after its object has gone.
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
