/** `pnpm api [database] [port] [dashboard]`: takes log entries into a database, and gives them out again. */

import { logsApi } from '@logwisp/api'
import { openStore } from '@logwisp/store'

const [database = 'logs.db', port = '8000', dashboard = 'http://127.0.0.1:8001'] = process.argv.slice(2)

const store = await openStore(database, { retention: { maxAgeMs: 30 * 86_400_000, maxBytes: 4 * 2 ** 30 } })
// The dashboard's page comes from another origin: browsers let it read here only if it is named.
const allowOrigin = [dashboard, dashboard.replace('127.0.0.1', 'localhost')]
const api = logsApi(store, { port: Number(port), allowOrigin })

api.on('listening', (address) => console.log(`http://127.0.0.1:${address.port}/logs takes and gives entries`))
store.on('warning', ({ message }) => console.error(message))
store.on('failed', fail)
api.on('error', fail)

function fail({ message }: Error): void {
  console.error(message)
  process.exit(1)
}

async function stop(): Promise<void> {
  await api.close()
  await store.close()
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
