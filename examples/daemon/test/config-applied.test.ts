/**
 * W25: what a configuration may say is applied. Each key of the schema is looked for in the code that makes the stage or
 * the service of it; the few that are accepted for the ancestor's sake and do nothing are in a list, and say so when given.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configShape } from '../src/config/config-shape.ts'
import { type Shape, type TableShape, tableOf } from '../src/config/shape.ts'
import { readConfig } from './config-text.ts'

const src = join(import.meta.dirname, '../src')

function code(...places: string[]): string {
  return places
    .flatMap((place) =>
      place.endsWith('.ts')
        ? [place]
        : readdirSync(join(src, place), { recursive: true, encoding: 'utf8' })
            .filter((file) => file.endsWith('.ts'))
            .map((file) => join(place, file)),
    )
    .map((file) =>
      readFileSync(join(src, file), 'utf8')
        .replace(/^import .*$/gm, '')
        .replace(/\/\*\*[\s\S]*?\*\//g, ''),
    )
    .join('\n')
}

/** What stages of all types are made with. */
const common = readdirSync(join(src, 'build'))
  .filter((file) => file.endsWith('.ts') || file === 'formats')
  .map((file) => join('build', file))
const whole = ['pipeline', 'service', 'commands', 'http', 'program', 'program.ts']

const stageFiles: Readonly<Record<string, readonly string[]>> = {
  'sources directory': ['build/sources/files.ts'],
  'sources file': ['build/sources/files.ts'],
  'sources stdin': ['build/sources/stdin.ts'],
  'sources http': ['build/sources/http.ts'],
  'sources tcp': ['build/sources/tcp.ts'],
  'sources sse': ['build/sources/sse.ts', 'build/sources/resuming.ts'],
  'sources websocket': ['build/sources/websocket.ts', 'build/sources/resuming.ts'],
  'sinks http': ['build/sinks/http.ts', 'build/sinks/viewers.ts'],
  'sinks tcp': ['build/sinks/tcp.ts', 'build/sinks/viewers.ts'],
  'sinks websocket': ['build/sinks/websocket.ts', 'build/sinks/viewers.ts'],
  'sinks http_client': ['build/sinks/http-client.ts'],
  'sinks tcp_client': ['build/sinks/tcp-client.ts'],
  'sinks file': ['build/sinks/file.ts'],
  'sinks stdout': ['build/sinks/console.ts'],
  'sinks stderr': ['build/sinks/console.ts'],
}

/** Accepted, without effect: by stage and key, and a value to give. */
const withoutEffect: Readonly<Record<string, unknown>> = {
  'sources directory buffer_size': 1,
  'sources file buffer_size': 1,
  'sources stdin buffer_size': 1,
  'sources http buffer_size': 1,
  'sources tcp buffer_size': 1,
  'sinks http_client retry_backoff': 1.5,
  'sinks http_client insecure_skip_verify': true,
  'sinks tcp_client reconnect_backoff': 2,
}

/** Names of the last steps of all leaves below a place. */
function* leaves(shape: Shape): Generator<string> {
  if (shape.kind === 'leaf') return
  const table = shape.kind === 'list' ? shape.item : shape
  for (const [key, inner] of (table.kind === 'choice' ? table.any : table).keys) {
    if (inner.kind === 'leaf') yield key
    else yield* leaves(inner)
  }
}

function at(shape: Shape | undefined, key: string): Shape {
  const table = shape?.kind === 'list' ? shape.item : shape
  const found = table?.kind === 'table' ? table.keys.get(key) : undefined
  if (found === undefined) throw new Error(`there is no ${key}`)
  return found
}

function optionsShape(kind: 'sources' | 'sinks', type: string): TableShape {
  const list = at(at(configShape, 'pipelines'), kind)
  if (list.kind !== 'list') throw new Error(`${kind} is no list`)
  const options = at(tableOf(list.item, type), 'options')
  if (options.kind !== 'table') throw new Error('options is no table')
  return options
}

function unused(keys: Iterable<string>, text: string): string[] {
  return [...new Set(keys)].filter((key) => !new RegExp(`\\b${key}\\b`).test(text))
}

describe('W25: what is accepted is applied', () => {
  it.each(Object.keys(stageFiles))('every option of %s is used where it is made', (stage) => {
    const [kind, type] = stage.split(' ') as ['sources' | 'sinks', string]
    const text = code(...(stageFiles[stage] ?? []), ...common, 'pipeline')
    const idle = unused(leaves(optionsShape(kind, type)), text)
    const known = Object.keys(withoutEffect).filter((each) => each.startsWith(`${stage} `))
    expect(idle.filter((key) => !known.includes(`${stage} ${key}`))).toEqual([])
  })

  it('every key of a pipeline beside its stages is used', () => {
    const pipeline = at(configShape, 'pipelines')
    const item = pipeline.kind === 'list' && pipeline.item.kind === 'table' ? pipeline.item : undefined
    const keys = [...(item?.keys ?? [])].filter(([key]) => key !== 'sources' && key !== 'sinks')
    const names = keys.flatMap(([key, shape]) => (shape.kind === 'leaf' ? [key] : [...leaves(shape)]))
    expect(unused(names, code(...common, ...whole))).toEqual([])
  })

  it('every key of the top level is used', () => {
    const keys = [...configShape.keys].filter(([key]) => key !== 'pipelines')
    const names = keys.flatMap(([key, shape]) => (shape.kind === 'leaf' ? [key] : [...leaves(shape)]))
    expect(unused(names, code(...common, ...whole))).toEqual([])
  })

  it.each(Object.entries(withoutEffect))('%s has no effect, and says so', (place, value) => {
    const [kind = '', type = '', key = ''] = place.split(' ')
    const needed: Readonly<Record<string, object>> = {
      directory: { path: 'd' },
      file: { path: 'f' },
      http: { port: 1, host: '127.0.0.1' },
      tcp: { port: 1, host: '127.0.0.1' },
      http_client: { url: 'http://a', max_retries: 1 },
      tcp_client: { address: 'a:1' },
    }
    const pipeline = { name: 'a', sources: [{ type: 'stdin' }], sinks: [{ type: 'stdout' }] }
    const given = { ...pipeline, [kind]: [{ type, options: { ...needed[type], [key]: value } }] }
    const { problems, notices } = readConfig(JSON.stringify({ pipelines: [given] }), 'x.json')
    expect(problems).toEqual([])
    expect(notices).toEqual([
      expect.objectContaining({
        path: `pipelines.0.${kind}.0.options.${key}`,
        message: expect.stringContaining('without effect'),
      }),
    ])
  })
})
