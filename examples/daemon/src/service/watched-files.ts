/** Which files a change is looked for in, with each configuration anew. */

import { resolve } from 'node:path'
import type { Logger } from 'pino'
import type { LoadedConfig } from '../config/loaded-config.ts'
import { watchConfig } from './watch-config.ts'

export class WatchedFiles {
  readonly #log: Logger
  readonly #onChange: (cause: string) => Promise<void>
  /** By path, what ends the watching. */
  readonly #watches = new Map<string, () => void>()

  constructor(log: Logger, onChange: (cause: string) => Promise<void>) {
    this.#log = log
    this.#onChange = onChange
  }

  /**
   * Watches the configuration's file and those that it names, if it wants that, and nothing else any more; one that is
   * watched already goes on being so.
   */
  async take(loaded: LoadedConfig | undefined): Promise<void> {
    const wanted = wantedFiles(loaded)
    for (const [path, stop] of this.#watches) {
      if (wanted.has(path)) continue
      stop()
      this.#watches.delete(path)
    }
    for (const [path, title] of wanted) {
      if (this.#watches.has(path)) continue
      const onChange = (): Promise<void> => this.#onChange(`${title} has changed: ${path}`)
      this.#watches.set(path, await watchConfig({ path, title, readAt: loaded?.readAt, log: this.#log, onChange }))
    }
  }

  /** Watches nothing any more. */
  stop(): void {
    for (const stop of this.#watches.values()) stop()
    this.#watches.clear()
  }
}

/** By path, what each is, for the log. */
function wantedFiles(loaded: LoadedConfig | undefined): ReadonlyMap<string, string> {
  const wanted = new Map<string, string>()
  const { config, file, namedFiles = new Map<string, string>() } = loaded ?? {}
  if (file === undefined || config?.config_auto_reload !== true) return wanted
  for (const path of namedFiles.keys()) wanted.set(resolve(path), 'a file that the configuration names')
  wanted.set(file, 'the configuration file')
  return wanted
}
