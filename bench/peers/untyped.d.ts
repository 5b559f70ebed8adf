declare module 'tail-file' {
  import type { EventEmitter } from 'node:events'

  /** As far as it is used here. Begins by itself when it is given a callback. */
  class TailFile extends EventEmitter {
    constructor(path: string, options: { startPos: 'start' | 'end'; force?: boolean }, onLine: (line: string) => void)
    stop(): Promise<void>
  }
  export = TailFile
}
