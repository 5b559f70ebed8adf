/** What the tests of the file sink share: a directory of their own, entries with a way back, a disk that fails. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Batch, type LogEntry, type Origin, type OriginTracker } from '@logwisp/core'
import { onTestFinished } from 'vitest'
import { type FileSystem, type OpenFile, realFileSystem } from '../src/internal/file/file-system.ts'

/** An empty directory that is removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-file-sink-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Remembers how far it was acknowledged, and wakes who waits for it. */
export class Acknowledgements implements OriginTracker {
  readonly sequences: number[] = []
  #waiting: { sequence: number; resolve: () => void }[] = []

  get last(): number {
    return this.sequences.at(-1) ?? 0
  }

  acknowledge({ sequence }: Origin): void {
    this.sequences.push(sequence)
    for (const { resolve } of this.#waiting.filter((waiter) => waiter.sequence <= sequence)) resolve()
  }

  until(sequence: number): Promise<void> {
    if (this.last >= sequence) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ sequence, resolve }))
  }

  origin(sequence: number): Origin {
    return { tracker: this, sequence, id: String(sequence) }
  }
}

/** Entries `line 1` to `line <count>`, whose origins are their numbers. */
export function* numbered(count: number, tracker = new Acknowledgements(), from = 1): Generator<LogEntry> {
  for (let i = from; i < from + count; i++) {
    yield { time: 1, source: 'test', message: `line ${i}`, origin: tracker.origin(i) }
  }
}

/** What a file that got the lines `from` to `to` holds. */
export function lines(from: number, to: number): string {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => `line ${from + i}\n`).join('')
}

export function batch(text: string, tracker?: Acknowledgements): Batch {
  const origins = tracker === undefined ? undefined : { at: (_: number, end: number) => tracker.origin(end) }
  return Batch.of({ bytes: Buffer.from(text), source: 'test', time: 1, origins })
}

/** The names of a sink's files in the order that they were written, and everything in them. */
export async function filesOf(directory: string, name: string): Promise<{ names: string[]; text: string }> {
  const names = (await readdir(directory))
    .filter((file) => file === `${name}.log` || file.startsWith(`${name}-2`))
    .sort()
  const parts: string[] = []
  for (const file of names) {
    const bytes = await readFile(join(directory, file))
    parts.push((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString())
  }
  return { names, text: parts.join('') }
}

/** The real disk, but for what a test puts in the place of a call. */
export function failingFileSystem(
  replaced: Partial<FileSystem> & { readonly file?: (file: OpenFile) => Partial<OpenFile> },
): FileSystem {
  const { file, ...calls } = replaced
  const open: FileSystem['open'] = async (path, flags) => {
    const handle = await realFileSystem.open(path, flags)
    const own = file?.(handle) ?? {}
    return new Proxy(handle, {
      get: (target, name) => {
        const value = Reflect.get(own, name) ?? Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  return { ...realFileSystem, open, ...calls }
}

export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made by a test`), { code, syscall: 'write' })
}
