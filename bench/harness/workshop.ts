/** Where the bench works: a temporary directory, the inputs in it, and what should come out. */

import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { countLines } from './compare-files.ts'
import { type LogCharset, type LogFile, wanted, writeLog } from './log-text.ts'

const seed = 20_261_121
const bytesPerMegabyte = 1_000_000

/** How large and how long things are. */
export interface Sizes {
  /** The input of the scenarios about speed. */
  readonly megabytes: number
  /** Everything small and short: to see that it runs, not how fast. */
  readonly quick: boolean
}

/** Inputs are written once and serve all scenarios. */
export class Workshop {
  readonly directory: string
  readonly sizes: Sizes
  readonly #logs = new Map<string, LogFile>()
  readonly #expected = new Map<string, LogFile>()

  private constructor(directory: string, sizes: Sizes) {
    this.directory = directory
    this.sizes = sizes
  }

  /** Makes one in a new directory below `parent`. */
  static async open(parent: string, sizes: Sizes): Promise<Workshop> {
    return new Workshop(await mkdtemp(join(parent, 'logwisp-bench-')), sizes)
  }

  /** The input, or a log of a share of its size. */
  log(share = 1, charset: LogCharset = 'ascii'): LogFile {
    const path = join(this.directory, `${charset}-${share}.log`)
    const log = this.#logs.get(path) ?? writeLog(path, this.sizes.megabytes * bytesPerMegabyte * share, seed, charset)
    this.#logs.set(path, log)
    return log
  }

  /** The wanted lines of a log, as `grep -E` finds them. */
  expected(log: LogFile): LogFile {
    const path = `${log.path}.expected`
    const expected = this.#expected.get(path) ?? grep(log.path, path)
    this.#expected.set(path, expected)
    return expected
  }

  /** Removes everything. */
  async close(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true })
  }
}

function grep(from: string, to: string): LogFile {
  const output = openSync(to, 'w')
  try {
    execFileSync('grep', ['-a', '-E', wanted.source, from], { stdio: ['ignore', output, 'inherit'] })
  } finally {
    closeSync(output)
  }
  return { path: to, ...countLines(to) }
}
