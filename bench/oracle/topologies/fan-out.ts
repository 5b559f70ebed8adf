/**
 * A program of the library: files, HTTP and TCP into a file, an endpoint behind a buffer on disk, and a live stream. The
 * word of delivery comes from the file and from the buffer, whichever is later.
 */

import { join } from 'node:path'
import type { FanOutTask } from '../../actors/fan-out-with-buffer.ts'
import { FileArrivals } from '../file-arrivals.ts'
import { actorWords, daemonWords } from '../programs.ts'
import type { TopologyKind } from '../topology.ts'
import { ViewerArrivals } from '../viewer-arrivals.ts'
import { collectorText } from './chain.ts'
import { usualTargets } from './usual-targets.ts'

export const fanOut: TopologyKind = {
  name: 'fan-out',
  way: 'files, HTTP, TCP → app → file, disk buffer → http → endpoint → file, live viewer',
  targets: usualTargets({
    processes: ['app', 'endpoint'],
    links: ['http to app', 'tcp to app', 'app to endpoint', 'viewer to app'],
    disks: ['written', 'buffer'],
    places: ['log', 'written', 'buffer'],
    cutLogs: ['cut log'],
  }),
  async build(topology) {
    const input = topology.folder('in')
    const written = topology.disk('written')
    topology.disk('buffer')
    const queue = topology.folder('buffer/queue')
    const output = topology.folder('received')
    const [http, tcp, live, endpoint] = [
      await topology.port(),
      await topology.port(),
      await topology.port(),
      await topology.port(),
    ]
    const toEndpoint = await topology.link('app to endpoint', endpoint)
    const toHttp = await topology.link('http to app', http)
    const toTcp = await topology.link('tcp to app', tcp)
    const toViewer = await topology.link('viewer to app', live)
    const text = collectorText(topology.folder('endpoint-state'), endpoint, output)
    topology.victim('endpoint', daemonWords(topology.file('endpoint.toml', text)))
    const task: FanOutTask = {
      input,
      checkpoint: join(topology.folder('state'), 'checkpoint.json'),
      httpPort: http,
      tcpPort: tcp,
      livePort: live,
      written,
      buffer: queue,
      endpoint: `http://127.0.0.1:${toEndpoint.port}/ingest`,
    }
    topology.victim('app', actorWords('fan-out-with-buffer', JSON.stringify(task)))
    topology.log('log', 'file', join(input, 'app.log'))
    topology.log('cut log', 'file that is cut', join(input, 'cut.log'))
    topology.http(() => `http://127.0.0.1:${toHttp.port}/ingest`)
    topology.tcp(toTcp)
    topology.place('written', written)
    topology.place('buffer', queue)
    topology.sinks.push(
      new FileArrivals("the app's own files", written, 'app', topology.streams),
      new FileArrivals("the endpoint's files", output, 'all', topology.streams),
      new ViewerArrivals('a live viewer', `http://127.0.0.1:${toViewer.port}/stream`, topology.streams),
    )
  },
}
