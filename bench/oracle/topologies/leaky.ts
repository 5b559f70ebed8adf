/** A chain that breaks its word: an entry is safe for it once its own system has taken it for sending. The judge has to see. */

import { join } from 'node:path'
import { FileArrivals } from '../file-arrivals.ts'
import { daemonWords } from '../programs.ts'
import type { TopologyKind } from '../topology.ts'

export const leaky: TopologyKind = {
  name: 'leaky',
  way: 'file → edge → tcp_client without acknowledgement → collector → file',
  // What a network swallows is lost here for certain.
  targets: { swallow: ['edge to collector'] },
  // What is lost never comes, and a line that comes later shows that everything else has.
  stillMs: 5000,
  async build(topology) {
    const input = topology.folder('in')
    const output = topology.folder('collected')
    const collector = await topology.port()
    const link = await topology.link('edge to collector', collector)
    const configuration = (name: string, text: string): string[] =>
      daemonWords(
        topology.file(
          `${name}.toml`,
          `state_directory = ${JSON.stringify(topology.folder(`${name}-state`))}\n[[pipelines]]\nname = "${name}"\n${text}`,
        ),
      )
    topology.victim(
      'collector',
      configuration(
        'collector',
        `sources = [{ type = "tcp", options = { port = ${collector} } }]
sinks = [{ type = "file", options = { directory = ${JSON.stringify(output)}, name = "all", format = "wire", min_disk_free_mb = 0 } }]
`,
      ),
    )
    topology.victim(
      'edge',
      configuration(
        'edge',
        `sources = [{ type = "file", options = { path = ${JSON.stringify(join(input, 'app.log'))}, start_at = "beginning" } }]
sinks = [{ type = "tcp_client", options = { address = "127.0.0.1:${link.port}", protocol = "plain", format = "wire", \
reconnect_delay_ms = 100, max_reconnect_delay_seconds = 1 } }]
`,
      ),
    )
    topology.log('log', 'file', join(input, 'app.log'))
    topology.sinks.push(new FileArrivals("collector's files", output, 'all', topology.streams))
  },
}
