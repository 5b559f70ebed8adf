/** `tail -F` of the system, its output split by split2. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import split from 'split2'
import type { Tailer } from './tailer.ts'

export const coreutilsTail: Tailer = {
  async follow(path, onLine) {
    const child = spawn('tail', ['-n', '+1', '-F', path], { stdio: ['ignore', 'pipe', 'ignore'] })
    child.stdout.pipe(split()).on('data', onLine)
    return async () => {
      child.kill()
      await once(child, 'close')
    }
  },
}
