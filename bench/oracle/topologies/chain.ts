/** Three daemons, one behind the other, as operators configure them: each word of delivery goes all the way back. */

import { join } from 'node:path'
import { FileArrivals } from '../file-arrivals.ts'
import { daemonWords } from '../programs.ts'
import type { TopologyKind } from '../topology.ts'
import { usualTargets } from './usual-targets.ts'

export const chain: TopologyKind = {
  name: 'chain',
  way: 'files, HTTP, TCP → edge → tcp_client → relay → http_client → collector → file',
  targets: usualTargets({
    processes: ['edge', 'relay', 'collector'],
    links: ['http to edge', 'tcp to edge', 'edge to relay', 'relay to collector'],
    disks: ['edge-state', 'collected'],
    places: ['log', 'edge-state', 'collected'],
    cutLogs: ['cut log'],
  }),
  async build(topology) {
    const input = topology.folder('in')
    const state = topology.disk('edge-state')
    const output = topology.disk('collected')
    const [edgeHttp, edgeTcp, relay, collector] = [
      await topology.port(),
      await topology.port(),
      await topology.port(),
      await topology.port(),
    ]
    const toRelay = await topology.link('edge to relay', relay)
    const toCollector = await topology.link('relay to collector', collector)
    const http = await topology.link('http to edge', edgeHttp)
    const tcp = await topology.link('tcp to edge', edgeTcp)
    const configuration = (name: string, text: string): string[] => daemonWords(topology.file(`${name}.toml`, text))

    topology.victim(
      'collector',
      configuration('collector', collectorText(topology.folder('collector-state'), collector, output)),
    )
    topology.victim(
      'relay',
      configuration(
        'relay',
        `state_directory = ${JSON.stringify(topology.folder('relay-state'))}
[[pipelines]]
name = "relay"
sources = [{ type = "tcp", options = { port = ${relay} } }]
sinks = [{ type = "http_client", options = { url = "http://127.0.0.1:${toCollector.port}/ingest", respond = "delivered", \
batch_size = 500, batch_delay_ms = 50, timeout_seconds = 5, retry_delay_ms = 100, max_retry_delay_seconds = 1 } }]
`,
      ),
    )
    topology.victim(
      'edge',
      configuration(
        'edge',
        `state_directory = ${JSON.stringify(state)}
[[pipelines]]
name = "edge"
sources = [
  { type = "directory", options = { path = ${JSON.stringify(input)}, pattern = "*.log", start_at = "beginning" } },
  { type = "http", options = { port = ${edgeHttp}, deliver_timeout_seconds = 10 } },
  { type = "tcp", options = { port = ${edgeTcp}, line_format = "auto" } },
]
sinks = [{ type = "tcp_client", options = { address = "127.0.0.1:${toRelay.port}", protocol = "logwisp", \
acknowledge_timeout_seconds = 3, reconnect_delay_ms = 100, max_reconnect_delay_seconds = 1 } }]
`,
      ),
    )
    topology.log('log', 'file', join(input, 'app.log'))
    topology.log('cut log', 'file that is cut', join(input, 'cut.log'))
    topology.http(() => `http://127.0.0.1:${http.port}/ingest`)
    topology.tcp(tcp)
    topology.place('edge-state', state)
    topology.place('collected', output)
    topology.sinks.push(new FileArrivals("collector's files", output, 'all', topology.streams))
  },
}

/** A daemon that takes entries by HTTP, and says so once they are in its files. */
export function collectorText(state: string, port: number, output: string): string {
  return `state_directory = ${JSON.stringify(state)}
[[pipelines]]
name = "collector"
sources = [{ type = "http", options = { port = ${port} } }]
sinks = [{ type = "file", options = { directory = ${JSON.stringify(output)}, name = "all", format = "wire", \
max_size_mb = 2, min_disk_free_mb = 0 } }]
`
}
