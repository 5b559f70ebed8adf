/** What is promised where entries come in: from each kind of source to the pipeline, and by the pipeline's rate limit. */

import type { PipelineConfig, SourceConfig, SourceOf } from '../config/schema.ts'
import { always, type Guarantee, guaranteeBy, type Rule } from './guarantee.ts'

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
      return guaranteeBy(onDisk, source) as Guarantee
    case 'stdin':
      return guaranteeBy(standardInput, source) as Guarantee
    case 'http':
      return guaranteeBy(posted, source) as Guarantee
    case 'tcp':
      return guaranteeBy(connected, source) as Guarantee
    case 'sse':
      return guaranteeBy(fetched, source) as Guarantee
    case 'websocket':
      return guaranteeBy(
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
  return guaranteeBy(limits, limit)
}
