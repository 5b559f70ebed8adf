/** What a queue on the disk says of trouble. */

import { LogwispError, type LogwispErrorCode } from '../../errors.ts'
import { reasonOf } from '../checkpoint-file.ts'

/** No space: what waits to be written waits on. */
export function diskFull(directory: string, cause: unknown): LogwispError {
  const advice = 'free some; nothing is lost, the buffer waits'
  return new LogwispError('DISK_FULL', `no space in ${directory} (${reasonOf(cause)}): ${advice}`, { cause })
}

/** The queue can not go on. What was not acknowledged is not safe. */
export function bufferFailed(directory: string, cause: unknown): LogwispError {
  if (isOurs(cause)) return cause
  const advice =
    'check the disk and the permissions; what was acknowledged is kept, and given when the buffer is opened again'
  return new LogwispError('BUFFER_FAILED', `the buffer in ${directory} failed (${reasonOf(cause)}): ${advice}`, {
    cause,
  })
}

/** A segment of a later version. */
export function bufferNewer(path: string, version: number): LogwispError {
  const message = `${path} was written by a later version of LogWisp (format ${version}): read it with that version`
  return new LogwispError('BUFFER_NEWER', message)
}

/** The last segment ended within a record. */
export function tornSegment(path: string, offset: number, bytes: number): LogwispError {
  const what = `its last ${bytes} bytes, from ${offset} on, are no whole record: a crash came while they were written`
  return new LogwispError(
    'TORN_SEGMENT',
    `${path} was cut: ${what}. Nothing to do: their entries were not acknowledged, and come again from a source that can read again`,
  )
}

/** What is damaged in a segment. */
export interface Damage {
  readonly path: string
  readonly offset: number
  readonly bytes: number
  readonly entries: number
}

/** Entries that can not be read. */
export function segmentCorrupt({ path, offset, bytes, entries }: Damage): LogwispError {
  const what =
    bytes > 0
      ? `${bytes} bytes of ${path} at ${offset} are damaged`
      : `what stood before ${path} at ${offset} is missing`
  return new LogwispError(
    'SEGMENT_CORRUPT',
    `${what}: ${entries} entries are lost, and the buffer goes on behind them. Check the disk, and who else writes to the directory`,
  )
}

/** The reader's place was not saved, or not read. */
export function placeFailed(code: LogwispErrorCode, what: string, cause: unknown): LogwispError {
  return new LogwispError(code, `${what} (${reasonOf(cause)}): some entries may be given twice. Check the disk`, {
    cause,
  })
}

function isOurs(error: unknown): error is LogwispError {
  return typeof (error as LogwispError).code === 'string' && (error as Error).name === 'LogwispError'
}
