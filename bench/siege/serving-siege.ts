/** A stage that serves, besieged by a crowd, with a well-behaved client beside it: before, during and after. */

import { MeasuredProcess } from '../harness/measured-process.ts'
import type { BesiegedTask, BesiegersTask, BystanderReport, BystanderTask } from './besieged.ts'
import { MemoryWatch } from './memory-watch.ts'
import type { PhaseResult, SiegeResult, SiegeSizes } from './siege-result.ts'

/** One of them. */
export interface ServingSiege {
  readonly name: string
  readonly title: string
  readonly stage: BesiegedTask['stage']
  readonly way: BesiegersTask['way']
}

const bystanderEveryMs = 10
const byteEveryMs = 1000
/** 200 kB/s for each viewer: a viewer that does not read is stuck within seconds. */
const entries = { entryBytes: 4000, entryEveryMs: 20 } as const

/** Besieges it. */
export async function runServingSiege(siege: ServingSiege, sizes: SiegeSizes): Promise<SiegeResult> {
  const { stage, way, name, title } = siege
  const timeoutMs = sizes.quietMs * 2 + sizes.siegeMs + 240_000
  const besieged: BesiegedTask = { stage, maxConnections: sizes.connections + 100, ...entries }
  const server = new MeasuredProcess('pipelines/besieged-stage', besieged, timeoutMs)
  const children = [server]
  const memory = new MemoryWatch(server.pid)
  try {
    const { port, startMs } = await server.next<{ port: number; startMs: number }>()
    const beside: BystanderTask = { port, stage, everyMs: bystanderEveryMs }
    const bystander = new MeasuredProcess('actors/bystander', beside, timeoutMs)
    children.push(bystander)
    const phases: PhaseResult[] = []
    const phase = async (what: PhaseResult['name'], ms: number): Promise<void> => {
      const fromMs = memory.elapsedMs
      await new Promise((resolve) => setTimeout(resolve, ms))
      bystander.say('report')
      const served = await bystander.next<BystanderReport>()
      phases.push({ name: what, fromMs, toMs: memory.elapsedMs, served })
    }
    await phase('before', sizes.quietMs)
    const crowd: BesiegersTask = { port, connections: sizes.connections, way, byteEveryMs }
    const besiegers = new MeasuredProcess('actors/besiegers', crowd, timeoutMs)
    children.push(besiegers)
    const { connectedMs } = await besiegers.next<{ connectedMs: number }>()
    await phase('during', sizes.siegeMs)
    besiegers.say('over')
    const { made, closed } = await besiegers.next<{ made: number; closed: number }>()
    await phase('after', sizes.quietMs)
    server.say('stop')
    const { stopMs } = await server.next<{ stopMs: number }>()
    const times = { startMs, connectedMs, stopMs }
    return { name, title, connections: sizes.connections, made, closed, times, phases, memory: memory.stop() }
  } finally {
    memory.stop()
    await Promise.all(children.map((child) => child.end()))
  }
}

/** How long a stage takes to listen, to take so many viewers that read, and to end while all of them look. */
export async function runViewersStartAndStop(
  stage: 'sseSink' | 'webSocketSink',
  sizes: SiegeSizes,
): Promise<SiegeResult> {
  const timeoutMs = 240_000
  const besieged: BesiegedTask = { stage, maxConnections: sizes.connections + 100, entryBytes: 100, entryEveryMs: 100 }
  const server = new MeasuredProcess('pipelines/besieged-stage', besieged, timeoutMs)
  const children = [server]
  const memory = new MemoryWatch(server.pid)
  try {
    const { port, startMs } = await server.next<{ port: number; startMs: number }>()
    const way = stage === 'sseSink' ? 'open-sse' : 'open-web-socket'
    const crowd: BesiegersTask = { port, connections: sizes.connections, way, byteEveryMs }
    const viewers = new MeasuredProcess('actors/besiegers', crowd, timeoutMs)
    children.push(viewers)
    const { connectedMs } = await viewers.next<{ connectedMs: number }>()
    await new Promise((resolve) => setTimeout(resolve, 1000))
    viewers.say('count')
    const { open } = await viewers.next<{ open: number }>()
    server.say('stop')
    const { stopMs } = await server.next<{ stopMs: number }>()
    return {
      name: `start and stop, ${stage}`,
      title: `${open} viewers that read: from nothing to listening, until all are connected, and to the end while they look.`,
      connections: sizes.connections,
      made: sizes.connections,
      closed: sizes.connections - open,
      times: { startMs, connectedMs, stopMs },
      phases: [],
      memory: memory.stop(),
    }
  } finally {
    memory.stop()
    await Promise.all(children.map((child) => child.end()))
  }
}
