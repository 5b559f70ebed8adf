/**
 * A checkpoint on a disk that fails, at each of its calls, in each way: what a save said is safe is found again, and a
 * failure is an error with a code, after which the file still is a checkpoint and can be saved again.
 */

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eachFault } from '@logwisp/core/testing'
import { expect, test } from 'vitest'
import { Checkpoint } from '../src/checkpoint.ts'
import { LogwispError, openCheckpoint } from '../src/index.ts'
import { checkpointFile } from '../src/internal/checkpoint-file.ts'
import { type FileSystem, realFileSystem } from '../src/internal/file-system.ts'

/** Saves growing positions, three times; resolves with what became of it once the file was read by another. */
async function savePositions(fileSystem: FileSystem): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-checkpoint-'))
  const path = join(directory, 'positions.json')
  let given = -1
  let safe = -1
  const failures: string[] = []
  const note = (error: unknown): void => {
    if (!(error instanceof LogwispError)) throw error
    failures.push(error.code)
  }
  try {
    const checkpoint = await Checkpoint.open(checkpointFile(path, fileSystem), { saveIntervalMs: 3_600_000 })
    for (given = 0; given < 3; given++) {
      checkpoint.set('file', given)
      await checkpoint.save().then(() => (safe = given), note)
    }
    checkpoint.set('file', given)
    await checkpoint.close().then(() => (safe = given), note)
  } catch (error) {
    note(error)
  }
  const after = await openCheckpoint(path)
  const found = Number(after.get('file') ?? -1)
  if (found < safe || found > given) throw new Error(`${found} was found, though ${safe} was safe, of ${given}`)
  after.set('file', 100)
  await after.close()
  expect(await readdir(directory)).toEqual(['positions.json'])
  await rm(directory, { recursive: true })
  if (failures.length === 0) return 'nothing to tell'
  return `${failures.join(' ')}, ${safe === given ? 'then saved' : 'not saved'}`
}

/** A save, of which every call may fail. */
const save = ['open', 'file.writeFile', 'file.sync', 'file.close', 'rename', 'open', 'file.sync', 'file.close']

test.each([1, 2, 3])('what is saved stays saved, whichever call fails, and the same %i times', async (lastsCalls) => {
  const { calls, trials, unreached, outcomes } = await eachFault(realFileSystem, savePositions, { lastsCalls })
  expect(calls).toEqual(['readFile', ...Array.from({ length: 5 }, () => save).flat()])
  // Five errors at each call; none of the calls may do half of what it was asked for.
  expect({ trials, unreached }).toEqual({ trials: 41 * 5, unreached: 0 })
  // Of the first save, which openCheckpoint waits for, and of the last one there is no other try; of the others there is.
  const retried = lastsCalls === 1 ? 'CHECKPOINT_FAILED, then saved' : expect.any(String)
  expect(Object.keys(outcomes)).toEqual(expect.arrayContaining([retried, 'CHECKPOINT_FAILED, not saved']))
  expect(outcomes).not.toHaveProperty('nothing to tell')
})
