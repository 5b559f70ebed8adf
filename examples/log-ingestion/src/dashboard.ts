/** `pnpm dashboard [API] [port]`: serves the page that shows what the API has. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dashboardPage } from '@logwisp/dashboard'

const [api = 'http://127.0.0.1:8000', port = '8001'] = process.argv.slice(2)

const page = dashboardPage({ api })
const server = createServer(page.handler).listen(Number(port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/ shows what ${api} has`)
})

function stop(): void {
  server.close()
  server.closeAllConnections()
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
