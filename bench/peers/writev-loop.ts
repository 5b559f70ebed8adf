/**
 * The bare loop beside a disk buffer: the same blocks, written to one file, 32 at a time as the buffer does it, and synced
 * as often. It keeps no ids, checks nothing, and nobody reads it.
 */

import { open } from 'node:fs/promises'
import { type Blocks, blocks } from '../buffer/blocks.ts'
import { measured } from '../harness/measured.ts'

interface Task extends Blocks {
  readonly path: string
  readonly fsync: 'never' | 'interval' | 'always'
}

const perWrite = 32
const maxUnsyncedBytes = 16 << 20

await measured(async ({ path, fsync, bytes }: Task) => {
  const file = await open(path, 'w')
  let unsynced = 0
  let load: Buffer[] = []
  const write = async (): Promise<void> => {
    for (const { length } of load) unsynced += length
    await file.writev(load)
    load = []
    if (fsync === 'never' || (fsync === 'interval' && unsynced < maxUnsyncedBytes)) return
    await file.datasync()
    unsynced = 0
  }
  for (const block of blocks({ bytes })) {
    load.push(block)
    if (load.length === perWrite) await write()
  }
  await write()
  if (fsync !== 'never') await file.datasync()
  await file.close()
})
