/** What the API answers to: each path and method, its parameters, and every status. */

import type { Right } from '@logwisp/core/server'
import { type JsonSchema, schemaNamed } from '../json-schema.ts'
import type { Parameter } from '../parameter.ts'
import { parameters } from '../parameters.ts'

/** One path and method. */
export interface Operation {
  /** Below the path of entries; with `isBase` below what stands before that. `{id}` is a parameter. */
  readonly path: string
  readonly isBase: boolean
  readonly method: 'get' | 'post'
  /** Its name in clients. */
  readonly id: string
  readonly summary: string
  readonly description?: string
  /** What whoever asks must be allowed to do. */
  readonly right: Right | undefined
  readonly parameters: readonly Parameter[]
  /** Media types of the body that it takes. */
  readonly takes?: Readonly<Record<string, JsonSchema>>
  /** What a 200 has, by media type. */
  readonly gives: Readonly<Record<string, JsonSchema>>
  /** What it answers beside 200. */
  readonly problems: readonly number[]
}

const { q, from, to } = parameters

/** What any request can be answered with that is asked about rights. */
const guarded = [401, 403, 429] as const

/** What any request that asks the store can be answered with. */
const asking = [400, ...guarded, 414, 500, 503] as const

const lines: JsonSchema = { type: 'string', description: 'One entry on each line, as in docs/wire-format.md.' }
const json = (name: string): Readonly<Record<string, JsonSchema>> => ({ 'application/json': schemaNamed(name) })

/** The media type of a page of whole entries. */
export const entriesType = 'application/vnd.logwisp.entries+json'

/** All of them. */
export const operations = {
  ingest: {
    path: '',
    isBase: false,
    method: 'post',
    id: 'addEntries',
    summary: 'Store entries',
    description: 'Answered once they are stored. All of them or none.',
    right: 'ingest',
    parameters: [],
    takes: {
      'application/json': { anyOf: [schemaNamed('NewEntry'), { type: 'array', items: schemaNamed('NewEntry') }] },
      'application/x-ndjson': { type: 'string' },
      'text/plain': { type: 'string' },
    },
    gives: json('Inserted'),
    problems: [400, ...guarded, 408, 411, 413, 414, 415, 500, 501, 503, 504],
  },
  page: {
    path: '',
    isBase: false,
    method: 'get',
    id: 'getEntries',
    summary: 'A page of entries, oldest first',
    description:
      'The newest by default. `Link` has the pages before (`prev`) and after (`next`). At most one of `before`, `after`, `around`.',
    right: 'stream',
    parameters: [
      q,
      from,
      to,
      parameters.before,
      parameters.after,
      parameters.around,
      parameters.limit,
      parameters.pageFormat,
    ],
    gives: {
      'application/json': { type: 'array', items: { type: 'string' }, description: 'The texts of the entries.' },
      [entriesType]: schemaNamed('EntryPage'),
      'application/x-ndjson': lines,
    },
    problems: [...asking],
  },
  entry: {
    path: '/entries/{id}',
    isBase: false,
    method: 'get',
    id: 'getEntry',
    summary: 'One entry',
    right: 'stream',
    parameters: [parameters.id],
    gives: json('Entry'),
    problems: [...asking, 404],
  },
  histogram: {
    path: '/histogram',
    isBase: false,
    method: 'get',
    id: 'getHistogram',
    summary: 'How many entries, by time and level',
    right: 'stream',
    parameters: [q, from, to, parameters.buckets],
    gives: json('Histogram'),
    problems: [...asking],
  },
  completions: {
    path: '/completions',
    isBase: false,
    method: 'get',
    id: 'getCompletions',
    summary: 'What could be written next in a query',
    right: 'stream',
    parameters: [parameters.of, parameters.path, parameters.prefix, parameters.completionLimit],
    gives: json('Completions'),
    problems: [...asking],
  },
  stream: {
    path: '/stream',
    isBase: false,
    method: 'get',
    id: 'streamEntries',
    summary: 'Entries as they are stored',
    description:
      'Server-sent events: first `open` (StreamOpen), then one event for each entry (Entry), or `entries` (an array of them) with `batch=1`; `gap` (StreamGap) when some were left out; `end` (StreamEnd).',
    right: 'stream',
    parameters: [q, parameters.afterLive, parameters.batch, parameters.lastEventId],
    gives: { 'text/event-stream': { type: 'string' } },
    problems: [...asking],
  },
  export: {
    path: '/export',
    isBase: false,
    method: 'get',
    id: 'exportEntries',
    summary: 'All entries, as a file, oldest first',
    right: 'stream',
    parameters: [q, from, to, parameters.exportFormat],
    gives: {
      'application/x-ndjson': lines,
      'text/csv': { type: 'string', description: 'Columns id, time, level, source, message, fields.' },
      'text/plain': { type: 'string' },
    },
    problems: [...asking],
  },
  health: {
    path: '/healthz',
    isBase: true,
    method: 'get',
    id: 'getHealth',
    summary: 'Whether the service works',
    right: undefined,
    parameters: [],
    gives: json('Health'),
    problems: [400, 403, 414, 503],
  },
  metrics: {
    path: '/metrics',
    isBase: true,
    method: 'get',
    id: 'getMetrics',
    summary: 'Numbers for Prometheus',
    right: 'status',
    parameters: [],
    gives: { 'text/plain': { type: 'string' } },
    problems: [...asking],
  },
  document: {
    path: '/openapi.json',
    isBase: true,
    method: 'get',
    id: 'getDocument',
    summary: 'This document',
    right: undefined,
    parameters: [],
    gives: { 'application/json': { type: 'object', additionalProperties: true } },
    problems: [400, 403, 414],
  },
} as const satisfies Readonly<Record<string, Operation>>
