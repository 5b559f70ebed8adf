/**
 * A daemon whose two sinks have buffers on the disk: one sends to an endpoint that refuses some entries for good, which are
 * kept and replayed in the end; the other to a second daemon. The word of delivery comes from the buffers.
 */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { GateTask } from '../../actors/choosy-gate.ts'
import { FileArrivals } from '../file-arrivals.ts'
import { actorWords, commandWords, daemonWords } from '../programs.ts'
import type { Topology, TopologyKind } from '../topology.ts'
import { usualTargets } from './usual-targets.ts'

/** A replay that is killed after so long has begun, and is not over. */
const killReplayAfterMs = 700

export const buffers: TopologyKind = {
  name: 'buffers',
  way: 'files, HTTP, TCP → sender → disk buffer → http_client → gate, dead letters → receiver; spill buffer → tcp_client → receiver → files',
  targets: usualTargets({
    processes: ['sender', 'gate', 'receiver'],
    links: ['http to sender', 'tcp to sender', 'sender to gate', 'sender to receiver'],
    disks: ['buffers', 'rejected', 'received'],
    places: ['log', 'disk queue', 'spill queue', 'rejected', 'received'],
    cutLogs: ['cut log'],
  }),
  async build(topology) {
    const input = topology.folder('in')
    topology.disk('buffers')
    const [diskQueue, spillQueue] = [topology.folder('buffers/disk'), topology.folder('buffers/spill')]
    const rejected = topology.disk('rejected')
    const received = topology.disk('received')
    const [http, tcp, gate, receiverHttp, receiverTcp] = [
      await topology.port(),
      await topology.port(),
      await topology.port(),
      await topology.port(),
      await topology.port(),
    ]
    const toHttp = await topology.link('http to sender', http)
    const toTcp = await topology.link('tcp to sender', tcp)
    const toGate = await topology.link('sender to gate', gate)
    const toReceiver = await topology.link('sender to receiver', receiverTcp)
    const receiver = receiverText(topology.folder('receiver-state'), { http: receiverHttp, tcp: receiverTcp, received })
    topology.victim('receiver', daemonWords(topology.file('receiver.toml', receiver)))
    const rules = topology.file('rules', 'those that are there\n')
    const task: GateTask = { port: gate, to: receiverHttp, rules }
    topology.victim('gate', actorWords('choosy-gate', JSON.stringify(task)))
    const sender = topology.file(
      'sender.toml',
      `state_directory = ${JSON.stringify(topology.folder('sender-state'))}
memory_budget_mb = 4
[[pipelines]]
name = "sender"
sources = [
  { type = "directory", options = { path = ${JSON.stringify(input)}, pattern = "*.log", start_at = "beginning" } },
  { type = "http", options = { port = ${http}, deliver_timeout_seconds = 10 } },
  { type = "tcp", options = { port = ${tcp}, line_format = "auto" } },
]
[[pipelines.sinks]]
type = "http_client"
options = { url = "http://127.0.0.1:${toGate.port}/ingest", respond = "delivered", batch_size = 300, batch_delay_ms = 50, \
timeout_seconds = 5, retry_delay_ms = 100, max_retry_delay_seconds = 1, \
dead_letter = { directory = ${JSON.stringify(rejected)} } }
buffer = { type = "disk", directory = ${JSON.stringify(diskQueue)}, segment_size_mb = 0.2 }
[[pipelines.sinks]]
type = "tcp_client"
options = { address = "127.0.0.1:${toReceiver.port}", protocol = "logwisp", acknowledge_timeout_seconds = 3, \
reconnect_delay_ms = 100, max_reconnect_delay_seconds = 1 }
buffer = { type = "spill", directory = ${JSON.stringify(spillQueue)}, segment_size_mb = 0.2, max_entries = 500 }
`,
    )
    topology.victim('sender', daemonWords(sender))
    topology.log('log', 'file', join(input, 'app.log'))
    topology.log('cut log', 'file that is cut', join(input, 'cut.log'))
    topology.http(() => `http://127.0.0.1:${toHttp.port}/ingest`)
    topology.tcp(toTcp)
    topology.place('disk queue', diskQueue)
    topology.place('spill queue', spillQueue)
    topology.place('rejected', rejected)
    topology.place('received', received)
    topology.sinks.push(
      new FileArrivals("the endpoint's files", received, 'posted', topology.streams, rejected),
      new FileArrivals("the other daemon's files", received, 'sent', topology.streams),
    )
    topology.makeGood = async () => {
      rmSync(rules)
      return await replayed(topology, commandWords(sender, 'replay', 'sender/http_client'))
    }
  },
}

/** Replays what was refused: once so that it is killed on its way, then to its end. Says what went wrong. */
async function replayed(topology: Topology, words: readonly string[]): Promise<string[]> {
  await topology.command(words, killReplayAfterMs)
  const { code, said } = await topology.command(words)
  topology.note('replayed', said)
  return code === 0 && /^0 entries there now$/m.test(said) ? [] : [`the replay ended with ${code}: ${said}`]
}

interface ReceiverPlaces {
  readonly http: number
  readonly tcp: number
  readonly received: string
}

function receiverText(state: string, { http, tcp, received }: ReceiverPlaces): string {
  const pipeline = (name: string, source: string): string => `[[pipelines]]
name = "${name}"
sources = [${source}]
sinks = [{ type = "file", options = { directory = ${JSON.stringify(received)}, name = "${name}", format = "wire", \
max_size_mb = 2, min_disk_free_mb = 0, fsync = "always" } }]
`
  return `state_directory = ${JSON.stringify(state)}
${pipeline('posted', `{ type = "http", options = { port = ${http} } }`)}\
${pipeline('sent', `{ type = "tcp", options = { port = ${tcp} } }`)}`
}
