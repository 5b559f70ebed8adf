/** Stages as the daemon builds them, for tests: a pipeline's configuration, ports, a directory, and what came out. */

import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, type Readable, type Writable } from 'node:stream'
import { type LogEntry, openCheckpoint } from '@logwisp/core'
import { type CollectingSink, collectingSink } from '@logwisp/core/testing'
import { onTestFinished } from 'vitest'
import type { BuildContext, BuiltSink, BuiltSource } from '../src/build/built-stage.ts'
import { buildSink } from '../src/build/sink.ts'
import { buildSource } from '../src/build/source.ts'
import { configSchema, type PipelineConfig } from '../src/config/schema.ts'
import type { PortHost } from '../src/http/port-host.ts'
import { createPortHost } from '../src/http/ports.ts'

/** A directory that goes with the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-build-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A file in a directory that goes with the test, for its owner alone. */
export async function temporaryFile(text: string, mode = 0o600): Promise<string> {
  const path = join(await temporaryDirectory(), 'file')
  await writeFile(path, text, { mode })
  return path
}

/** One pipeline as it is written, with the defaults of everything that is not said. */
export function pipelineOf(written: object): PipelineConfig {
  const whole = { name: 'app', sources: [{ type: 'stdin' }], sinks: [{ type: 'stdout' }], ...written }
  const [pipeline] = configSchema.parse({ pipelines: [whole] }).pipelines
  return pipeline as PipelineConfig
}

/** Ports that close with the test; what no stage answers is a 404 of two words, or the status of its pipeline. */
export function testPorts(): PortHost {
  const ports = createPortHost({
    home: (_request, response, _port, own) => {
      response.writeHead(own.length > 0 ? 200 : 404).end(own.length > 0 ? 'a status' : 'not found')
    },
    onWarning: (warning) => {
      throw warning
    },
  })
  onTestFinished(() => ports.close(0))
  return ports
}

/** What stages are made in. */
export async function contextOf(pipeline: PipelineConfig, more: Partial<BuildContext> = {}): Promise<BuildContext> {
  const checkpoint = await openCheckpoint(join(await temporaryDirectory(), 'positions.json'))
  onTestFinished(() => checkpoint.close())
  return {
    pipeline,
    router: false,
    ports: more.ports ?? testPorts(),
    checkpoint,
    stdin: new PassThrough(),
    once: false,
    ...more,
  }
}

/** The sink that a configuration describes, and the port that it has, if any. */
export async function sinkOf(
  written: object,
  pipeline: object = {},
  more: Partial<BuildContext> = {},
): Promise<BuiltSink & { readonly port: number; readonly warnings: Error[] }> {
  const config = pipelineOf({ sinks: [written], ...pipeline })
  const context = await contextOf(config, more)
  const built = await buildSink(config.sinks[0] as PipelineConfig['sinks'][number], context)
  onTestFinished(() => void built.stream.destroy())
  return { ...built, port: lastPort(context.ports), warnings: warningsOf(built.stream) }
}

/** The source that a configuration describes. */
export async function sourceOf(
  written: object,
  pipeline: object = {},
  more: Partial<BuildContext> = {},
): Promise<BuiltSource & { readonly port: number; readonly warnings: Error[] }> {
  const config = pipelineOf({ sources: [written], ...pipeline })
  const context = await contextOf(config, more)
  const built = await buildSource(config.sources[0] as PipelineConfig['sources'][number], context)
  onTestFinished(() => void built.stream.destroy())
  return { ...built, port: lastPort(context.ports), warnings: warningsOf(built.stream) }
}

function lastPort(ports: PortHost): number {
  return ports.listeners.at(-1)?.port ?? 0
}

function warningsOf(stream: Readable | Writable): Error[] {
  const warnings: Error[] = []
  stream.on('warning', (warning: Error) => warnings.push(warning))
  return warnings
}

/** Writes entries, and resolves once the sink has taken them. */
export async function give(sink: Writable, ...entries: readonly LogEntry[]): Promise<void> {
  for (const entry of entries) {
    await new Promise<void>((resolve, reject) => sink.write(entry, (error) => (error ? reject(error) : resolve())))
  }
}

/** What a source has given, each entry as soon as it comes. */
export class Taken {
  /** Resolves once the source has ended. */
  readonly ended: Promise<unknown>
  readonly #sink: CollectingSink
  readonly #waiting = new Set<() => void>()

  constructor(source: Readable) {
    this.#sink = collectingSink({
      onItem: () => {
        for (const look of this.#waiting) look()
      },
    })
    source.pipe(this.#sink)
    this.ended = once(this.#sink, 'finish')
  }

  get entries(): readonly LogEntry[] {
    return this.#sink.entries
  }

  get messages(): readonly string[] {
    return this.#sink.messages
  }

  /** Resolves once there are so many. */
  async until(count: number): Promise<readonly LogEntry[]> {
    while (this.entries.length < count) {
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.#waiting.delete(look)
          resolve()
        }
        this.#waiting.add(look)
      })
    }
    return this.entries
  }
}

/** A connection whose text can be waited for. */
export class Line {
  readonly socket: Socket
  readonly closed: Promise<unknown>
  text = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('utf8').on('error', () => {})
    socket.on('data', (text) => {
      this.text += text
      socket.emit('more')
    })
    this.closed = new Promise((resolve) => socket.once('close', resolve))
  }

  async until(condition: (text: string) => boolean): Promise<string> {
    while (!condition(this.text)) await once(this.socket, 'more')
    return this.text
  }
}

/** Connects from an address of this machine. */
export async function dial(port: number, localAddress = '127.0.0.1'): Promise<Line> {
  const line = new Line(connect({ port, host: '127.0.0.1', localAddress }))
  onTestFinished(() => void line.socket.destroy())
  await once(line.socket, 'connect')
  return line
}
