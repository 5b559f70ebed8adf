/** What a fuzzed connection is: what is sent on it, and what may come of it. */

/** The servers that are fuzzed, by name. */
export const targetNames = [
  'httpSource',
  'tcpSource',
  'tcpSource octet-counted',
  'webSocketSource',
  'sseSink',
  'webSocketSink',
  'tcpSink',
] as const

export type TargetName = (typeof targetNames)[number]

/** What is to become of an entry: it has to arrive, may arrive once, or must not arrive at all. */
export type Fate = 'must' | 'may' | 'never'

/** An answer to a request. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One request, line or frame. */
export interface FuzzCase {
  /** What is wrong with it, for whoever reads of a failure. */
  readonly name: string
  readonly bytes: Buffer
  /** The entries in it, by their numbers in the session. */
  readonly entries: readonly number[]
  /**
   * What becomes of them, where no answer says so. One whose answer is a success changes from `may` to `must`.
   */
  readonly fate: Fate
  /** What may be answered; undefined where this is a line or a frame, which has no answer of its own. */
  readonly statuses?: readonly number[]
  /** How many answers it gets, each of which may have these statuses. @default 1 */
  readonly answers?: number
  /** A HEAD's answer has no body. */
  readonly isHead?: boolean
  /** Says what is wrong with an answer whose status is right. */
  readonly judge?: (answer: Answer) => string | undefined
}

/** One connection. */
export interface FuzzSession {
  readonly target: TargetName
  readonly number: number
  readonly cases: readonly FuzzCase[]
  /** Texts that are no marked entries and may arrive, such as a junk line where lines need no form. */
  readonly strays: readonly string[]
  /** Those of them that have to arrive. */
  readonly dueStrays?: readonly string[]
  /** Texts of which a beginning may arrive, since their connection is cut. */
  readonly torn?: readonly string[]
  /**
   * How the client ends: closes both ways once all is answered, says its end and waits for the server's, cuts the
   * connection at once, or waits for the server to end it.
   */
  readonly end: 'close' | 'half-close' | 'reset' | 'wait'
  /** Whether the last request makes the server end the connection, with an answer or without. */
  readonly isLastFatal: boolean
  /** Judges all that the server said, where that is no HTTP. */
  readonly judgeReceived?: ((text: string) => string | undefined) | undefined
  /** Where the bytes are cut into writes. */
  readonly cuts: readonly number[]
}
