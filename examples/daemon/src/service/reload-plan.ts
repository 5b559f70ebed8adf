/** What a changed configuration means for what runs. Pure. */

import { configKey } from '../build/config-key.ts'
import type { NamedFiles } from '../config/named-files.ts'
import type { Config, PipelineConfig } from '../config/schema.ts'
import { describeChange } from '../pipeline/describe-change.ts'

/** What is to be done. */
export interface ReloadPlan {
  readonly added: readonly PipelineConfig[]
  readonly removed: readonly string[]
  /** Those that are there already; the same ones may be among them. */
  readonly kept: readonly PipelineConfig[]
  /** In words, e.g. `app: sink 1 (http_client) changed`. */
  readonly changes: readonly string[]
}

/** What only the next start takes over; other keys than these and `pipelines` are looked at whenever they are needed. */
const atNextStart = ['background', 'state_directory', 'pid_file', 'config_save_on_exit'] as const

/** Compares two configurations, and what the files hold that they name. */
export function reloadPlan(
  before: Config,
  after: Config,
  files: { readonly before?: NamedFiles | undefined; readonly after?: NamedFiles | undefined } = {},
): ReloadPlan {
  const old = new Map(before.pipelines.map((pipeline) => [pipeline.name, pipeline]))
  const names = new Set(after.pipelines.map(({ name }) => name))
  const added = after.pipelines.filter(({ name }) => !old.has(name))
  const removed = [...old.keys()].filter((name) => !names.has(name))
  const kept = after.pipelines.filter(({ name }) => old.has(name))
  const changes = [
    ...added.map(({ name }) => `${name}: added`),
    ...removed.map((name) => `${name}: removed`),
    ...kept.flatMap((config) =>
      describeChange(
        { config: old.get(config.name) as PipelineConfig, router: before.router, namedFiles: files.before },
        { config, router: after.router, namedFiles: files.after },
      ).map((change) => `${config.name}: ${change}`),
    ),
    ...topLevelChanges(before, after),
  ]
  return { added, removed, kept, changes }
}

function topLevelChanges(before: Config, after: Config): string[] {
  // What was taken out of it is in the one before only.
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof Config>
  names.delete('pipelines')
  return [...names]
    .filter((name) => configKey(before[name]) !== configKey(after[name]))
    .map((name) =>
      (atNextStart as readonly string[]).includes(name) ? `${name}: from the next start on` : `${name}: changed`,
    )
}
