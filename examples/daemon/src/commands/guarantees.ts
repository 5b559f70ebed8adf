/**
 * What becomes of an entry on each link of a pipeline when something breaks: the reasoning behind `logwisp explain`, as
 * tables of rules. The first rule that applies says it.
 */

import type { PipelineConfig, SinkConfig, SinkOf, SourceConfig, SourceOf } from '../config/schema.ts'

/**
 * From weak to strong.
 * - `live`: seen by whoever looks.
 * - `at-most-once`: gone in a crash of one side, and nobody can tell.
 * - `drops`: dropped beyond a bound that the configuration sets, and counted.
 * - `conditional`: as good as what the other side does.
 * - `at-least-once`: never lost; may come twice after a crash.
 */
export const strengths = ['live', 'at-most-once', 'drops', 'conditional', 'at-least-once'] as const

/** One of {@link strengths}. */
export type Strength = (typeof strengths)[number]

/** What a link promises. */
export interface Guarantee {
  readonly strength: Strength
  /** In a sentence, without a full stop. */
  readonly words: string
  /** What would make it stronger; undefined where nothing in this configuration would. */
  readonly stronger: string | undefined
}

interface Rule<About> {
  readonly applies: (about: About) => boolean
  readonly strength: Strength
  readonly words: string | ((about: About) => string)
  readonly stronger?: string
}

const always = (): boolean => true

function first<About>(rules: readonly Rule<About>[], about: About): Guarantee | undefined {
  const rule = rules.find(({ applies }) => applies(about))
  if (rule === undefined) return undefined
  const { strength, words, stronger } = rule
  return { strength, words: typeof words === 'string' ? words : words(about), stronger }
}

const onDisk: readonly Rule<unknown>[] = [
  {
    applies: always,
    strength: 'at-least-once',
    words: 'at least once: the position is saved when every sink has it, and read again from there',
  },
]

const standardInput: readonly Rule<unknown>[] = [
  {
    applies: always,
    strength: 'at-most-once',
    words: "at most once: stdin can't be read again, so what was taken and not written is lost in a crash",
    stronger: 'let the program write to a file, and follow that with a `file` source',
  },
]

const posted: readonly Rule<SourceOf<'http'>>[] = [
  {
    applies: ({ options }) => options.respond === 'delivered',
    strength: 'at-least-once',
    words: 'at least once: answered when every sink has it; a client without an answer sends it again',
  },
  {
    applies: ({ options }) => options.respond === 'either',
    strength: 'conditional',
    words:
      'at least once for clients that ask (`Prefer: respond-delivered`), at most once for others: a 202 comes before the sinks have it',
    stronger: 'say `respond = "delivered"`, so that every client is answered when the sinks have it',
  },
  {
    applies: always,
    strength: 'at-most-once',
    words: 'at most once: answered with 202 when it is taken; what no sink has yet is lost in a crash',
    stronger: 'say `respond = "delivered"`, so that clients are answered when the sinks have it',
  },
]

const connected: readonly Rule<SourceOf<'tcp'>>[] = [
  {
    applies: ({ options }) => options.framing === 'octet-counted',
    strength: 'at-most-once',
    words: 'at most once: syslog tells its sender nothing, so what is under way is lost in a crash',
    stronger: 'follow the file of the syslog daemon instead, or send with a LogWisp next to it',
  },
  {
    applies: always,
    strength: 'conditional',
    words: 'at least once from a LogWisp with `protocol = "logwisp"`, at most once from others: they are told nothing',
    stronger: 'send with a LogWisp: `tcp_client` with `protocol = "logwisp"`',
  },
]

const fetched: readonly Rule<unknown>[] = [
  {
    applies: always,
    strength: 'conditional',
    words: "asked for again after the last id that every sink has, as far back as the server's ring reaches",
    stronger:
      'let the other side send it: `http_client` with `respond = "delivered"`, or `tcp_client` with `protocol = "logwisp"`',
  },
]

const sentByWebSocket: readonly Rule<unknown>[] = [
  {
    applies: always,
    strength: 'conditional',
    words: 'at least once from clients that ask for acknowledgement, at most once from others',
  },
]

/** What is promised from where entries come from to the pipeline. */
export function sourceGuarantee(source: SourceConfig): Guarantee {
  switch (source.type) {
    case 'directory':
    case 'file':
      return first(onDisk, source) as Guarantee
    case 'stdin':
      return first(standardInput, source) as Guarantee
    case 'http':
      return first(posted, source) as Guarantee
    case 'tcp':
      return first(connected, source) as Guarantee
    case 'sse':
      return first(fetched, source) as Guarantee
    case 'websocket':
      return first(
        'url' in source.options && source.options.url !== undefined ? fetched : sentByWebSocket,
        source,
      ) as Guarantee
  }
}

const limits: readonly Rule<PipelineConfig['rate_limit']>[] = [
  {
    applies: ({ rate, policy }) => rate > 0 && policy === 'drop',
    strength: 'drops',
    words: ({ rate, max_entry_size_bytes: most }) =>
      `more than ${rate} a second${most > 0 ? `, and entries longer than ${most} bytes,` : ''} are dropped, and counted`,
    stronger: 'say `rate_limit.policy = "wait"`, which slows the sources down instead',
  },
  {
    applies: ({ max_entry_size_bytes: most }) => most > 0,
    strength: 'drops',
    words: ({ max_entry_size_bytes: most }) => `entries longer than ${most} bytes are dropped, and counted`,
    stronger: 'leave `rate_limit.max_entry_size_bytes` out, and bound the lines in the sources',
  },
  {
    applies: ({ rate, policy }) => rate > 0 && policy === 'wait',
    strength: 'at-least-once',
    words: ({ rate }) => `the sources wait beyond ${rate} a second`,
  },
]

/** What the rate limit does; undefined when it lets everything through. */
export function limitGuarantee(limit: PipelineConfig['rate_limit']): Guarantee | undefined {
  return first(limits, limit)
}

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
  return first(branches, options) as Guarantee
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
    applies: ({ options }) => options.max_retries !== undefined || options.max_retry_seconds !== undefined,
    strength: 'drops',
    words: ({ options: { max_retries: times, max_retry_seconds: time } }) =>
      `a batch that the server does not take is dropped after ${[
        ...(times === undefined ? [] : [`${times} ${times === 1 ? 'retry' : 'retries'}`]),
        ...(time === undefined ? [] : [`${time} s`]),
      ].join(' or ')}, and counted`,
    stronger: 'leave `max_retries` and `max_retry_seconds` out: it is then sent until it is taken',
  },
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
      return first(live, sink) as Guarantee
    case 'file':
      return first(files, sink) as Guarantee
    case 'http_client':
      return first(posting, sink) as Guarantee
    case 'tcp_client':
      return first(sending, sink) as Guarantee
    case 'stdout':
    case 'stderr':
      return first(consoles, sink) as Guarantee
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

function counted(entries: number): string {
  return entries.toLocaleString('en-US')
}
