/** The token bucket: asked once for each entry behind a rate limit. */

import { tokenBucket } from '@logwisp/core'
import { microSuite } from '../harness/micro.ts'

const entriesPerSecond = 1000

/** A clock that is read as often as the bucket is asked, and always says the next ms. */
let nowMs = 0
const now = (): number => ++nowMs

const passing = tokenBucket({ ratePerSecond: 2 * entriesPerSecond, now })
const refusing = tokenBucket({ ratePerSecond: entriesPerSecond / 1000, burst: 1, now })
const real = tokenBucket({ ratePerSecond: entriesPerSecond })

await microSuite('token-bucket', [
  { name: 'take(1), which passes', run: () => passing.take(1) },
  { name: 'take(1), mostly refused', run: () => refusing.take(1) },
  { name: 'take(1) by the real clock', run: () => real.take(1) },
  { name: 'performance.now(), for comparison', run: () => performance.now() },
])
