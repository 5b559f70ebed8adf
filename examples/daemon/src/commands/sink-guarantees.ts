/** What is promised where entries go out: from the pipeline to a sink, and from each kind of sink on. */

import type { SinkConfig, SinkOf } from '../config/schema.ts'
import { always, counted, type Guarantee, guaranteeBy, type Rule } from './guarantee.ts'

const branches: readonly Rule<SinkConfig['options']>[] = [
  {
    applies: ({ when_full }) => when_full !== 'block',
    strength: 'drops',
    words: ({ when_full, buffer_size }) =>
      `when ${counted(buffer_size)} entries wait for it, the ${when_full === 'drop-newest' ? 'newest' : 'oldest'} are dropped, and counted`,
    stronger: 'say `when_full = "block"`, which makes the pipeline wait instead',
  },
  {
    applies: always,
    strength: 'at-least-once',
    words: 'the pipeline waits while the sink does not keep up',
  },
]

/** What is promised from the pipeline to a sink. A live sink never makes a pipeline wait, and its viewers have a ring. */
export function branchGuarantee({ options }: SinkConfig): Guarantee {
  return guaranteeBy(branches, options) as Guarantee
}

const live: readonly Rule<SinkOf<'http' | 'tcp' | 'websocket'>>[] = [
  {
    applies: ({ type }) => type === 'tcp',
    strength: 'live',
    words: ({ options }) => `viewers see what comes while they look, ring of ${counted(options.ring_entries)} entries`,
    stronger: 'add a sink that keeps entries, such as `file`',
  },
  {
    applies: always,
    strength: 'live',
    words: ({ options }) =>
      `viewers see what comes while they look, ring of ${counted(options.ring_entries)} entries for those who come back`,
    stronger: 'add a sink that keeps entries, such as `file`',
  },
]

const files: readonly Rule<SinkOf<'file'>>[] = [
  {
    applies: ({ options }) => options.fsync === 'never',
    strength: 'conditional',
    words: 'done when it is written: safe when the program crashes, not when the machine does',
    stronger: 'say `fsync = "interval"`',
  },
  {
    applies: always,
    strength: 'at-least-once',
    words: ({ options }) =>
      `done when it is on the disk (${options.fsync === 'always' ? 'synced at each write' : `synced every ${options.fsync_interval_ms} ms`}): safe from a power cut`,
  },
]

const posting: readonly Rule<SinkOf<'http_client'>>[] = [
  {
    applies: ({ options }) => options.respond === 'delivered',
    strength: 'at-least-once',
    words: 'acknowledged by the peer when its own sinks have it',
  },
  {
    applies: always,
    strength: 'conditional',
    words: 'acknowledged by the peer when it has answered 2xx: as safe as what the peer does before it answers',
    stronger: 'say `respond = "delivered"`, if the peer is a LogWisp',
  },
]

/** What a server does not take, as the beginning of a sentence. */
function refused({ options: { max_retries: times, max_retry_seconds: time } }: SinkOf<'http_client'>): string {
  const until = [
    ...(times === undefined ? [] : [`${times} ${times === 1 ? 'retry' : 'retries'}`]),
    ...(time === undefined ? [] : [`${time} s`]),
  ].join(' or ')
  const late = until === '' ? '' : `, and those of batches that it has not taken after ${until},`
  return `entries that the server refuses for good (400, 413, 422)${late}`
}

const orSendOn = ({ options }: SinkOf<'http_client'>): string =>
  options.max_retries === undefined && options.max_retry_seconds === undefined
    ? ''
    : '; leave `max_retries` and `max_retry_seconds` out, and batches are sent until they are taken'

const megabytesOf = ({ options }: SinkOf<'http_client'>): string => counted(options.dead_letter?.max_size_mb ?? 0)

