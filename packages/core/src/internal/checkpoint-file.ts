/** The file of a checkpoint: read once, then replaced as a whole, so that a crash leaves the old text or the new. */

import { constants } from 'node:fs'
import { dirname } from 'node:path'
import type { Position } from '../checkpoint.ts'
import { LogwispError } from '../errors.ts'
import { type FileSystem, isAbsent, realFileSystem } from './file-system.ts'
import { syncDirectory } from './sync-directory.ts'

const formatName = 'logwisp-checkpoint'
const formatVersion = 1

/** Where saved positions are read from and written to. */
export interface CheckpointFile {
  readonly path: string
  /** The positions in the file; none when there is no file. */
  load(): Promise<Map<string, Position>>
  /** Puts these positions, the members of a JSON object, in the place of the file's; resolves once they are safe. */
  replace(positions: readonly string[]): Promise<void>
}

/** The file at an absolute path. */
export function checkpointFile(path: string, fileSystem: FileSystem = realFileSystem): CheckpointFile {
  return {
    path,
    load: () => load(fileSystem, path),
    replace: (positions) => {
      const head = JSON.stringify({ format: formatName, version: formatVersion })
      return replaceFile(fileSystem, path, `${head.slice(0, -1)},"positions":{${positions.join(',')}}}\n`)
    },
  }
}

async function load(fileSystem: FileSystem, path: string): Promise<Map<string, Position>> {
  let text: string
  try {
    text = await fileSystem.readFile(path, 'utf8')
  } catch (cause) {
    if (isAbsent(cause)) return new Map()
    throw new LogwispError(
      'CHECKPOINT_FAILED',
      `could not read the checkpoint ${path} (${reasonOf(cause)}): give a path to a file that this program may read`,
      { cause },
    )
  }
  let file: { format?: unknown; version?: unknown; positions?: unknown } | null
  try {
    file = JSON.parse(text)
  } catch (cause) {
    throw corrupt(path, `it is no JSON (${reasonOf(cause)})`, cause)
  }
  if (file?.format !== formatName) throw corrupt(path, `it does not say that its format is ${formatName}`)
  if (file.version !== formatVersion)
    throw corrupt(path, `it is of version ${String(file.version)}, not ${formatVersion}`)
  const { positions } = file
  if (typeof positions !== 'object' || positions === null || Array.isArray(positions)) {
    throw corrupt(path, 'it has no positions')
  }
  return new Map(Object.entries(positions as Record<string, Position>))
}

function corrupt(path: string, what: string, cause?: unknown): LogwispError {
  return new LogwispError(
    'CHECKPOINT_CORRUPT',
    `${path} is no checkpoint: ${what}. Put back a good copy; or move it away, and sources begin where startAt says`,
    { cause },
  )
}

/** Makes or empties the file itself: a link that somebody put there leads to nothing that is overwritten. */
const throughNoLink = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NOFOLLOW ?? 0)

/** Puts `text` in the place of the file at `path`: after a crash at any moment it holds the old text or the new. */
async function replaceFile(fileSystem: FileSystem, path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`
  const file = await fileSystem.open(temporary, throughNoLink, 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await fileSystem.rename(temporary, path)
  await syncDirectory(fileSystem, dirname(path))
}

/** What an error says. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
