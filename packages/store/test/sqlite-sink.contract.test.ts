/** The sink into a store keeps the contract of every sink. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkOptionErrors, sinkContract } from '@logwisp/core/testing'
import Database from 'better-sqlite3'
import { afterAll, test } from 'vitest'
import { slotIdSql } from '../src/internal/entry-id.ts'
import { type SqliteSink, sqliteSink } from '../src/sqlite-sink.ts'
import { rows } from './store-fixtures.ts'

const directory = mkdtempSync(join(tmpdir(), 'logwisp-store-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const paths = new WeakMap<SqliteSink, string>()
let databases = 0

function make(): SqliteSink {
  const path = join(directory, `${++databases}.db`)
  const sink = sqliteSink(path, { safeAfter: 'commit' })
  paths.set(sink, path)
  return sink
}

/** In the order in which they were stored. */
function received(sink: SqliteSink): string[] {
  const path = paths.get(sink) as string
  const found: string[] = []
  const database = new Database(path, { readonly: true })
  const message = database.prepare(`SELECT message FROM entries WHERE id = ${slotIdSql}`).pluck()
  for (const { ids } of rows<{ ids: Buffer }>(path, 'SELECT ids FROM commits ORDER BY seq')) {
    for (let at = 0; at < ids.length; at += 12) {
      found.push(message.get(ids.readDoubleLE(at), ids.readUInt32LE(at + 8)) as string)
    }
  }
  database.close()
  return found
}

/** Somebody else has the database, and does not let go. */
function makeStuck(): SqliteSink {
  const sink = make()
  const path = paths.get(sink) as string
  sink.on('ready', () => {
    const other = new Database(path)
    other.exec('BEGIN IMMEDIATE')
    sink.on('close', () => other.close())
  })
  return sink
}

for (const { name, run } of sinkContract(make, { received, makeStuck, maxHeldEntries: 30_000 })) test(name, run)

test('refuses bad options, each by name', () => {
  checkOptionErrors((options) => sqliteSink(join(directory, 'never.db'), options as never), {
    safeAfter: ['sometimes', 1],
    fullText: ['yes', 0],
    retention: [1, 'all'],
  })
})
