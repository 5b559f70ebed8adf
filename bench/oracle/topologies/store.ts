/** The example log-ingestion: a collector follows a log and posts it to an API with a database; others post there as well. */

import { join } from 'node:path'
import { ingestionWords } from '../programs.ts'
import { StoreArrivals } from '../store-arrivals.ts'
import type { TopologyKind } from '../topology.ts'

const processes = ['collector', 'api']
const links = ['collector to api', 'http to api']

export const store: TopologyKind = {
  name: 'store',
  way: 'file → collector → http → API → store; HTTP → API',
  targets: {
    kill: processes,
    freeze: processes,
    stop: processes,
    clock: processes,
    full: ['database'],
    revoke: ['log', 'in'],
    cut: links,
    delay: links,
    silence: links,
    swallow: links,
    rotate: ['log'],
    'copy-truncate': ['log'],
  },
  async build(topology) {
    const input = topology.folder('in')
    const log = join(input, 'app.log')
    const database = join(topology.disk('database'), 'logs.db')
    const api = await topology.port()
    const collected = await topology.link('collector to api', api)
    const posted = await topology.link('http to api', api)
    topology.victim('api', ingestionWords('api', database, String(api)))
    topology.victim('collector', ingestionWords('collector', log, `http://127.0.0.1:${collected.port}/logs`))
    topology.log('log', 'file', log)
    topology.http(() => `http://127.0.0.1:${posted.port}/logs`)
    topology.place('in', input)
    topology.sinks.push(new StoreArrivals('the store', database, topology.streams))
  },
}
