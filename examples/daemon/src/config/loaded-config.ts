/** A configuration as it was loaded: its values, where each came from, and what is to be said about it. */

import type { NamedFiles } from './named-files.ts'
import type { ConfigLanguage } from './parse-file.ts'
import type { FileAsRead } from './read-file.ts'
import type { Config } from './schema.ts'
import type { WrittenTable } from './written.ts'

/** Where a value came from. */
export type ValueOrigin =
  | { readonly from: 'default' }
  | { readonly from: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly from: 'environment'; readonly variable: string }
  | { readonly from: 'command-line'; readonly flag: string }

/** Something that is wrong with a configuration, in words for whoever wrote it. */
export interface Problem {
  /** The dotted path, e.g. `pipelines.0.sources.1.options.port`; empty for the whole. */
  readonly path: string
  /** What is wrong and what to do. */
  readonly message: string
  readonly origin: ValueOrigin | undefined
}

/** Something that works otherwise than the ancestor's users expect, or that is better said before it surprises. */
export interface Notice {
  readonly path: string
  readonly message: string
  readonly origin: ValueOrigin | undefined
  /** `warning`: dangerous, such as a server that anybody can reach. */
  readonly severity: 'notice' | 'warning'
}

/** A configuration that was checked. */
export interface LoadedConfig {
  readonly config: Config
  /** The file that was read, absolute; undefined when there was none. */
  readonly file: string | undefined
  /** By dotted path of each leaf, defaults included. */
  readonly origins: ReadonlyMap<string, ValueOrigin>
  readonly notices: readonly Notice[]
  /** What the files hold that it names, as far as stages read them once. */
  readonly namedFiles?: NamedFiles | undefined
  /** The file as it was read and what everything was made from: what `saveConfig` needs. */
  readonly sources?: ConfigSources | undefined
  /** When reading it and the files that it names began, in ms since the epoch: what changed since then was perhaps not seen. */
  readonly readAt?: number | undefined
}

/** What a configuration was made from. */
export interface ConfigSources {
  readonly file: FileAsRead | undefined
  readonly language: ConfigLanguage | undefined
  /** Everything that was written anywhere, merged. */
  readonly tree: WrittenTable
}

/** A configuration that cannot be used: everything that is wrong with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(problemText).join('\n'))
    this.problems = problems
  }
}

/** `logwisp.toml:12:3: pipelines.0.name: …` */
export function problemText({ path, message, origin }: Problem | Notice): string {
  return [originText(origin), path, message].filter((part) => part !== '').join(': ')
}

/** `logwisp.toml:12:3`, `LOGWISP_QUIET`, `--quiet`; empty for a default. */
export function originText(origin: ValueOrigin | undefined): string {
  switch (origin?.from) {
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}`
    case 'environment':
      return origin.variable
    case 'command-line':
      return origin.flag
    default:
      return ''
  }
}
