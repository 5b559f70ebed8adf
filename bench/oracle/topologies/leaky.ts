/** A chain that breaks its word: says that entries are delivered when it has only taken them. The judge has to see that. */

import { join } from 'node:path'
import { FileArrivals } from '../file-arrivals.ts'
import { daemonWords } from '../programs.ts'
import type { TopologyKind } from '../topology.ts'
import { collectorText } from './chain.ts'

export const leaky: TopologyKind = {
  name: 'leaky',
  way: 'file → edge → http_client that is content with being taken → collector → file',
  targets: { kill: ['collector'], freeze: ['collector'] },
  async build(topology) {
    const input = topology.folder('in')
    const output = topology.folder('collected')
    const collector = await topology.port()
    topology.victim(
      'collector',
      daemonWords(
        topology.file('collector.toml', collectorText(topology.folder('collector-state'), collector, output)),
      ),
    )
    const text = `state_directory = ${JSON.stringify(topology.folder('edge-state'))}
[[pipelines]]
name = "edge"
sources = [{ type = "file", options = { path = ${JSON.stringify(join(input, 'app.log'))}, start_at = "beginning" } }]
sinks = [{ type = "http_client", options = { url = "http://127.0.0.1:${collector}/ingest", respond = "accepted", \
format = "wire", batch_delay_ms = 10, retry_delay_ms = 100, max_retry_delay_seconds = 1 } }]
`
    topology.victim('edge', daemonWords(topology.file('edge.toml', text)))
    topology.log('log', 'file', join(input, 'app.log'))
    topology.sinks.push(new FileArrivals("collector's files", output, 'all', topology.streams))
  },
}
