/**
 * The files that a configuration names and that are read once, when a stage is made: users, tokens, and what clients of
 * TLS trust and show. The certificates of servers are not among them: those are looked at for as long as they serve.
 */

import type { AuthConfig, PipelineConfig, SinkConfig, SourceConfig } from './schema.ts'

/** What such files hold: a hash of each, by its path as it is written. */
export type NamedFiles = ReadonlyMap<string, string>

/** Those that a stage reads. */
export function filesOfStage(stage: SourceConfig | SinkConfig, pipeline: PipelineConfig): readonly string[] {
  const { options } = stage
  if ('port' in options && options.port !== undefined) {
    return filesOfAuth(('auth' in options ? (options.auth as AuthConfig | undefined) : undefined) ?? pipeline.auth)
  }
  if (!('ssl' in options)) return []
  const { ca_file, cert_file, key_file } = options.ssl as Readonly<Record<string, string | undefined>>
  return present([ca_file, cert_file, key_file])
}

/** Those that say who may come. */
export function filesOfAuth({ type, basic_auth, bearer_auth }: AuthConfig): readonly string[] {
  if (type === 'basic') return present([basic_auth?.users_file])
  return type === 'bearer' ? present([bearer_auth?.tokens_file]) : []
}

/** What they hold, to compare by. */
export function contentsOf(paths: readonly string[], files: NamedFiles | undefined): readonly (string | undefined)[] {
  return paths.map((path) => files?.get(path))
}

function present(paths: readonly (string | undefined)[]): readonly string[] {
  return paths.filter((path) => path !== undefined)
}
