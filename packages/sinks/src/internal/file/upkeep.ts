/** What happens to a file after its rotation: it is compressed, and in the end removed. Never in the entries' way. */

import { join } from 'node:path'
import { LogwispError } from '@logwisp/core'
import { compressFile, partialSuffix } from './compress-file.ts'
import { type FileSystem, isAbsent } from './file-system.ts'
import { decideRetention, type RotatedFile } from './retention.ts'
import { compareRotated, parseRotatedName, type RotatedName } from './rotation.ts'

/** What becomes of rotated files. */
export interface UpkeepRules {
  readonly compress: 'gzip' | undefined
  readonly maxAgeMs: number
  /** How much the rotated files may take, now. */
  maxRotatedBytes(): number
}

/** Who is told. */
export interface UpkeepListener {
  removed(path: string): void
  warning(error: LogwispError): void
}

/** Node's longest timer, 24.8 days. */
const maxTimerMs = 2 ** 31 - 1

/** How long to wait before trying again what failed. */
const retryDelayMs = 60_000

/** Compresses and removes the rotated files of one sink, one run at a time, reading the directory anew in each. */
export class Upkeep {
  readonly #fs: FileSystem
  readonly #directory: string
  readonly #name: string
  readonly #rules: UpkeepRules
  readonly #listener: UpkeepListener
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined
  #again = false
  #timer: NodeJS.Timeout | undefined

  constructor(fs: FileSystem, directory: string, name: string, rules: UpkeepRules, listener: UpkeepListener) {
    this.#fs = fs
    this.#directory = directory
    this.#name = name
    this.#rules = rules
    this.#listener = listener
  }

  /** Something was rotated, or may have got too old. */
  wake(): void {
    clearTimeout(this.#timer)
    if (this.#abort.signal.aborted) return
    this.#again = true
    this.#running ??= this.#run()
  }

  /** Settles once there is nothing left to do at this time. */
  async settled(): Promise<void> {
    await this.#running
  }

  /** Stops, leaving the rest to the next sink of this name. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#abort.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    let next = Infinity
    while (this.#again && !this.#abort.signal.aborted) {
      this.#again = false
      try {
        next = await this.#tidy()
      } catch (error) {
        if (this.#abort.signal.aborted) break
        next = Date.now() + retryDelayMs
        this.#warn(this.#directory, error)
      }
    }
    this.#running = undefined
    if (next === Infinity || this.#abort.signal.aborted) return
    this.#timer = setTimeout(() => this.wake(), Math.min(Math.max(next - Date.now(), 1), maxTimerMs))
    this.#timer.unref()
  }

  /** One run; returns when the next one is due, in ms since the epoch. */
  async #tidy(): Promise<number> {
    const { compress, maxAgeMs } = this.#rules
    let retryAt = Infinity
    if (compress !== undefined) {
      for (const { fileName, isCompressed } of await this.#rotated()) {
        if (isCompressed) continue
        this.#abort.signal.throwIfAborted()
        try {
          await compressFile(this.#fs, join(this.#directory, fileName), this.#abort.signal)
        } catch (error) {
          if (this.#abort.signal.aborted) throw error
          if (isAbsent(error)) continue
          retryAt = Date.now() + retryDelayMs
          this.#warn(join(this.#directory, fileName), error)
        }
      }
    }
    const files = await this.#filesOf(await this.#rotated())
    const rules = { maxAgeMs, maxRotatedBytes: this.#rules.maxRotatedBytes() }
    const { remove, nextExpiry } = decideRetention(files, rules, Date.now())
    for (const { fileName } of remove) {
      const path = join(this.#directory, fileName)
      try {
        await this.#fs.rm(path)
        this.#listener.removed(path)
      } catch (error) {
        if (isAbsent(error)) continue
        retryAt = Date.now() + retryDelayMs
        this.#warn(path, error)
      }
    }
    return Math.min(nextExpiry, retryAt)
  }

  /** The rotated files, from the oldest to the newest; what a crash left of a compression is removed. */
  async #rotated(): Promise<RotatedName[]> {
    const names: RotatedName[] = []
    for (const fileName of await this.#fs.readdir(this.#directory)) {
      const isPartial = fileName.endsWith(partialSuffix)
      const rotated = parseRotatedName(this.#name, isPartial ? fileName.slice(0, -partialSuffix.length) : fileName)
      if (rotated === undefined) continue
      if (isPartial) await this.#fs.rm(join(this.#directory, fileName), { force: true })
      else names.push(rotated)
    }
    return names.sort(compareRotated)
  }

  async #filesOf(names: readonly RotatedName[]): Promise<RotatedFile[]> {
    const files: RotatedFile[] = []
    for (const { fileName } of names) {
      try {
        const { size, mtimeMs } = await this.#fs.stat(join(this.#directory, fileName))
        files.push({ fileName, bytes: size, lastWrite: mtimeMs })
      } catch (error) {
        if (!isAbsent(error)) throw error
      }
    }
    return files
  }

  #warn(path: string, cause: unknown): void {
    const message = `cannot compress or remove ${path} (${(cause as Error).message}): check the permissions and the space`
    this.#listener.warning(new LogwispError('UPKEEP_FAILED', message, { cause }))
  }
}
