/** Which keys and words LogWisp in Go 0.3.11 knew: a file that says nothing else was written for it. */

import type { ValueOrigin } from './loaded-config.ts'
import type { Config } from './schema.ts'

const netLimit =
  'net_limit.{enabled,requests_per_second,burst_size,limit_by,response_code,response_message,max_connections_per_ip,max_total_connections}'

/** Dotted paths, `*` for an index, `{a,b}` for several. */
const patterns = [
  '{router,background,quiet,disable_status_reporter,config_auto_reload,config_save_on_exit}',
  'logging.{output,level}',
  'logging.file.{directory,name,max_size_mb,max_total_size_mb,retention_hours}',
  'logging.console.{target,format}',
  'pipelines.*.{name,format}',
  'pipelines.*.format_options.{pretty,timestamp_field,level_field,message_field,source_field,template,timestamp_format}',
  'pipelines.*.rate_limit.{rate,burst,policy,max_entry_size_bytes}',
  'pipelines.*.filters.*.{type,logic,patterns}',
  'pipelines.*.auth.{type,ip_whitelist,ip_blacklist}',
  'pipelines.*.auth.basic_auth.{users_file,realm}',
  'pipelines.*.auth.basic_auth.users.*.{username,password_hash}',
  'pipelines.*.auth.bearer_auth.tokens',
  'pipelines.*.auth.bearer_auth.jwt.{jwks_url,signing_key,issuer,audience}',
  'pipelines.*.{sources,sinks}.*.type',
  'pipelines.*.sources.*.options.{path,pattern,check_interval_ms,port,ingest_path,buffer_size}',
  'pipelines.*.sinks.*.options.{port,buffer_size,stream_path,status_path,target}',
  'pipelines.*.sinks.*.options.heartbeat.{enabled,interval_seconds,include_timestamp,include_stats,format}',
  'pipelines.*.sinks.*.options.ssl.{enabled,cert_file,key_file,client_auth,client_ca_file,verify_client_cert}',
  'pipelines.*.sinks.*.options.ssl.{min_version,max_version,cipher_suites}',
  'pipelines.*.sinks.*.options.{url,batch_size,batch_delay_ms,timeout_seconds,max_retries,retry_delay_ms,retry_backoff}',
  'pipelines.*.sinks.*.options.{headers,insecure_skip_verify}',
  'pipelines.*.sinks.*.options.{address,dial_timeout_seconds,write_timeout_seconds,keep_alive_seconds}',
  'pipelines.*.sinks.*.options.{reconnect_delay_ms,max_reconnect_delay_seconds,reconnect_backoff}',
  'pipelines.*.sinks.*.options.{directory,name,max_size_mb,max_total_size_mb,retention_hours,min_disk_free_mb}',
  `pipelines.*.{sources,sinks}.*.options.${netLimit}`,
]

const known: ReadonlySet<string> = new Set(patterns.flatMap(expanded))

/** Words of ours for keys that the ancestor knew. */
const newWords: ReadonlySet<string> = new Set(['sse', 'websocket', 'level', 'wire', 'wait', 'user', 'entry', 'trace'])

const keysOfWords: ReadonlySet<string> = new Set(['type', 'format', 'policy', 'limit_by', 'level'])

/** Whether there is a file, and nothing in it that the ancestor would not know. */
export function isWrittenForAncestor(config: Config, origins: ReadonlyMap<string, ValueOrigin>): boolean {
  const fromFile = [...origins].flatMap(([path, { from }]) => (from === 'file' ? [path] : []))
  return fromFile.length > 0 && fromFile.every((path) => isKnown(path) && !isNewWord(path, config))
}

function isKnown(path: string): boolean {
  const steps = path.split('.').map((step) => (/^\d+$/.test(step) ? '*' : step))
  // Elements of lists and values of tables of free names belong to their key.
  return steps.some((_, index) => known.has(steps.slice(0, index + 1).join('.')))
}

function isNewWord(path: string, config: Config): boolean {
  const steps = path.split('.')
  if (!keysOfWords.has(steps.at(-1) ?? '')) return false
  let value: unknown = config
  for (const step of steps) value = (value as Readonly<Record<string, unknown>> | undefined)?.[step]
  return typeof value === 'string' && newWords.has(value)
}

function expanded(pattern: string): string[] {
  const found = /^(.*?)\{([^}]*)\}(.*)$/.exec(pattern)
  if (found === null) return [pattern]
  const [, before = '', choices = '', after = ''] = found
  return choices.split(',').flatMap((choice) => expanded(`${before}${choice}${after}`))
}
