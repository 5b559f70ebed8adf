/**
 * What is deliberately otherwise than in LogWisp in Go 0.3.11: the one table for the notices that are printed when such a
 * configuration is loaded, and for docs/daemon/from-logwisp-go.md.
 */

import { isWrittenForAncestor } from './ancestor-keys.ts'
import type { Notice, ValueOrigin } from './loaded-config.ts'
import type { Config, SinkConfig, SourceConfig } from './schema.ts'

/** One difference. */
export interface Difference {
  /** The key, or what it is about. */
  readonly about: string
  /** What LogWisp in Go did. */
  readonly before: string
  /** What is done here. */
  readonly now: string
  /** Where it matters in a configuration: dotted paths. Without it nothing is printed, the table says it. */
  readonly matters?: (config: Config, isGiven: (path: string) => boolean) => readonly string[]
  /** Whether it is said of every configuration, since something in it has no effect; else only of the ancestor's own. */
  readonly always?: true
}

interface Place<Stage> {
  readonly path: string
  readonly stage: Stage
}

function sources(config: Config): Place<SourceConfig>[] {
  return config.pipelines.flatMap(({ sources: stages }, index) =>
    stages.map((stage, place) => ({ stage, path: `pipelines.${index}.sources.${place}.options` })),
  )
}

function sinks(config: Config): Place<SinkConfig>[] {
  return config.pipelines.flatMap(({ sinks: stages }, index) =>
    stages.map((stage, place) => ({ stage, path: `pipelines.${index}.sinks.${place}.options` })),
  )
}

function stagesOf(config: Config): Place<SourceConfig | SinkConfig>[] {
  return [...sources(config), ...sinks(config)]
}

