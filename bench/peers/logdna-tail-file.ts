/** https://www.npmjs.com/package/@logdna/tail-file, whose bytes are split by split2, as its own documentation does with readline. */

import TailFile from '@logdna/tail-file'
import split from 'split2'
import type { Tailer } from './tailer.ts'

export const logdnaTailFile: Tailer = {
  async follow(path, onLine) {
    const follower = new TailFile(path, { startPos: 0 })
    follower.on('tail_error', () => {})
    follower.pipe(split()).on('data', onLine)
    await follower.start()
    return () => follower.quit()
  },
}
