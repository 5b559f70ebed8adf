/** What the schema lets through is never refused by the library: each stage is made with every number at its bounds. */

import { describe, expect, it } from 'vitest'
import { configShape } from '../src/config/config-shape.ts'
import { type LeafForm, type Shape, type TableShape, tableOf } from '../src/config/shape.ts'
import { sinkOf, sourceOf, temporaryDirectory } from './build-kit.ts'

const needed: Readonly<Record<string, (directory: string) => object>> = {
  'sources directory': (path) => ({ path }),
  'sources file': (path) => ({ path: `${path}/a.log` }),
  'sources stdin': () => ({}),
  'sources http': () => ({ port: 0 }),
  'sources tcp': () => ({ port: 0 }),
  'sources sse': () => ({ url: 'http://127.0.0.1:9/' }),
  'sources websocket url': () => ({ url: 'ws://127.0.0.1:9/' }),
  'sources websocket port': () => ({ port: 0 }),
  'sinks http': () => ({ port: 0 }),
  'sinks tcp': () => ({ port: 0 }),
  'sinks websocket': () => ({ port: 0 }),
  'sinks http_client': () => ({ url: 'http://127.0.0.1:9/' }),
  'sinks tcp_client': () => ({ address: '127.0.0.1:9' }),
  'sinks file': (directory) => ({ directory, name: 'a' }),
  'sinks stdout': () => ({}),
  'sinks stderr': () => ({}),
}

/** Not about numbers, or about what needs files and users. */
const left = new Set(['port', 'ssl', 'auth'])

type Pick = (form: Extract<LeafForm, { form: 'number' }>) => number

/** A table with all its numbers as `pick` has them, tables within it too. */
function filled(shape: TableShape, pick: Pick, known: ReadonlySet<string>): Record<string, unknown> {
  const table: Record<string, unknown> = {}
  for (const [key, inner] of shape.keys) {
    if (left.has(key) || (known.size > 0 && !known.has(key))) continue
    if (inner.kind === 'table') table[key] = { enabled: true, ...filled(inner, pick, new Set()) }
    const number = inner.kind === 'leaf' ? inner.forms.find(({ form }) => form === 'number') : undefined
    if (number?.form === 'number') table[key] = pick(number)
  }
  // What has no switch has no key for it.
  for (const [key, value] of Object.entries(table)) {
    const inner = shape.keys.get(key)
    if (inner?.kind === 'table' && !inner.keys.has('enabled')) delete (value as Record<string, unknown>)['enabled']
  }
  return table
}

function optionsOf(kind: string, type: string): TableShape {
  const step = (shape: Shape | undefined, key: string): Shape | undefined => {
    const table = shape?.kind === 'list' ? shape.item : shape
    return table?.kind === 'table' ? table.keys.get(key) : undefined
  }
  const list = step(step(configShape, 'pipelines'), kind)
  if (list?.kind !== 'list') throw new Error(`${kind} is no list`)
  const options = tableOf(list.item, type).keys.get('options')
  if (options?.kind !== 'table') throw new Error('options is no table')
  return options
}

/** Of a source that is either a client or a server, the keys of one of them. */
const ofClient = [
  'max_frame_bytes',
  'max_remembered_ids',
  'connect_timeout_seconds',
  'idle_timeout_seconds',
  'retry_delay_ms',
  'max_retry_delay_seconds',
  'max_retry_after_seconds',
  'max_retries',
]
const ofServer = [
  'max_frame_bytes',
  'max_waiting_bytes',
  'max_remembered_ids',
  'ping_interval_seconds',
  'max_connections',
  'net_limit',
]

const bounds: Readonly<Record<string, Pick>> = {
  least: ({ min }) => min ?? 0,
  greatest: ({ max }) => max ?? 1_000_000,
}

describe.each(Object.keys(needed))('%s', (stage) => {
  it.each(Object.keys(bounds))('is made with every number at its %s', async (bound) => {
    const [kind = '', type = '', variant] = stage.split(' ')
    const known = new Set(variant === 'url' ? ofClient : variant === 'port' ? ofServer : [])
    const directory = await temporaryDirectory()
    const numbers = filled(optionsOf(kind, type), bounds[bound] as Pick, known)
    const { dead_letter: deadLetter } = numbers
    if (deadLetter !== undefined) numbers['dead_letter'] = { ...(deadLetter as object), directory }
    const written = { type, options: { ...numbers, ...needed[stage]?.(directory) } }
    const built = kind === 'sources' ? await sourceOf(written) : await sinkOf(written)
    expect(built.stream.destroyed).toBe(false)
    const closed = new Promise((resolve) => built.stream.on('error', () => {}).once('close', resolve))
    built.stream.destroy()
    await closed
    built.release()
  })
})
