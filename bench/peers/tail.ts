/** https://www.npmjs.com/package/tail */

import { Tail } from 'tail'
import type { Tailer } from './tailer.ts'

export const tail: Tailer = {
  async follow(path, onLine) {
    // Its separator is an expression that also takes \r\n; for a plain line feed, which is quicker, it has to be told.
    const follower = new Tail(path, { fromBeginning: true, separator: '\n' as never, follow: true })
    follower.on('line', onLine)
    follower.on('error', (error) => {
      throw error
    })
    return () => follower.unwatch()
  },
}
