/** The example log-ingestion: a collector follows a log and posts it to an API with a database; others post there as well. */

import { join } from 'node:path'
import { ingestionWords } from '../programs.ts'
import { StoreArrivals } from '../store-arrivals.ts'
import type { TopologyKind } from '../topology.ts'
import { usualTargets } from './usual-targets.ts'

export const store: TopologyKind = {
  name: 'store',
  way: 'file → collector → http → API → store; HTTP → API',
  targets: usualTargets({
    processes: ['collector', 'api'],
    links: ['collector to api', 'http to api'],
    disks: ['database'],
    places: ['log', 'in'],
  }),
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
