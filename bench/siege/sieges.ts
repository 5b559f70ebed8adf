/** All sieges, by name. */

import { runSendingSiege, type SendingSiege } from './sending-siege.ts'
import { runServingSiege, runViewersStartAndStop, type ServingSiege } from './serving-siege.ts'
import type { SiegeResult, SiegeSizes } from './siege-result.ts'

/** One of them. */
export interface Siege {
  readonly name: string
  /** Never rejects: what went wrong is the result's problem. */
  run(sizes: SiegeSizes): Promise<SiegeResult>
}

const serving: readonly ServingSiege[] = [
  {
    name: 'slow heads of requests',
    title: 'httpSource; connections that send a header one byte a second, and come back when they are cut off.',
    stage: 'httpSource',
    way: 'loris-http-head',
  },
  {
    name: 'slow bodies of requests',
    title: 'httpSource; connections that send a body one byte a second, and come back when they are cut off.',
    stage: 'httpSource',
    way: 'loris-http-body',
  },
  {
    name: 'slow senders of lines',
    title: 'tcpSource; connections that send a line that never ends, one byte a second.',
    stage: 'tcpSource',
    way: 'loris-line',
  },
  {
    name: 'stuck viewers of events',
    title: 'sseSink; viewers that read nothing, and come back when they are cut off.',
    stage: 'sseSink',
    way: 'stuck-sse',
  },
  {
    name: 'stuck viewers of WebSockets',
    title: 'webSocketSink; viewers that read nothing, and come back when they are cut off.',
    stage: 'webSocketSink',
    way: 'stuck-web-socket',
  },
  {
    name: 'stuck viewers of lines',
    title: 'tcpSink; viewers that read nothing, and come back when they are cut off.',
    stage: 'tcpSink',
    way: 'stuck-line',
  },
]

const sending: readonly SendingSiege[] = [
  {
    name: 'an HTTP endpoint that hangs',
    title: 'httpClientSink; requests are taken and never answered, until it heals. Beside it one with a good endpoint.',
    protocol: 'http',
    mood: 'hung',
  },
  {
    name: 'an HTTP endpoint that answers slowly',
    title: 'httpClientSink; says 200 at once and then one byte a second. Beside it one with a good endpoint.',
    protocol: 'http',
    mood: 'slow',
  },
  {
    name: 'an HTTP endpoint that resets',
    title: 'httpClientSink; every connection is reset. Beside it one with a good endpoint.',
    protocol: 'http',
    mood: 'reset',
  },
  {
    name: 'a TCP endpoint that hangs',
    title: 'tcpClientSink; lines are taken and never acknowledged, until it heals. Beside it one with a good endpoint.',
    protocol: 'tcp',
    mood: 'hung',
  },
  {
    name: 'a TCP endpoint that resets',
    title: 'tcpClientSink; every connection is reset. Beside it one with a good endpoint.',
    protocol: 'tcp',
    mood: 'reset',
  },
]

export const sieges: readonly Siege[] = [
  ...serving.map((siege) => named(siege.name, siege.title, (sizes) => runServingSiege(siege, sizes))),
  ...sending.map((siege) => named(siege.name, siege.title, (sizes) => runSendingSiege(siege, sizes))),
  ...(['sseSink', 'webSocketSink'] as const).map((stage) =>
    named(`start and stop, ${stage}`, '', (sizes) => runViewersStartAndStop(stage, sizes)),
  ),
]

function named(name: string, title: string, run: Siege['run']): Siege {
  return {
    name,
    async run(sizes) {
      try {
        return await run(sizes)
      } catch (error) {
        const problem = (error as Error).message
        const { connections } = sizes
        return {
          name,
          title,
          connections,
          made: 0,
          closed: 0,
          times: { startMs: 0, stopMs: 0 },
          phases: [],
          memory: [],
          problem,
        }
      }
    },
  }
}
