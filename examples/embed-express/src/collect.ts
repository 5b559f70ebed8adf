/** A collector inside an app: follows the app's own log and shows it at a path of the app's own server. */

import { pipeline } from 'node:stream/promises'
import { openCheckpoint } from '@logwisp/core'
import { sseSink } from '@logwisp/sinks'
import { fileSource } from '@logwisp/sources'
import { Router } from 'express'

/** A collector that runs. */
export interface Collector {
  /** Mount it where the lines are to be seen: `app.use('/logs', collector.router)` gives `/logs/stream`, `/logs/status`. */
  readonly router: Router
  /** Delivers what was read, keeps the position, and resolves. */
  close(): Promise<void>
}

/** Follows `path` from its beginning, and after a restart from where it was. */
export async function collect(path: string): Promise<Collector> {
  const checkpoint = await openCheckpoint(`${path}.checkpoint.json`)
  const source = fileSource(path, { checkpoint, startAt: 'beginning' })
  const live = sseSink()
  const done = pipeline(source, live)
  const router = Router()
  router.use((request, response) => live.handler(request, response))
  return {
    router,
    async close() {
      source.stop()
      await done
      await checkpoint.close()
    },
  }
}
