/** What is promised where entries come in: from each kind of source to the pipeline, and by the pipeline's rate limit. */

import { bufferOf } from '../config/checks/check-buffers.ts'
import type { PipelineConfig, SourceConfig, SourceOf } from '../config/schema.ts'
import { safeWhen } from './buffer-guarantees.ts'
import { always, counted, type Guarantee, guaranteeBy, type Rule } from './guarantee.ts'
import { isLive } from './sink-guarantees.ts'

/** A source, and who takes its entries over. */
interface In<Source extends SourceConfig> {
  readonly source: Source
  /** Who has to have an entry for it to be done, in words. */
  readonly takers: string
  /** When whoever takes it over first has it, where that is a disk buffer before each sink; in words that follow "once". */
  readonly onDisk: string | undefined
}

const toDisk =
  'put a disk buffer before each sink that keeps entries (`buffer = { type = "disk", directory = … }`): what was taken is safe there however slow the sink is'

const followed: readonly Rule<In<SourceOf<'directory' | 'file'>>>[] = [
  {
    applies: always,
    strength: 'at-least-once',
    words: ({ takers }) => `at least once: the position is saved when ${takers}, and read again from there`,
    except: ({ source }) => unreadable(source),
  },
]

/** Lines of files that no follower can read, or that this one is told not to. */
function unreadable({ type, options }: SourceOf<'directory' | 'file'>): readonly string[] {
  const { start_at, rotate_delay_ms, max_line_bytes, when_line_too_long } = options
  const late = `${rotate_delay_ms / 1000} s after the rotation (\`rotate_delay_ms\`)`
  return [
    ...(start_at === 'end'
      ? ['lines that are there before the first start: say `start_at = "beginning"`, if they are wanted']
      : []),
    'lines between the copy and the cut of a rotation by `copytruncate`: they are in no file. Rotate with `create`',
    'rotated files that are removed, or compressed out of sight, before they are read: keep them for longer than a sink may be down',
    type === 'file'
      ? `lines written to a rotated file later than ${late}`
      : `lines written later than ${late} to a file whose rotated name does not match \`pattern\``,
    ...(when_line_too_long === 'split'
      ? []
      : [
          `${when_line_too_long === 'truncate' ? 'the rest of lines longer than' : 'lines longer than'} ${counted(max_line_bytes)} bytes, counted: \`when_line_too_long = "split"\` gives all of them`,
        ]),
  ]
}

const standardInput: readonly Rule<In<SourceOf<'stdin'>>>[] = [
  {
    applies: ({ onDisk }) => onDisk !== undefined,
    strength: 'at-most-once',
    words: ({ onDisk }) =>
      `at most once: stdin can't be read again, so what was taken and is not in the disk buffer yet (${onDisk}) is lost in a crash`,
    stronger: 'let the program write to a file, and follow that with a `file` source',
  },
  {
    applies: always,
    strength: 'at-most-once',
    words: "at most once: stdin can't be read again, so what was taken and not written is lost in a crash",
    stronger: `let the program write to a file, and follow that with a \`file\` source; or ${toDisk}`,
  },
]

const posted: readonly Rule<In<SourceOf<'http'>>>[] = [
  {
    applies: ({ source: { options } }) => options.respond === 'delivered',
    strength: 'at-least-once',
    words: ({ takers }) => `at least once: answered when ${takers}; a client without an answer sends it again`,
    except: () => ['clients that do not send again what was answered with an error, or not at all'],
  },
  {
    applies: ({ source: { options } }) => options.respond === 'either',
    strength: 'conditional',
    words:
      'at least once for clients that ask (`Prefer: respond-delivered`), at most once for others: a 202 comes before the sinks have it',
    stronger: 'say `respond = "delivered"`, so that every client is answered when the sinks have it',
  },
  {
    applies: always,
    strength: 'at-most-once',
    words: ({ onDisk }) =>
      `at most once: answered with 202 when it is taken; what ${onDisk === undefined ? 'no sink has yet' : `is not in the disk buffer yet (${onDisk})`} is lost in a crash`,
    stronger: 'say `respond = "delivered"`, so that clients are answered when the sinks have it',
  },
]

const connected: readonly Rule<In<SourceOf<'tcp'>>>[] = [
  {
    applies: ({ source: { options } }) => options.framing === 'octet-counted',
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

/** What is promised from where entries come from to the pipeline, whose sinks and buffers take them over. */
export function sourceGuarantee(source: SourceConfig, { sinks }: Pick<PipelineConfig, 'sinks'>): Guarantee {
  const around = takersOf(sinks)
  switch (source.type) {
    case 'directory':
    case 'file':
      return guaranteeBy(followed, { source, ...around }) as Guarantee
    case 'stdin':
      return guaranteeBy(standardInput, { source, ...around }) as Guarantee
    case 'http':
      return guaranteeBy(posted, { source, ...around }) as Guarantee
    case 'tcp':
      return guaranteeBy(connected, { source, ...around }) as Guarantee
    case 'sse':
      return guaranteeBy(fetched, source) as Guarantee
    case 'websocket':
      return guaranteeBy(
        'url' in source.options && source.options.url !== undefined ? fetched : sentByWebSocket,
        source,
      ) as Guarantee
  }
}

/** Who has to have an entry before it is done for its source. Viewers have it as soon as they are shown it. */
function takersOf(sinks: PipelineConfig['sinks']): Omit<In<SourceConfig>, 'source'> {
  const keeping = sinks.filter((sink) => !isLive(sink))
  const buffered = keeping.map(bufferOf).flatMap((buffer) => (buffer?.type === 'disk' ? [safeWhen(buffer)] : []))
  if (buffered.length === 0) return { takers: 'every sink has it', onDisk: undefined }
  const isAll = buffered.length === keeping.length
  return {
    takers: isAll
      ? `${keeping.length === 1 ? 'the disk buffer has' : 'every disk buffer has'} it`
      : 'every sink, or the disk buffer before it, has it',
    onDisk: isAll ? [...new Set(buffered)].join(', ') : undefined,
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
