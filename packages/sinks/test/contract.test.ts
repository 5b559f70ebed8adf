/** Every sink keeps the contract of sinks: files, the console, and those for live viewers, as a viewer sees them. */

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { checkOptionErrors, type SinkContractOptions, sinkContract } from '@logwisp/core/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import {
  type ConsoleSink,
  type ConsoleSinkOptions,
  consoleSink,
  type FileSink,
  type FileSinkOptions,
  fileSink,
  type SseSink,
  sseSink,
  type TcpSink,
  tcpSink,
  type WebSocketSink,
  webSocketSink,
} from '../src/index.ts'
import { fileSinkSettings } from '../src/internal/file/file-sink-settings.ts'
import { FileStream } from '../src/internal/file/file-stream.ts'
import { failingFileSystem, filesOf, systemError } from './file-fixtures.ts'
import { LineClient } from './line-client.ts'
import { openStream, type StreamClient } from './sse-client.ts'
import { WebSocketClient } from './web-socket-client.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'logwisp-sink-contract-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const freshDirectory = (): Promise<string> => mkdtemp(join(root, 'sink-'))
const messagesOf = (text: string): string[] => text.split('\n').slice(0, -1)

function keeps<S extends Writable>(make: () => S | Promise<S>, options: SinkContractOptions<S> = {}): void {
  for (const { name, run } of sinkContract(make, options)) test(name, run)
}

/** Files and the console take up to 2 MiB before they make the writer wait: the contract's lines are about 150 bytes each. */
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
  keeps<FileSink>(async () => fileSink(await freshDirectory(), { name: 'app', ...options }), {
    received: async ({ path }) => messagesOf((await filesOf(dirname(path), 'app')).text),
    makeFailing: () => sinkOn(3000, 'EIO'),
    makeStuck: () => sinkOn(0, 'ENOSPC'),
    maxHeldEntries,
  })
})

describe.each<[string, ConsoleSinkOptions]>([
  ['standard output', { target: 'stdout' }],
  ['two outputs', { target: 'split' }],
  ['two outputs, as JSON', { target: 'split', format: 'json' }],
])('consoleSink to %s', (_name, options) => {
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
    const sink = consoleSink({
      ...options,
      stdout: output,
      stderr: options.target === 'split' ? output : new Writable(),
    })
    outputs.set(sink, parts)
    return sink
  }
  keeps<ConsoleSink>(() => sinkOn((callback) => callback()), {
    // With two outputs the order between them is not to be seen.
    ...(options.target === 'stdout' && { received: (sink) => messagesOf((outputs.get(sink) ?? []).join('')) }),
    makeFailing: () => sinkOn((callback) => callback(systemError('EPIPE'))),
    makeStuck: () => sinkOn(() => {}),
    maxHeldEntries,
  })
})

/** The message as JSON: a line or an event may not have the line breaks that a message has. */
const asJson = ({ message }: { readonly message: string }): string => JSON.stringify(message)

describe('sseSink with a viewer', () => {
  const viewers = new WeakMap<SseSink, StreamClient>()
  const watched = async (): Promise<SseSink> => {
    const sink = sseSink({ port: 0, format: asJson })
    await once(sink, 'listening')
    viewers.set(sink, await openStream(sink))
    return sink
  }
  keeps<SseSink>(watched, {
    received: async (sink) => {
      const viewer = viewers.get(sink) as StreamClient
      await viewer.closed
      return viewer.data.map((text) => JSON.parse(text))
    },
  })
})

describe('tcpSink with a viewer', () => {
  const viewers = new WeakMap<TcpSink, LineClient>()
  const watched = async (): Promise<TcpSink> => {
    const sink = tcpSink({ port: 0, format: asJson })
    await once(sink, 'listening')
    viewers.set(sink, new LineClient(connect(sink.address?.port ?? 0, '127.0.0.1')))
    while (sink.stats.viewers.connected === 0) await new Promise((resolve) => setImmediate(resolve))
    return sink
  }
  keeps<TcpSink>(watched, {
    received: async (sink) => {
      const viewer = viewers.get(sink) as LineClient
      await viewer.closed
      return viewer.lines.map((text) => JSON.parse(text))
    },
  })
})

describe.each([{ framing: 'entry' }, { framing: 'lines' }, { compress: true }] as const)(
  'webSocketSink (%j) with a viewer',
  (options) => {
    const viewers = new WeakMap<WebSocketSink, WebSocketClient>()
    const watched = async (): Promise<WebSocketSink> => {
      const sink = webSocketSink({ port: 0, ...options })
      await once(sink, 'listening')
      const client = new WebSocketClient(sink.address?.port ?? 0, { deflate: true })
      viewers.set(sink, client)
      await client.until(({ frames }) => frames.length > 0)
      return sink
    }
    keeps<WebSocketSink>(watched, {
      received: async (sink) => {
        const viewer = viewers.get(sink) as WebSocketClient
        await viewer.closed
        return viewer.messages as string[]
      },
    })
  },
)

describe.each([
  ['sseSink', sseSink] as const,
  ['tcpSink', tcpSink] as const,
  ['webSocketSink', webSocketSink] as const,
])('%s mounted nowhere, without a viewer', (_name, make) => keeps(() => make()))

test('every sink refuses bad options', () => {
  checkOptionErrors(
    (options: object) => fileSink(root, options as FileSinkOptions),
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
  const live = {
    port: [-1, 65_536, '80'],
    host: [''],
    access: [{}, 'token'],
    tls: [{}, true],
    ringEntries: [0],
    ringBytes: [1000],
    maxViewers: [0],
    maxViewersPerAddress: [0],
    whenFull: ['block'],
    heartbeat: [false, 1000],
    idleTimeoutMs: [0],
    stuckTimeoutMs: [99],
    format: ['xml', 5],
  }
  const browser = { path: ['stream', '/a?b'], statusPath: [''], allowedHosts: [[], 'all'], allowOrigin: [''] }
  checkOptionErrors((options) => sseSink(options), { ...live, ...browser, retryMs: [0] })
  checkOptionErrors((options) => webSocketSink(options), {
    ...live,
    ...browser,
    framing: ['span'],
    compress: [{}],
    maxRequestBytes: [1],
    maxRequestsPerSecond: [0],
  })
  checkOptionErrors((options) => tcpSink(options), {
    ...live,
    dropped: [true],
    backlogEntries: [-1],
    helloTimeoutMs: [0],
    maxInputBytes: [-1],
    allowHalfOpen: [1],
  })
})
