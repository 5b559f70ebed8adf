/** Listens at each sink of an example, as its users do, and knows what has to come there. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get as getHttp } from 'node:http'
import { get as getHttps } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { expect, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { PipelineConfig, SinkConfig } from '../../src/config/schema.ts'
import type { ExampleDaemon } from './example-daemon.ts'
import { type Line, type PutIn, sentFields } from './lines-in.ts'

/** What came out of a sink so far: a text for each entry. */
export interface Output {
  texts(): readonly string[]
  close(): void
}

/** What its viewers show. */
export interface ViewerAccess {
  readonly headers?: Readonly<Record<string, string>>
  /** Whether they have a client certificate. */
  readonly certificate?: boolean
}

/** Listens at the sink that has this path, from now on. */
export async function listenAt(
  example: ExampleDaemon,
  path: string,
  { type, options }: SinkConfig,
  prefix: string,
  access: ViewerAccess = {},
): Promise<Output> {
  const nothing = { close: () => {} }
  switch (type) {
    case 'stdout':
    case 'stderr':
      return {
        ...nothing,
        texts: () => linesOf(options.target === 'split' ? split(example, type) : example.written[options.target]),
      }
    case 'file':
      return {
        ...nothing,
        texts: () => linesOf(readFileSync(join(example.root, options.directory, `${options.name}.log`), 'utf8')),
      }
    case 'http_client':
    case 'tcp_client':
      return { ...nothing, texts: () => example.receivers.get(path)?.flatMap(({ texts }) => texts) ?? [] }
    case 'http':
      return await eventsAt(example, `${prefix}${options.stream_path}`, options, access)
    case 'websocket':
      return await framesAt(example, `${prefix}${options.stream_path}`, options, access)
    case 'tcp':
      return await linesAt(example, options, access)
  }
}

/** A split sink alone writes both halves, one of two its own. */
function split({ config, written }: ExampleDaemon, type: 'stdout' | 'stderr'): string {
  const types = config.pipelines.flatMap(({ sinks }) => sinks.map((sink) => sink.type))
  return types.includes('stdout') && types.includes('stderr') ? written[type] : written.stdout + written.stderr
}

function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1)
}

type Listening = { readonly port: number; readonly ssl: { readonly enabled: boolean } }

function tlsOf({ certificates }: ExampleDaemon, { certificate = false }: ViewerAccess): object {
  return { ca: certificates.ca, ...(certificate && certificates.client) }
}

async function eventsAt(
  example: ExampleDaemon,
  path: string,
  { port, ssl }: Listening,
  access: ViewerAccess,
): Promise<Output> {
  const get = ssl.enabled ? getHttps : getHttp
  const at = { host: '127.0.0.1', port: example.port(port), path, headers: access.headers, agent: false }
  const request = get({ ...at, ...(ssl.enabled && tlsOf(example, access)) })
  const [response] = await once(request, 'response')
  expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8'])
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  response.on('error', () => {})
  return { texts: () => eventsOf(text), close: () => request.destroy() }
}

/** The data of each event that is an entry. */
function eventsOf(text: string): string[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((event) => event.split('\n'))
    .filter((lines) => !lines.some((line) => line.startsWith('event:')))
    .map((lines) => lines.flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : [])).join('\n'))
    .filter((data) => data !== '')
}

async function framesAt(
  example: ExampleDaemon,
  path: string,
  { port, ssl }: Listening,
  { headers }: ViewerAccess,
): Promise<Output> {
  const scheme = ssl.enabled ? 'wss' : 'ws'
  const socket = new WebSocket(`${scheme}://127.0.0.1:${example.port(port)}${path}`, { headers })
  const texts: string[] = []
  socket.on('message', (frame) => texts.push(...String(frame).split('\n')))
  await once(socket, 'open')
  return { texts: () => texts.filter((text) => !text.startsWith('{"logwisp":')), close: () => socket.terminate() }
}

async function linesAt(example: ExampleDaemon, { port, ssl }: Listening, access: ViewerAccess): Promise<Output> {
  const at = { host: '127.0.0.1', port: example.port(port) }
  const socket = ssl.enabled ? connectTls({ ...at, ...tlsOf(example, access) }) : connectTcp(at)
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  await once(socket, ssl.enabled ? 'secureConnect' : 'connect')
  socket.on('error', () => {})
  return { texts: () => linesOf(text), close: () => socket.destroy() }
}

/** Resolves once every viewer is one to the daemon. */
export async function viewersKnown(example: ExampleDaemon): Promise<void> {
  await vi.waitFor(async () => {
    const { pipelines } = await example.status()
    for (const { name, sinks } of example.config.pipelines) {
      for (const [index, { type }] of sinks.entries()) {
        const isLive = type === 'http' || type === 'tcp' || type === 'websocket'
        if (isLive) expect(pipelines[name]?.sinks[index]?.active_connections).toBeGreaterThan(0)
      }
    }
  }, 10_000)
}

/** Whether a text is this line as the file's format writes it; throws when it is, but says something wrong. */
export function isLine(
  text: string,
  line: Line,
  { source, fields }: PutIn,
  sink: SinkConfig,
  pipeline: PipelineConfig,
): boolean {
  const { message, timestamp, level, source: sourceName } = namesIn(sink, pipeline)
  const format = formatOf(sink, pipeline)
  if (format === 'raw') return text === line.text
  if (format === 'text') {
    if (!text.includes(line.text)) return false
    const shown = `[${line.level === '' ? 'INFO' : line.level}] ${source} - ${line.text}${fields ? ` ${JSON.stringify(sentFields)}` : ''}`
    const { template } = { ...pipeline.format_options, ...sink.options.format_options }
    if (template === undefined || template.includes('FmtTime')) {
      expect(text).toMatch(/^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)\] /)
      expect(text.slice(text.indexOf(' ') + 1)).toBe(shown)
    } else expect(text).toMatch(new RegExp(`^\\d{4}-\\S+ ${(line.level === '' ? '-' : line.level).padEnd(5)} `))
    return true
  }
  const { 'logwisp.id': _id, ...entry } = JSON.parse(text) as Record<string, unknown>
  if (entry[format === 'json' ? message : 'message'] !== line.text) return false
  if (format === 'json') {
    expect(entry).toEqual({
      [timestamp]: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
      [level]: line.level,
      [message]: line.text,
      [sourceName]: source,
      ...(fields && sentFields),
    })
  } else expect(entry).toMatchObject({ message: line.text, source, ...(fields && { fields: sentFields }) })
  return true
}

function namesIn(
  sink: SinkConfig,
  pipeline: PipelineConfig,
): Record<'timestamp' | 'level' | 'message' | 'source', string> {
  const names = { ...pipeline.format_options, ...sink.options.format_options }
  return {
    timestamp: names.timestamp_field,
    level: names.level_field,
    message: names.message_field,
    source: names.source_field,
  }
}

/** The format that the file asks for, as its documentation has it. */
function formatOf(sink: SinkConfig, pipeline: PipelineConfig): 'raw' | 'json' | 'text' | 'wire' {
  const said = sink.options.format ?? pipeline.format
  if (said !== undefined) return said
  if (sink.type === 'http_client' && sink.options.respond === 'delivered') return 'wire'
  return ['file', 'stdout', 'stderr'].includes(sink.type) ? 'raw' : 'json'
}
