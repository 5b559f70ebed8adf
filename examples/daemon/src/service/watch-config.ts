/**
 * Watches the configuration's file. Its directory is watched for a quick answer, and the file is looked at every second
 * besides: networks and some containers tell of nothing, and a Kubernetes ConfigMap changes by a link elsewhere
 * (`logwisp.toml → ..data/logwisp.toml`, `..data → ..2026_11_21`) being exchanged.
 */

import { type FSWatcher, watch } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Logger } from 'pino'

/** What it needs. */
export interface ConfigWatchOptions {
  readonly path: string
  /** What it is, for the log. @default 'the configuration file' */
  readonly title?: string | undefined
  /** When it was read, in ms since the epoch; a change since then counts, too. @default now */
  readonly readAt?: number | undefined
  readonly log: Logger
  /** The file is another one now, and has stayed as it is for {@link stableMs}. Calls do not overlap. */
  onChange(): Promise<void>
}

/** How often the file is looked at. */
const pollIntervalMs = 1000

/** How long the file must not have changed: an editor or a copy may write it in pieces. */
const stableMs = 500

/** How often it is looked at until it has. */
const stableCheckMs = 100

/** The system's clock for files goes in steps, and may be behind ours by one. */
const clockStepMs = 20

/** Others may write what they like. */
const writableByOthers = 0o002
const writableByGroup = 0o020

/** What of a file tells it from another one, and who may have written it. */
interface Look {
  readonly identity: string
  /** When anything about it changed last, its name included, in ms since the epoch. */
  readonly changedAt: number
  readonly mode: number
  readonly owner: number
}

/** Begins to watch; the function that it returns ends that. Resolves once a change from now on will be noticed. */
export async function watchConfig(options: ConfigWatchOptions): Promise<() => void> {
  const watcher = new ConfigWatch(options)
  await watcher.begin()
  return () => watcher.end()
}

class ConfigWatch {
  readonly #options: ConfigWatchOptions
  #watchers: FSWatcher[] = []
  #watched = ''
  #timer: NodeJS.Timeout | undefined
  #dueAt = 0
  /** What is in use, or was refused. */
  #known: Look | undefined
  #firstMode = 0
  /** What was seen of a change, and since when. */
  #next: Look | undefined
  #nextSince = 0
  #missingSince: number | undefined
  #isGone = false
  #isLooking = false
  #isEnded = false
  #wasRefused = false

  constructor(options: ConfigWatchOptions) {
    this.#options = options
  }

  async begin(): Promise<void> {
    const { path, readAt = Infinity } = this.#options
    const found = await lookAt(path)
    this.#firstMode = found?.mode ?? 0
    // What was read may not be what is there: then it is a change that was seen just now.
    if (found === undefined || found.changedAt < readAt - clockStepMs) this.#known = found
    await this.#watchDirectories()
    this.#schedule(pollIntervalMs)
  }

  end(): void {
    this.#isEnded = true
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers) watcher.close()
  }

  /** Never later than it is due: in a directory where much is written a hint would always be followed by the next. */
  #schedule(delayMs: number): void {
    const dueAt = performance.now() + delayMs
    if (this.#isEnded || (this.#timer !== undefined && this.#dueAt <= dueAt)) return
    clearTimeout(this.#timer)
    this.#dueAt = dueAt
    this.#timer = setTimeout(() => void this.#look(), delayMs)
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    this.#timer = undefined
    this.#isLooking = true
    try {
      await this.#compare(await lookAt(this.#options.path))
      await this.#watchDirectories()
    } catch (error) {
      this.#options.log.warn({ err: error, file: this.#options.path }, 'a watched file cannot be looked at')
    } finally {
      this.#isLooking = false
      const isChanging = this.#next !== undefined || (this.#missingSince !== undefined && !this.#isGone)
      this.#schedule(isChanging ? stableCheckMs : pollIntervalMs)
    }
  }

  async #compare(found: Look | undefined): Promise<void> {
    const { log, path, title = 'the configuration file' } = this.#options
    if (found === undefined) {
      this.#next = undefined
      this.#missingSince ??= Date.now()
      // Between the two steps of a replacement there may be none: not worth a word.
      if (!this.#isGone && Date.now() - this.#missingSince >= stableMs) {
        this.#isGone = true
        log.warn({ file: path }, `${title} is gone; going on with what it said`)
      }
      return
    }
    this.#missingSince = undefined
    if (this.#isGone) log.info({ file: path }, `${title} is there again`)
    this.#isGone = false
    if (found.identity === this.#known?.identity && found.mode === this.#known.mode) {
      this.#next = undefined
      return
    }
    if (found.identity !== this.#next?.identity) {
      this.#next = found
      this.#nextSince = Date.now()
      return
    }
    if (Date.now() - this.#nextSince < stableMs) return
    this.#next = undefined
    const isSameText = found.identity === this.#known?.identity
    this.#known = found
    const reason = whyNotTrusted(found, this.#firstMode)
    if (reason !== undefined) log.error({ file: path }, `${title} has changed, and is not read: ${reason}`)
    else if (!isSameText || this.#wasRefused) await this.#options.onChange()
    this.#wasRefused = reason !== undefined
  }

  /** The directory of the name, and that of the file which it leads to. */
  async #watchDirectories(): Promise<void> {
    const real = await realpath(this.#options.path).catch(() => this.#options.path)
    const directories = [...new Set([dirname(this.#options.path), dirname(real)])]
    const key = directories.join('\0')
    if (key === this.#watched || this.#isEnded) return
    this.#watched = key
    for (const watcher of this.#watchers) watcher.close()
    this.#watchers = directories.flatMap((directory) => {
      try {
        const watcher = watch(directory, { persistent: false }, () => this.#onHint())
        // Gone, or no more watches to be had: then the looks must do.
        watcher.on('error', () => watcher.close())
        return [watcher]
      } catch {
        return []
      }
    })
  }

  #onHint(): void {
    if (this.#next === undefined && !this.#isLooking) this.#schedule(stableCheckMs)
  }
}

async function lookAt(path: string): Promise<Look | undefined> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs, mode, uid } = await stat(path)
    return { identity: [dev, ino, size, mtimeMs].join(':'), changedAt: ctimeMs, mode, owner: uid }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** Whoever may write the file decides what the daemon reads and where it sends that, with the daemon's rights. */
function whyNotTrusted({ mode, owner }: Look, firstMode: number): string | undefined {
  const added = mode & ~firstMode
  if ((mode & writableByOthers) !== 0) return 'everybody may write it: take that away (chmod o-w)'
  if ((added & writableByGroup) !== 0) return 'its group may write it since it changed: take that away (chmod g-w)'
  const self = process.getuid?.()
  if (self !== undefined && owner !== 0 && owner !== self) {
    return `it belongs to user ${owner}, who is neither root nor the daemon's user (${self})`
  }
  return undefined
}