/** Everything that is deliberately otherwise. */
export const differences: readonly Difference[] = [
  {
    about: '`host` of whatever listens',
    before: 'every server listened on all addresses, and let any page of any origin read it',
    now: 'servers listen on 127.0.0.1 until `host` says otherwise, e.g. `host = "0.0.0.0"`; `allow_origin` names other origins',
    matters: (config, isGiven) =>
      stagesOf(config).flatMap(({ stage, path }) =>
        'host' in stage.options && !isGiven(`${path}.host`) ? [`${path}.host`] : [],
      ),
  },
  {
    about: '`auth`, `ssl`, `ip_whitelist`, `ip_blacklist`',
    before: 'checked, announced in the log, and not applied: everybody was let in, in plain text',
    now: 'applied: clients need the credentials, addresses and TLS that are configured',
    matters: (config) => [
      ...config.pipelines.flatMap(({ auth }, index) =>
        auth.type !== 'none' || auth.ip_whitelist.length > 0 || auth.ip_blacklist.length > 0
          ? [`pipelines.${index}.auth`]
          : [],
      ),
      ...stagesOf(config).flatMap(({ stage, path }) =>
        'host' in stage.options && stage.options.ssl.enabled ? [`${path}.ssl`] : [],
      ),
    ],
  },
  {
    about: '`bearer_auth.jwt`',
    before: '`issuer` and `audience` could be left out',
    now: 'both must be given: tokens for somebody else are refused',
  },
  {
    about: '`ssl.min_version` of TLS1.0 and TLS1.1',
    before: 'accepted',
    now: 'TLS 1.2 is the oldest that is spoken; a warning says so',
  },
  {
    about: '`max_retries` of `http_client`',
    before: '3 when left out; then the batch was dropped. 408 and 429 were never tried again',
    now: 'left out: a batch is sent again until it is taken, and the pipeline waits. Given: dropped after so many, counted',
    matters: (config, isGiven) =>
      sinks(config).flatMap(({ stage, path }) =>
        stage.type === 'http_client' && !isGiven(`${path}.max_retries`) ? [`${path}.max_retries`] : [],
      ),
  },
  {
    about: '`retry_backoff`, `reconnect_backoff`',
    before: 'the factor of the next pause, without a bound and without chance',
    now: 'accepted, without effect: pauses double, are drawn at random, and end at `max_retry_delay_seconds` or `max_reconnect_delay_seconds`',
    always: true,
    matters: (config, isGiven) =>
      sinks(config).flatMap(({ path }) =>
        [`${path}.retry_backoff`, `${path}.reconnect_backoff`].filter((key) => isGiven(key)),
      ),
  },
  {
    about: '`insecure_skip_verify` of `http_client`',
    before: 'read, and never applied',
    now: 'accepted, without effect: servers are always verified; `ssl.ca_file` names an authority of your own',
    always: true,
    matters: (config) =>
      sinks(config).flatMap(({ stage, path }) =>
        stage.type === 'http_client' && stage.options.insecure_skip_verify ? [`${path}.insecure_skip_verify`] : [],
      ),
  },
  {
    about: '`buffer_size` of sources',
    before: 'entries that waited; what came on top was dropped, uncounted',
    now: 'accepted, without effect: what is read is bounded in bytes, and a slow sink makes the source wait',
    always: true,
    matters: (config, isGiven) =>
      sources(config).flatMap(({ path }) => (isGiven(`${path}.buffer_size`) ? [`${path}.buffer_size`] : [])),
  },
  {
    about: '`buffer_size` of sinks',
    before: 'entries that waited; what came on top was dropped, uncounted',
    now: 'the pipeline waits by default; with `when_full = "drop-newest"` or `"drop-oldest"` so many wait, and drops are counted',
    always: true,
    matters: (config, isGiven) =>
      sinks(config).flatMap(({ stage, path }) =>
        stage.options.when_full === 'block' && isGiven(`${path}.buffer_size`) ? [`${path}.buffer_size`] : [],
      ),
  },
  {
    about: '`max_total_size_mb`, `max_size_mb`, `min_disk_free_mb` of `file` left out',
    before: 'the documentation said none, 100 and 1000; the code had 5, 1 and 10, and dropped lines on a full disk',
    now: 'as documented: nothing is removed for its size, and the sink waits while less than 1000 MB are free',
    matters: (config, isGiven) =>
      sinks(config).flatMap(({ stage, path }) =>
        stage.type === 'file' && !isGiven(`${path}.max_total_size_mb`) ? [`${path}.max_total_size_mb`] : [],
      ),
  },
  {
    about: 'files of the `file` sink',
    before:
      '`<name>_<time>_<nanoseconds>.log`; began with a line of its own; removed every `*.log` of the directory when space was needed',
    now: '`<name>-<time>-<number>.log`; entries only; removes files of its own name only',
  },
  {
    about: '`max_entry_size_bytes` with `policy = "pass"` or `rate = 0`',
    before: 'no effect',
    now: 'longer entries are dropped, counted, whatever the rate says',
    matters: (config) =>
      config.pipelines.flatMap(({ rate_limit: { rate, policy, max_entry_size_bytes } }, index) =>
        max_entry_size_bytes > 0 && (rate === 0 || policy === 'pass')
          ? [`pipelines.${index}.rate_limit.max_entry_size_bytes`]
          : [],
      ),
  },
  {
    about: '`net_limit`',
    before:
      'as `rate_limit`, its documented name, ignored; refused whole numbers; blocked every IPv6 address; connections were miscounted, the total not at all',
    now: 'both names, whole numbers too, IPv6 by /64, all limits hold; answers have `Retry-After`',
  },
  {
    about: '`heartbeat`',
    before: 'left out: the sink crashed. Whatever `format` said, an entry among the others',
    now: 'left out: comments every 30 s over HTTP, none over TCP. `format` and `include_timestamp` are applied; `entry` is the old form',
  },
  {
    about: '`stream_path` left out',
    before: '`/transport` in the code, `/stream` in the documentation',
    now: '`/stream`',
  },
  {
    about: 'the SSE stream',
    before: 'a media type that browsers refuse, no ends of events; viewers took entries from each other',
    now: 'server-sent events with ids; every viewer sees every entry, and is told what it missed',
  },
  {
    about: 'two stages on one port',
    before: 'refused, also in router mode; two processes shared a TCP port unnoticed',
    now: 'stages of HTTP share a port when their paths differ; anything else is an error before the start',
  },
  {
    about: '`router`',
    before: 'could not work',
    now: 'works; `/app` is not `/apple`; `/status` shows what the asker may see',
  },
  {
    about: '`target = "split"` of one console sink alone',
    before: 'half of the entries vanished',
    now: 'it writes both halves; with a `stdout` and a `stderr` sink that both have it each writes its own',
  },
  {
    about: 'source `file`',
    before: 'documented, and refused',
    now: 'follows one file',
  },
  {
    about: 'where reading begins',
    before: 'at the end of each file, after each start; what a new file had already was never read',
    now: 'where the last run stopped (`state_directory`); files that appear later from their beginning; `start_at` for the first run',
  },
  {
    about: 'rotated files',
    before: 'an entry of its own in the stream at each rotation; lines written just before were lost',
    now: 'read to their end, nothing is put in',
  },
  {
    about: 'JSON lines in files',
    before: '`time`, `level`, `msg`, `fields` were taken, all else was thrown away; `message` was not known',
    now: 'the line stays as it is, time and level are found in it; the format `json` merges all of its keys',
  },
  {
    about: 'standard input at its end',
    before: 'the process went on for ever',
    now: 'what was read is delivered; when nothing else runs, the process ends with 0',
  },
  {
    about: 'the format `json`',
    before: 'numbers lost digits, a message `null` vanished, `fields` that were no object were lost',
    now: 'numbers stay exact, nothing is lost',
  },
  {
    about: 'chaining two LogWisps',
    before: 'times and fields were lost on the way',
    now: '`timestamp` and flattened fields are understood; `format = "wire"` or `protocol = "logwisp"` keep everything, ids too',
  },
  {
    about: 'unknown keys, flags and `LOGWISP_` variables; values of the wrong type',
    before: 'ignored',
    now: 'errors, with place and suggestion, all at once, before anything starts',
  },
  {
    about: 'environment variables',
    before:
      'names without their prefix were read, so that `VERSION=1` stopped the start; those of pipelines never worked',
    now: '`LOGWISP_…` for every value, also within pipelines; no other variable matters',
  },
  {
    about: 'command line',
    before: 'flags with dashes, short ones and those within pipelines were ignored',
    now: '`--config-auto-reload`, `--config_auto_reload`, `-q`, `-b`, `-r`, `-c`, `--pipelines.0.name x`: all are heard',
  },
  {
    about: 'hot reload',
    before: 'stopped delivery, or never succeeded; changed files were not checked',
    now: 'checked first; only what changed is made anew; SIGHUP reads the file also without `config_auto_reload`',
  },
  {
    about: '`config_save_on_exit`',
    before: 'lost comments and order, wrote keys of its own, made one-off flags permanent, mode 0644',
    now: 'keeps comments, order and mode; flags and variables are not written',
  },
  {
    about: '`background`',
    before: 'in the same session, no pid file; said "started" whatever happened',
    now: 'in a session of its own, `pid_file`; answers when it serves, or why it does not',
  },
  {
    about: 'the end (SIGINT, SIGTERM)',
    before: 'what was queued was thrown away; exit code 2 was documented and never came',
    now: 'sources first, then what is under way; `stop_timeout_seconds`; says what is not delivered; exit codes as documented',
  },
  {
    about: 'status reporter',
    before: 'every 30 s, at `debug`',
    now: 'every `status_interval_seconds` (30), at `info`, when something changed',
  },
]

/**
 * The differences that matter for a configuration, one notice each.
 *
 * Somebody who never had LogWisp in Go is not told about it: a file with a key or a word that it did not know was not
 * written for it, and hears only of what has no effect.
 */
export function differenceNotices(config: Config, origins: ReadonlyMap<string, ValueOrigin>): Notice[] {
  const isGiven = (path: string): boolean => (origins.get(path) ?? byDefault).from !== 'default'
  const isAncestors = isWrittenForAncestor(config, origins)
  return differences.flatMap(({ matters, always, about, before, now }) => {
    const paths = isAncestors || always ? (matters?.(config, isGiven) ?? []) : []
    const [path] = paths
    if (path === undefined) return []
    const more = paths.length === 1 ? '' : ` (and ${paths.length - 1} more)`
    const message = `${about}${more}: ${now}${isAncestors ? `. LogWisp in Go: ${before}` : ''}`
    return [{ path, message, origin: undefined, severity: 'notice' as const }]
  })
}

const byDefault: ValueOrigin = { from: 'default' }
