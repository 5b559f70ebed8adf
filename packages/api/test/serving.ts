/** A store in a folder of its own, with an API that listens, as tests ask them. */

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogEntry } from '@logwisp/core'
import { openStore, type Store } from '@logwisp/store'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { type LogsApi, type LogsApiOptions, logsApi } from '../src/index.ts'

/** An answer. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server says
  readonly json: any
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Buffer
}

export interface Serving {
  readonly store: Store
  readonly api: LogsApi
  readonly port: number
  ask(path: string, options?: AskOptions): Promise<Answer>
}

/** A store in a folder of its own. */
interface OpenedStore {
  readonly store: Store
  remove(): Promise<void>
}

/** Opens a store in a new folder; who opens it removes it. */
async function openedStore(): Promise<OpenedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'logwisp-api-'))
  const store = await openStore(join(folder, 'logs.db'), { safeAfter: 'commit' })
  return {
    store,
    async remove() {
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** A store that is closed, and whose folder is removed, when the test ends. */
export async function temporaryStore(): Promise<Store> {
  const { store, remove } = await openedStore()
  onTestFinished(remove)
  return store
}

/** One store for all tests of a file, which begin with these entries in it. */
export function sharedStore(entries: readonly LogEntry[] = []): () => Store {
  let opened: OpenedStore | undefined
  beforeAll(async () => {
    opened = await openedStore()
    await opened.store.append(entries)
  })
  afterAll(() => opened?.remove())
  return () => (opened as OpenedStore).store
}

/** An API of its own server over a store, until the test ends. */
export async function serving(store: Store, options: LogsApiOptions = {}): Promise<Serving> {
  const server = await listening(store, options)
  onTestFinished(() => server.api.close())
  return server
}

/** An API of its own server over a store; who asks for it closes it. */
async function listening(store: Store, options: LogsApiOptions = {}): Promise<Serving> {
  const api = logsApi(store, { port: 0, drainTimeoutMs: 1000, ...options })
  const [{ port }] = (await once(api, 'listening')) as [AddressInfo]
  return { store, api, port, ask: (path, askOptions) => ask(port, path, askOptions) }
}

/** Asks, and reads the answer whole. */
export function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: AskOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const sent = request({ port, path, method, agent: false, headers: { ...length, ...headers } }, (res) => {
      const pieces: Buffer[] = []
      res.on('data', (piece: Buffer) => pieces.push(piece)).on('error', reject)
      res.on('end', () => {
        const text = Buffer.concat(pieces).toString()
        const isJson = /[/+]json/.test(res.headers['content-type'] ?? '') && text !== ''
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          text,
          json: isJson ? JSON.parse(text) : undefined,
        })
      })
    })
    sent.on('error', reject).end(body)
  })
}

/** The first ms of the tests' entries. */
export const startMs: number = Date.parse('2026-01-31T12:00:00Z')

/** Entries, one each second, their messages `line 0` and on. */
export function someEntries(count: number, change: (at: number) => Partial<LogEntry> = () => ({})): LogEntry[] {
  return Array.from({ length: count }, (_, at) => ({
    time: startMs + at * 1000,
    source: 'app.log',
    message: `line ${at}`,
    ...change(at),
  }))
}

/** A store of which some methods are others: trouble that a real one has only now and then. */
export function storeWith(store: Store, changes: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(name in changes ? changes : target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
