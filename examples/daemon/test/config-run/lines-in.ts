/** Puts a line in at each source of an example, as its clients do. */

import { once } from 'node:events'
import { appendFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import type { SourceConfig } from '../../src/config/schema.ts'
import type { ExampleDaemon } from './example-daemon.ts'

/** A line that goes in. */
export interface Line {
  /** As a program writes it into its log. */
  readonly text: string
  /** What that tells of its level. */
  readonly level: string
}

/** What is shown to its servers. */
export interface SenderAccess {
  readonly headers?: Readonly<Record<string, string>>
}

/** The fields that entries have which are sent as JSON. */
export const sentFields = { request: 'r-1' } as const

/** What the entry's source is, and whether it has fields. */
export interface PutIn {
  readonly source: string
  readonly fields: boolean
}

/** Puts it in at the source that has this path. */
export async function putIn(
  example: ExampleDaemon,
  path: string,
  { type, options }: SourceConfig,
  line: Line,
  access: SenderAccess = {},
): Promise<PutIn> {
  const entry = { ...(line.level !== '' && { level: line.level }), message: line.text, fields: sentFields }
  switch (type) {
    case 'stdin':
      example.daemon.child.stdin?.write(`${line.text}\n`)
      return { source: 'stdin', fields: false }
    case 'directory': {
      const name = [options.pattern].flat()[0]?.replaceAll('*', 'app') as string
      const file = join(example.root, options.path, name)
      await appendFile(file, `${line.text}\n`)
      return { source: options.source === 'path' ? file : name, fields: false }
    }
    case 'file':
      await appendFile(join(example.root, options.path), `${line.text}\n`)
      return { source: options.path.slice(options.path.lastIndexOf('/') + 1), fields: false }
    case 'http': {
      const url = `${options.ssl.enabled ? 'https' : 'http'}://127.0.0.1:${example.port(options.port)}${options.ingest_path}`
      expect(await post(example, url, JSON.stringify(entry), access.headers)).toBeOneOf([200, 202])
      return { source: 'http', fields: true }
    }
    case 'tcp': {
      const at = { host: '127.0.0.1', port: example.port(options.port) }
      const socket = options.ssl.enabled ? connectTls({ ...at, ca: example.certificates.ca }) : connectTcp(at)
      socket.end(`${JSON.stringify(entry)}\n`)
      await once(socket.resume(), 'close')
      return { source: 'tcp', fields: true }
    }
    case 'sse':
      example.givers.get(path)?.give(entry)
      return { source: `127.0.0.1:${example.givers.get(path)?.port}`, fields: true }
    case 'websocket': {
      if ('url' in options) {
        example.givers.get(path)?.give(entry)
        return { source: `127.0.0.1:${example.givers.get(path)?.port}`, fields: true }
      }
      const socket = new WebSocket(`ws://127.0.0.1:${example.port(options.port)}${options.ingest_path}`)
      await once(socket, 'open')
      socket.send(JSON.stringify(entry))
      socket.close()
      await once(socket, 'close')
      return { source: 'websocket', fields: true }
    }
  }
}

/** Sends a body; gives the status of the answer. */
export async function post(
  example: ExampleDaemon,
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const { request } = await import(url.startsWith('https') ? 'node:https' : 'node:http')
  const sent = request(url, { method: 'POST', headers, ca: example.certificates.ca, agent: false })
  sent.end(body)
  const [response] = await once(sent, 'response')
  await once(response.resume(), 'close')
  return response.statusCode as number
}
