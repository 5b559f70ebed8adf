/** Where the positions of a pipeline's sources are kept, and what is said when the disk does not take them. */

import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Checkpoint, type LogwispError, openCheckpoint } from '@logwisp/core'
import type { Logger } from 'pino'

/** What a crash repeats at most: lines delivered since the last save. A save is one small file, synced. */
const saveIntervalMs = 100

/** A disk that takes no positions is told of no more often than this, however often it is tried. */
const saveWarningIntervalMs = 60_000

/** Opens them; makes the directory, also when it goes later. Rejects when it cannot, or when the file is no checkpoint. */
export async function openPositions(path: string, log: Logger): Promise<Checkpoint> {
  const makeDirectory = () => mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await makeDirectory()
  const checkpoint = await openCheckpoint(path, { saveIntervalMs })
  let toldAt = Number.NEGATIVE_INFINITY
  checkpoint.on('warning', (warning: LogwispError) => {
    // Somebody has cleaned up; the next save is in a moment.
    if ((warning.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') makeDirectory().catch(() => {})
    if (performance.now() - toldAt < saveWarningIntervalMs) return
    toldAt = performance.now()
    log.warn({ code: warning.code }, warning.message)
  })
  return checkpoint
}
