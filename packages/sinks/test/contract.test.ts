/** Every sink keeps the contract of sinks. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { type ContractCheck, checkOptionErrors, sinkContract } from '@logwisp/core/testing'
import { afterAll, describe, test } from 'vitest'
import {
  type ConsoleSinkOptions,
  consoleSink,
  type FileSink,
  type FileSinkOptions,
  fileSink,
  sseSink,
} from '../src/index.ts'

function keeps(name: string, contract: readonly ContractCheck[]): void {
  describe(name, () => {
    for (const check of contract) test(check.name, check.run)
  })
}

const base = mkdtempSync(join(tmpdir(), 'logwisp-sinks-contract-'))
afterAll(() => rmSync(base, { recursive: true, force: true }))

function linesOf(text: string): string[] {
  return text === '' ? [] : text.slice(0, -1).split('\n')
}

/** Each sink in a directory of its own. */
const intoFile = (options: Partial<FileSinkOptions> = {}): FileSink =>
  fileSink(mkdtempSync(join(base, 'sink-')), { name: 'app', ...options })

function writtenBy({ path }: FileSink): string[] {
  try {
    return linesOf(readFileSync(path, 'utf8'))
  } catch {
    return []
  }
}

const faults = {
  makeFailing: () => fileSink('/dev/null/no-directory', { name: 'app' }),
  // No disk has so much free.
  makeStuck: () => intoFile({ minFreeBytes: Number.MAX_SAFE_INTEGER }),
}

keeps(
  'fileSink',
  sinkContract(() => intoFile(), { received: writtenBy, ...faults }),
)
keeps(
  'fileSink that syncs always',
  sinkContract(() => intoFile({ fsync: 'always' }), { received: writtenBy, ...faults }),
)
keeps(
  'fileSink that syncs now and then',
  sinkContract(() => intoFile({ fsync: 'interval', fsyncIntervalMs: 10 }), { received: writtenBy, ...faults }),
)
keeps(
  'fileSink that rotates',
  sinkContract(() => intoFile({ maxFileBytes: 500, maxTotalBytes: 5_000, compress: 'gzip' })),
)

/** Takes the place of standard output. */
class Screen extends Writable {
  text = ''
  readonly #failAt: number
  readonly #stuck: boolean
  constructor({ failAt = Infinity, stuck = false } = {}) {
    super({ decodeStrings: false })
    this.#failAt = failAt
    this.#stuck = stuck
  }
  override _write(chunk: string | Buffer, _encoding: BufferEncoding, callback: (error?: Error) => void): void {
    if (this.text.length >= this.#failAt) return callback(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    this.text += chunk.toString()
    if (!this.#stuck) setImmediate(callback)
  }
}

const screens = new WeakMap<Writable, Screen>()
function onScreen(screen = new Screen(), options: ConsoleSinkOptions = {}): Writable {
  const sink = consoleSink({ stdout: screen, ...options })
  screens.set(sink, screen)
  return sink
}

keeps(
  'consoleSink',
  sinkContract(() => onScreen(), {
    received: (sink) => linesOf(screens.get(sink)?.text ?? ''),
    makeFailing: () => onScreen(new Screen({ failAt: 0 })),
    makeStuck: () => onScreen(new Screen({ stuck: true })),
    // It puts 128 KiB together for one write.
    maxHeldEntries: 6_000,
  }),
)
keeps(
  'consoleSink of JSON to two outputs',
  sinkContract(() => onScreen(new Screen(), { target: 'split', stderr: new Screen(), format: 'json' })),
)

keeps(
  'sseSink that is mounted',
  sinkContract(() => sseSink()),
)
keeps(
  'sseSink with a server',
  sinkContract(() => sseSink({ port: 0 })),
)

test('every sink refuses bad options', () => {
  checkOptionErrors(
    (options: object) => fileSink(base, options as FileSinkOptions),
    {
      maxFileBytes: [0, -1, '1'],
      rotateEveryMs: [999],
      fsync: [true, 'sometimes'],
      retryDelayMs: [0],
      name: ['', 'a/b', 5],
    },
    { name: 'app' },
  )
  checkOptionErrors((options) => consoleSink(options), {
    target: ['tty'],
    format: ['xml', 5],
    colors: ['yes'],
    whenClosed: [false],
  })
  checkOptionErrors((options) => sseSink(options), {
    port: [-1, 65_536, '80'],
    host: [''],
    path: ['stream', '/a?b'],
    ringEntries: [0],
    maxViewers: [0],
  })
})
