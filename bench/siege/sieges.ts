/** All sieges, by name. */

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
    name: 'slow senders of lines',
    title: 'tcpSource; connections that send one byte a second of a line that never ends.',
    stage: 'tcpSource',
    way: 'loris-line',
  },
  {
    name: 'stuck viewers of events',
    title: 'sseSink; viewers that read nothing, and come back when they are cut off.',
    stage: 'sseSink',
    way: 'stuck-sse',
  },
]

export const sieges: readonly Siege[] = [
  ...serving.map((siege) => named(siege.name, siege.title, (sizes) => runServingSiege(siege, sizes))),
  ...(['sseSink'] as const).map((stage) =>
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
