/** The API over a store: takes what is POSTed until it is told that all was answered, which is when it is stored. */

import { once } from 'node:events'
import { logsApi } from '@logwisp/api'
import { openStore } from '@logwisp/store'
import { listen, measured, task, tell } from '../harness/measured.ts'
import { databaseBytes } from '../store/database-bytes.ts'

interface Task {
  readonly path: string
  readonly entries: number
}

const { path, entries } = task<Task>()
const store = await openStore(path)
const api = logsApi(store, { port: 0 })
await once(api, 'listening')
const words = listen()
tell({ port: api.address?.port })
await words.next()
await measured(async () => {
  const startedMs = performance.now()
  await words.next()
  const ms = performance.now() - startedMs
  await store.indexed()
  const indexedMs = performance.now() - startedMs
  const { entries: stored } = await store.stats()
  await api.close()
  await store.close()
  if (stored !== entries) throw new Error(`${entries} were sent, ${stored} are stored`)
  return { ms, indexedMs, bytes: databaseBytes(path) }
})
