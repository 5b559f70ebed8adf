/** The one error class and the one table of codes. Match `error.code`, never `instanceof`. */

/**
 * Every code that a package of LogWisp uses, and what it means. A code is never given a second meaning.
 * `docs/errors.md` lists the same; a test holds the two together.
 */
export const errorCodes = {
  ACCESS_UNCHECKED: 'Credentials could not be checked: a key server or a function of your own failed.',
  BAD_CERTIFICATE: 'A certificate, a key or a revocation list could not be read, or they do not belong together.',
  BAD_ENTRY: 'A text or an object from outside is no entry.',
  BAD_JSON: 'A text is no JSON, or is nested too deep.',
  BAD_OPTION: 'An option is unknown, missing, of the wrong type or out of range.',
  BAD_QUERY: 'A query, or a place in its results, can not be understood.',
  BAD_PATTERN: 'A pattern given as text is no valid regular expression.',
  BRANCH_FAILED: 'A branch of a fan-out failed, or ended before its input did.',
  BUFFER_FAILED: 'A disk buffer could not open, read or write its directory.',
  BUFFER_NEWER: 'A segment of a disk buffer was written by a later version.',
  CHECKPOINT_CORRUPT: 'The checkpoint file holds something that is no checkpoint.',
  CHECKPOINT_CLOSED: 'A checkpoint was used after it was closed.',
  CHECKPOINT_FAILED: 'The checkpoint file could not be read or written.',
  CHECKPOINT_FULL: 'More sources than maxKeys keep their positions in one checkpoint.',
  ENTRIES_MISSED:
    'A server could not give entries that came while nobody asked for them, or faster than they were taken.',
  ENTRY_REJECTED: 'A receiver refused an entry for good.',
  ENTRY_TOO_LARGE: 'An entry is larger than a limit, and was not taken.',
  FILE_UNREADABLE: 'A file or directory that a source follows can not be read at this time.',
  LINE_TOO_LONG: 'A line is longer than maxLineBytes and was cut or skipped.',
  CONSOLE_CLOSED: 'Standard output or standard error can no longer be written to: its reader went away.',
  DEAD_LETTERS_CLOSED: 'A dead-letter sink was used after it was closed.',
  DEAD_LETTERS_FULL: 'The dead letters in a directory take all the room that they may.',
  DEAD_LETTER_UNREADABLE: 'A line among dead letters is no entry; its file is kept.',
  DISK_FULL: 'A file sink, a disk buffer or a store has no space to write to, and waits until there is some.',
  FILE_IN_USE: 'Another stage, perhaps of another process, has the same file: a file sink, or the holder of a lock.',
  LISTEN_FAILED: 'A stage could not listen on its port: in use, not allowed, or no address of this machine.',
  NOT_AN_ENTRY: 'A chunk that is no entry was written to a stage.',
  NOT_CONFIRMED: 'A receiver takes entries, but does not say when they are delivered.',
  PEER_FAILING: 'Another program answers with errors, or not at all; what it should take waits, and is sent again.',
  PEER_LOST: 'A connection to another program could not be made, or broke; it is made again.',
  PEER_MISBEHAVED: 'Another program broke the protocol; the connection to it was cut.',
  PEER_REFUSED: 'Another program answered in a way that makes no sense to try again.',
  PEER_SILENT: 'Another program took or acknowledged nothing for too long; the connection to it was cut.',
  PAGE_MISSING: 'The page of the dashboard was not built.',
  PACKAGE_MISSING: 'An option needs an optional package that is not installed.',
  POSITION_LOST: 'A source can not go on where it had come to: what stood there is gone.',
  ROTATE_FAILED: 'A file sink could not rotate its file, and goes on with the one it has.',
  SEGMENT_CORRUPT: 'Entries in a segment of a disk buffer can not be read; they are skipped, and counted.',
  SINK_FAILED: 'The sink inside a replaceable sink failed or could not be made; another one is made.',
  SOURCE_FAILED: 'One of several merged sources failed.',
  STORE_BUSY: 'A store has more queries waiting than it takes, or its database is locked by another program.',
  STORE_CLOSED: 'A store was used after it was closed.',
  STORE_CORRUPT: 'The file is no database of ours, or is damaged.',
  STORE_FAILED: 'A store could not open, read or write its database.',
  STORE_NEWER: 'The database was written by a later version.',
  TOO_MANY_FILES: 'A directory has more files that match than maxFiles; some are not followed.',
  TORN_LINE: 'A file ended in the middle of a line, left by a crash; the sink mended it.',
  TORN_SEGMENT: 'A segment of a disk buffer ended within a record, left by a crash; it was cut.',
  UNDELIVERED: 'A sink ended before all of its entries could be delivered.',
  UPKEEP_FAILED: 'A rotated file could not be compressed or removed; it is tried again.',
  WRITE_FAILED: 'A file sink, or a sink of dead letters, could not open or write its file.',
} as const satisfies Record<string, string>

/** One of the codes in {@link errorCodes}. */
export type LogwispErrorCode = keyof typeof errorCodes

/** What every failure of LogWisp is: an `Error` with a `code`, a message that says what to do, and perhaps a `cause`. */
export class LogwispError extends Error {
  override readonly name: string = 'LogwispError'
  /** Which failure it is; stable across versions. */
  readonly code: LogwispErrorCode

  constructor(code: LogwispErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** A stage was made with a bad option. Thrown when the stage is made, before it does anything. Code `BAD_OPTION`. */
export class OptionError extends LogwispError {
  override readonly name = 'OptionError'
  /** The stage's factory, e.g. `fileSource`. */
  readonly stage: string
  /** The option's name. */
  readonly option: string

  constructor(stage: string, option: string, message: string) {
    super('BAD_OPTION', `${stage}: ${message}`)
    this.stage = stage
    this.option = option
  }
}
