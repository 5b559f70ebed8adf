/** What a follower says of what it survives: each trouble once, for as long as it lasts. */

import { LogwispError, type LogwispErrorCode } from '@logwisp/core'
import { systemCode } from './file-system.ts'
import type { LineBlocksOptions } from './line-blocks.ts'
import { UnfinishedFileError } from './opened-file.ts'

export class FollowerWarnings {
  readonly #path: string
  readonly #emit: (warning: LogwispError) => void
  /** System codes that were told and last still. */
  readonly #troubles = new Set<string>()

  constructor(path: string, emit: (warning: LogwispError) => void) {
    this.#path = path
    this.#emit = emit
  }

  /** Reading goes on: a trouble that comes again is told again. */
  allWell(): void {
    if (this.#troubles.size > 0) this.#troubles.clear()
  }

  /**
   * Tells what the system refuses. Returns the error that was, or had been, told; throws what is no trouble of the
   * system, but a fault of this program. A compressed file that is still being written is neither.
   */
  trouble(error: unknown): LogwispError | undefined {
    if (error instanceof UnfinishedFileError) return undefined
    const code = systemCode(error)
    if (code === undefined || (error as NodeJS.ErrnoException).syscall === undefined) throw error
    const { message } = error as Error
    const told = new LogwispError('FILE_UNREADABLE', `${this.#path} can't be read (${message}). ${adviceFor(code)}`, {
      cause: error,
    })
    if (!this.#troubles.has(code)) this.#emit(told)
    this.#troubles.add(code)
    return told
  }

  damaged(error: UnfinishedFileError): void {
    this.#warn('FILE_UNREADABLE', `${error.message}: what would follow there is lost`, error)
  }

  longLines(lines: number, offset: number, { maxLineBytes, whenLineTooLong }: LineBlocksOptions): void {
    this.#warn(
      'LINE_TOO_LONG',
      `${this.#path}: ${lines === 1 ? 'a line' : `${lines} lines`} before byte ${offset} longer than ` +
        `${maxLineBytes} bytes (whenLineTooLong: '${whenLineTooLong}'): raise maxLineBytes to have such lines whole`,
    )
  }

  positionUnknown(): void {
    const message = `what the checkpoint has for ${this.#path} is no position: it begins where startAt says`
    this.#warn('POSITION_LOST', message)
  }

  positionGone(offset: number): void {
    this.#warn(
      'POSITION_LOST',
      `${this.#path} was read up to byte ${offset}, but neither the file there nor a rotated one beside it goes on ` +
        'from there: it was truncated, or rotated away, while nobody read. What came after that file is read',
    )
  }

  startTooFar(startAt: number, size: bigint): void {
    const message = `startAt is ${startAt}, but ${this.#path} has ${size} bytes: it is read from its beginning`
    this.#warn('POSITION_LOST', `${message}. Was it truncated?`)
  }

  #warn(code: LogwispErrorCode, message: string, cause?: unknown): void {
    this.#emit(new LogwispError(code, message, cause === undefined ? undefined : { cause }))
  }
}

function adviceFor(code: string): string {
  if (code === 'EACCES' || code === 'EPERM') return 'Give this program the right to read it'
  if (code === 'EMFILE' || code === 'ENFILE') return 'Raise the limit of open files, or lower maxOpenFiles'
  if (code === 'EISDIR') return 'Follow a directory with directorySource'
  if (code === 'ESPIPE') return 'Have its writer write into a file, or pipe it into standard input'
  return 'Look after its disk or mount'
}
