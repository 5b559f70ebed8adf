/** How fast entries come into a database: ours, and one of better-sqlite3 as one writes it by hand. */

import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { encodeEntry } from '@logwisp/core'
import type { Measurement } from '../harness/measured.ts'
import { MeasuredProcess } from '../harness/measured-process.ts'
import { median } from '../harness/statistics.ts'
import { storeEntries } from './store-entries.ts'
import type { IngestRow } from './store-result.ts'

/** What a run tells. */
interface Ingested extends Measurement {
  readonly indexedMs?: number
  readonly bytes?: number
}

interface Way {
  readonly name: string
  readonly role: IngestRow['role']
  readonly script: string
  readonly task: object
}

/** A million entries take a minute on the slowest machine that this was tried on. */
const timeoutMs = (entries: number): number => 120_000 + entries * 0.06

const bare = 'bare better-sqlite3'
/** The one whose database is kept for the questions. */
const kept = 'sqliteSink'

const posted = 'pipelines/http-to-store'
const rows = { script: 'peers/sqlite-rows' }
const store = { script: 'pipelines/entries-to-store', role: 'logwisp' } as const

const ways: readonly Way[] = [
  { ...rows, name: 'making the entries, alone', role: 'limit', task: { keeps: 'nothing' } },
  { ...rows, name: bare, role: 'limit', task: { keeps: 'rows', synchronous: 'normal' } },
  { ...rows, name: `${bare}, fsync`, role: 'limit', task: { keeps: 'rows', synchronous: 'full' } },
  { ...rows, name: `${bare}, FTS5`, role: 'peer', task: { keeps: 'words', synchronous: 'normal' } },
  { ...store, name: `${kept}, no words`, task: { way: 'pipeline', options: { fullText: false } } },
  {
    ...store,
    name: `${kept}, no words, no fsync`,
    task: { way: 'pipeline', options: { fullText: false, safeAfter: 'commit' } },
  },
  { ...store, name: 'store.append', task: { way: 'append', options: {} } },
  { ...store, name: kept, task: { way: 'pipeline', options: {} } },
  { name: 'POST /logs', role: 'logwisp', script: posted, task: {} },
]

/** Where and how much. */
export interface IngestSizes {
  readonly directory: string
  readonly entries: number
  readonly rounds: number
  /** False: only the database is made. */
  readonly isWhole: boolean
}

/** Runs every way once a round, in one order and then in the other. Leaves the sink's last database at the path that is given back. */
export async function measureIngest(
  { directory, entries, rounds, isWhole }: IngestSizes,
  onStep: (what: string) => void,
): Promise<{ rows: readonly IngestRow[]; database: string }> {
  const database = join(directory, 'kept.db')
  const runs = new Map<string, Ingested[]>()
  const problems = new Map<string, string>()
  const input = join(directory, 'entries.ndjson')
  if (isWhole) {
    onStep('writing the entries that are posted')
    await writeEntries(input, entries)
  }
  const all = isWhole ? ways : ways.filter(({ name }) => name === kept)
  for (let round = 0; round < (isWhole ? rounds : 1); round++) {
    for (const way of round % 2 === 0 ? all : all.toReversed()) {
      onStep(`round ${round + 1} of ${rounds}: ${way.name}`)
      const path = join(directory, 'ingest.db')
      try {
        const ran = await (way.script === posted ? post(path, entries, input) : run(way, path, entries))
        runs.set(way.name, [...(runs.get(way.name) ?? []), ran])
        if (way.name === kept) await rename(path, database)
      } catch (error) {
        problems.set(way.name, (error as Error).message)
      }
      await Promise.all(['', '-wal', '-shm'].map((end) => rm(path + end, { force: true })))
    }
  }
  await rm(input, { force: true })
  return { database, rows: all.map((way) => rowOf(way, entries, runs, problems.get(way.name))) }
}

async function writeEntries(path: string, entries: number): Promise<void> {
  const entryOf = storeEntries(entries)
  function* texts(): Generator<string> {
    for (let from = 0; from < entries; from += 1000) {
      let text = ''
      for (let number = from; number < Math.min(from + 1000, entries); number++)
        text += `${encodeEntry(entryOf(number))}\n`
      yield text
    }
  }
  await pipeline(Readable.from(texts()), createWriteStream(path))
}

async function run({ script, task }: Way, path: string, entries: number): Promise<Ingested> {
  const child = new MeasuredProcess(script, { ...task, path, entries }, timeoutMs(entries))
  try {
    return await child.result<Ingested>()
  } finally {
    await child.end()
  }
}

async function post(path: string, entries: number, input: string): Promise<Ingested> {
  const server = new MeasuredProcess(posted, { path, entries }, timeoutMs(entries))
  const children = [server]
  try {
    const { port } = await server.next<{ port: number }>()
    const task = { port, path: '/logs', input, clients: 4, chunkBytes: 1 << 18 }
    const clients = new MeasuredProcess('actors/post-chunks', task, timeoutMs(entries))
    children.push(clients)
    await clients.next()
    server.say('begin')
    clients.say('begin')
    await clients.next()
    server.say('sent')
    return await server.result<Ingested>()
  } finally {
    await Promise.all(children.map((child) => child.end()))
  }
}

function rowOf(
  { name, role }: Pick<Way, 'name' | 'role'>,
  entries: number,
  all: ReadonlyMap<string, readonly Ingested[]>,
  problem: string | undefined,
): IngestRow {
  const runs = all.get(name)
  if (problem !== undefined || runs === undefined) return { name, role, problem: problem ?? 'did not run' }
  const ofRuns = (value: (run: Ingested) => number | undefined): number | undefined => {
    const found = runs.map(value).filter((one) => one !== undefined)
    return found.length === 0 ? undefined : median(found)
  }
  const limits = all.get(bare) ?? []
  return {
    name,
    role,
    entriesPerSecond: ofRuns(({ ms }) => (entries / ms) * 1000),
    cpuUsPerEntry: ofRuns(({ cpuMs }) => (cpuMs / entries) * 1000),
    peakRssBytes: ofRuns(({ peakRssBytes }) => peakRssBytes),
    bytesPerEntry: ofRuns(({ bytes }) => bytes && bytes / entries),
    indexedPerSecond: ofRuns(({ indexedMs }) => indexedMs && (entries / indexedMs) * 1000),
    ofBare: median(runs.map(({ ms }, round) => (limits[round]?.ms ?? Number.NaN) / ms)),
  }
}
