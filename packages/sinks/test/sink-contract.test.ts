/** The file and the console sink against the contract of every sink. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { type SinkContractOptions, sinkContract } from '@logwisp/core/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type ConsoleSink, consoleSink } from '../src/console-sink.ts'
import { type FileSink, type FileSinkOptions, fileSink } from '../src/file-sink.ts'
import { fileSinkSettings } from '../src/internal/file-sink-settings.ts'
import { FileStream } from '../src/internal/file-stream.ts'
import { failingFileSystem, filesOf, systemError } from './file-fixtures.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'logwisp-sink-contract-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const freshDirectory = (): Promise<string> => mkdtemp(join(root, 'sink-'))
const messagesOf = (text: string): string[] => text.split('\n').slice(0, -1)

/** Both take up to 2 MiB before they make the writer wait: the lines of the contract are about 150 bytes in memory. */
const maxHeldEntries = 25_000

describe.each<[string, Omit<FileSinkOptions, 'name'>]>([
  ['as it comes', {}],
  ['rotated by size and compressed', { maxFileBytes: 5000, compress: 'gzip' }],
  ['synced in intervals', { fsync: 'interval', fsyncIntervalMs: 5 }],
  ['synced always', { fsync: 'always' }],
  ['by a format', { format: ({ message }) => message }],
])('fileSink %s', (_name, options) => {
  /** A sink on a disk that takes so many bytes and then answers with an error. */
  const sinkOn = async (bytes: number, code: string): Promise<FileSink> => {
    const directory = await freshDirectory()
    let left = bytes
    const fs = failingFileSystem({
      file: (file) => ({
        writev: (async (buffers: Buffer[]) => {
          const part = Buffer.concat(buffers).subarray(0, left)
          if (part.length === 0) throw systemError(code)
          left -= part.length
          return file.writev([part])
        }) as typeof file.writev,
      }),
    })
    return new FileStream(directory, fileSinkSettings(directory, { name: 'app', ...options }), fs)
  }
  const contract: SinkContractOptions<FileSink> = {
    received: async ({ path }) => messagesOf((await filesOf(dirname(path), 'app')).text),
    makeFailing: () => sinkOn(3000, 'EIO'),
    makeStuck: () => sinkOn(0, 'ENOSPC'),
    maxHeldEntries,
  }
  const make = async (): Promise<FileSink> => fileSink(await freshDirectory(), { name: 'app', ...options })
  for (const { name, run } of sinkContract(make, contract)) test(name, run)
})

describe.each(['stdout', 'split'] as const)('consoleSink to %s', (target) => {
  /** What each sink's outputs took; with `split` the order between the two is not to be seen, so all go to one. */
  const outputs = new WeakMap<ConsoleSink, string[]>()
  const sinkOn = (answer: (callback: (error?: Error) => void) => void): ConsoleSink => {
    const parts: string[] = []
    const output = new Writable({
      autoDestroy: false,
      write: (chunk, _encoding, callback) => {
        parts.push(String(chunk))
        answer(callback)
      },
    })
    const sink = consoleSink({ target, stdout: output, stderr: target === 'split' ? output : new Writable() })
    outputs.set(sink, parts)
    return sink
  }
  const contract: SinkContractOptions<ConsoleSink> = {
    ...(target === 'stdout' && { received: (sink) => messagesOf((outputs.get(sink) ?? []).join('')) }),
    makeFailing: () => sinkOn((callback) => callback(systemError('EPIPE'))),
    makeStuck: () => sinkOn(() => {}),
    maxHeldEntries,
  }
  for (const { name, run } of sinkContract(() => sinkOn((callback) => callback()), contract)) test(name, run)
})