const rejecting: readonly Rule<SinkOf<'http_client'>>[] = [
  {
    applies: ({ options }) => options.dead_letter === undefined,
    strength: 'drops',
    words: (sink) => `${refused(sink)} are dropped, and counted`,
    stronger: (sink) =>
      `say \`dead_letter = { directory = … }\`, where they are kept for \`logwisp replay\`${orSendOn(sink)}`,
  },
  {
    applies: ({ options }) => options.dead_letter?.when_full !== 'block',
    strength: 'drops',
    words: (sink) =>
      `${refused(sink)} are kept for \`logwisp replay\`; beyond ${megabytesOf(sink)} MB ${sink.options.dead_letter?.when_full === 'drop-newest' ? 'what comes is' : 'the oldest file is'} dropped, and counted`,
    stronger: 'say `when_full = "block"` in `dead_letter`, which makes the sink wait instead',
  },
  {
    applies: always,
    strength: 'at-least-once',
    words: (sink) =>
      `${refused(sink)} are kept for \`logwisp replay\`, on the disk before they are done; beyond ${megabytesOf(sink)} MB the sink waits`,
  },
]

/** What is promised of entries that a sink's far side does not take; undefined for sinks that reject nothing. */
export function rejectGuarantee(sink: SinkConfig): Guarantee | undefined {
  return sink.type === 'http_client' ? guaranteeBy(rejecting, sink) : undefined
}

const sending: readonly Rule<SinkOf<'tcp_client'>>[] = [
  {
    applies: ({ options }) => options.protocol === 'logwisp' && options.acknowledge !== 'written',
    strength: 'at-least-once',
    words: 'acknowledged by the peer when its own sinks have it',
  },
  {
    applies: ({ options }) => options.protocol === 'logwisp',
    strength: 'at-most-once',
    words: 'done when the system has taken it: what is on its way when the connection breaks is lost',
    stronger: 'say `acknowledge = "peer"`',
  },
  {
    applies: always,
    strength: 'at-most-once',
    words: 'done when the system has taken it: what is on its way when the connection breaks is lost',
    stronger: 'say `protocol = "logwisp"`, if the peer is a LogWisp',
  },
]

const consoles: readonly Rule<SinkOf<'stdout' | 'stderr'>>[] = [
  {
    applies: ({ options }) => options.when_closed === 'drop',
    strength: 'drops',
    words: 'done when the system has taken it; once its reader has gone everything is dropped, and counted',
    stronger: 'say `when_closed = "error"`',
  },
  {
    applies: always,
    strength: 'conditional',
    words: 'done when the system has taken it: as safe as what reads it',
    stronger: 'add a `file` sink',
  },
]

/** What is promised from a sink to where entries go. */
export function sinkGuarantee(sink: SinkConfig): Guarantee {
  switch (sink.type) {
    case 'http':
    case 'tcp':
    case 'websocket':
      return guaranteeBy(live, sink) as Guarantee
    case 'file':
      return guaranteeBy(files, sink) as Guarantee
    case 'http_client':
      return guaranteeBy(posting, sink) as Guarantee
    case 'tcp_client':
      return guaranteeBy(sending, sink) as Guarantee
    case 'stdout':
    case 'stderr':
      return guaranteeBy(consoles, sink) as Guarantee
  }
}

/** What the text of an entry leaves out for a program that reads it, by the format's word; undefined when nothing. */
export function lossOfFormat(
  { type }: Pick<SinkConfig, 'type'>,
  format: string,
): { readonly words: string; readonly stronger: string } | undefined {
  if (type === 'file' || type === 'stdout' || type === 'stderr') return undefined
  const stronger = 'say `format = "wire"`, if a LogWisp reads it, or `"json"`'
  if (format === 'raw') return { words: 'as `raw` it has no time, level, source and fields', stronger }
  if (format === 'text') return { words: 'as `text` its time, level, source and fields have to be guessed', stronger }
  return undefined
}

/** Whether entries may arrive in another order than they came. */
export function losesOrder(sink: SinkConfig): boolean {
  return sink.type === 'http_client' && sink.options.max_in_flight > 1
}

/** Whether a sink only shows entries. */
export function isLive({ type }: SinkConfig): boolean {
  return type === 'http' || type === 'tcp' || type === 'websocket'
}
