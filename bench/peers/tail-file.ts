/** https://www.npmjs.com/package/tail-file */

import TailFile from 'tail-file'
import type { Tailer } from './tailer.ts'

export const tailFile: Tailer = {
  async follow(path, onLine) {
    const follower = new TailFile(path, { startPos: 'start', force: true }, onLine)
    follower.on('error', () => {})
    return () => follower.stop()
  },
}
