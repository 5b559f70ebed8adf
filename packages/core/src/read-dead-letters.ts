/** Looks at the rejected entries of a directory, and leaves them there. */

import { join, resolve } from 'node:path'
import type { Rejection } from './dead-letter.ts'
import type { LogEntry } from './entry.ts'
import { LogwispError } from './errors.ts'
import { checkpointFile } from './internal/checkpoint-file.ts'
import { decodeLetter, type Letter } from './internal/dead-letter/letter.ts'
import { type LetterFile, letterPath, listLetters } from './internal/dead-letter/letter-files.ts'
import { LetterLines } from './internal/dead-letter/letter-lines.ts'
import { positionsName } from './internal/dead-letter/replay-claim.ts'
import type { ReplayPosition } from './internal/dead-letter/replay-positions.ts'
import { realFileSystem as fs, isAbsent } from './internal/file-system.ts'
import { checkArgument, option } from './options.ts'

/** A rejected entry as it is kept. */
export interface KeptLetter {
  /** The entry. Without `origin`, since there is nothing to acknowledge. */
  readonly entry: LogEntry
  /** What tells it from all others. Undefined for a line that somebody wrote by hand. */
  readonly id: string | undefined
  /** Why it was rejected. */
  readonly rejection: Rejection
  /** When, in ms since the epoch; NaN when that is not said. */
  readonly rejectedAt: number
  /** How often: more than 1 when it was replayed and rejected again. */
  readonly times: number
}

/**
 * The rejected entries of a directory that `replay` would give, oldest first. Takes no lock and changes nothing, so it may
 * look at a directory that is written to and replayed meanwhile: what is added or removed then may be missing or not.
 * Lines that are no entries are left out.
 *
 * @throws OptionError `BAD_OPTION`
 * @throws LogwispError (when it is iterated) `FILE_UNREADABLE` when the directory or a file in it can not be read.
 *
 * @example
 * ```ts
 * import { readDeadLetters } from '@logwisp/core'
 *
 * const reasons = new Map<string, number>()
 * for await (const { rejection } of readDeadLetters('./rejected')) {
 *   reasons.set(rejection.reason, (reasons.get(rejection.reason) ?? 0) + 1)
 * }
 * console.table(Object.fromEntries(reasons))
 * ```
 */
export function readDeadLetters(directory: string): AsyncIterable<KeptLetter> {
  checkArgument('readDeadLetters', 'directory', directory, option.text)
  return { [Symbol.asyncIterator]: () => lettersIn(resolve(directory)) }
}

async function* lettersIn(directory: string): AsyncGenerator<KeptLetter> {
  try {
    const positions = await checkpointFile(join(directory, positionsName)).load()
    const files = (await listLetters(fs, directory)).filter(({ state }) => state !== 'unreadable')
    for (const file of files) {
      const { done = 0 } = (positions.get(file.stem) ?? {}) as Partial<ReplayPosition>
      yield* lettersOf(directory, file, done)
    }
  } catch (cause) {
    if (cause instanceof LogwispError) throw cause
    const message = `cannot read the dead letters in ${directory} (${(cause as Error).message}): check the path and its permissions`
    throw new LogwispError('FILE_UNREADABLE', message, { cause })
  }
}

async function* lettersOf(directory: string, file: LetterFile, from: number): AsyncGenerator<KeptLetter> {
  const lines = await openAnywhere(directory, file, from)
  try {
    for (let block = await lines?.next(); block !== undefined; block = await lines?.next()) {
      for (const { text } of block) {
        const letter = text === undefined ? undefined : decoded(text)
        if (letter === undefined) continue
        const { time, times, ...rejection } = letter.rejection
        yield { entry: letter.entry, id: letter.id, rejection, rejectedAt: time, times }
      }
    }
  } finally {
    await lines?.close()
  }
}

/** A replay may take the file meanwhile, or be done with it: undefined. */
async function openAnywhere(directory: string, file: LetterFile, from: number): Promise<LetterLines | undefined> {
  for (const path of [file.path, letterPath(directory, file.stem, 'replay')]) {
    try {
      return await LetterLines.open(fs, path, from)
    } catch (error) {
      if (!isAbsent(error)) throw error
    }
  }
  return undefined
}

function decoded(text: string): Letter | undefined {
  try {
    return decodeLetter(text, Date.now())
  } catch {
    return undefined
  }
}
